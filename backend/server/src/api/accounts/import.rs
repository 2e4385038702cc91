//! `POST /orders/{order_id}/imports`

use actix_web::{
    post,
    web::{Data, Json},
};
use mailferry_domain::account_file::{self, AccountFile, MAX_BYTES, Row, RowSide};
use mailferry_shared::{
    account::{AccountCreate, SideInput},
    endpoint::Endpoint,
    ids::PairId,
    import::{ImportRequest, ImportResult, ImportRow},
    secret::Secret,
};

use super::create::may_change;
use crate::{
    api::{auth::Managing, errors, examples, json::Body, path::OrderPath, problem::ApiError, validate::Check},
    app::App,
};

/// A file of 10 MB in a JSON text: quotes and line breaks take two bytes there.
const IMPORT_BODY_BYTES: usize = 2 * MAX_BYTES + 100_000;

/// Imports a file of accounts, or shows what it would import.
///
/// Bad rows are named by row and column, the good ones are kept.
#[utoipa::path(
    operation_id = "importAccounts",
    tag = "accounts",
    params(OrderPath),
    request_body(content = ImportRequest, example = json!(examples::import_request())),
    responses(
        (status = 200, description = "What was, or would be, imported", body = ImportResult,
         example = json!(examples::import_result())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[post("/orders/{order_id}/imports")]
pub(crate) async fn import_accounts(
    app: Data<App>,
    managing: Managing,
    body: Body<ImportRequest, IMPORT_BODY_BYTES>,
) -> Result<Json<ImportResult>, ApiError> {
    let (access, request) = (managing.0, body.read()?);
    let order = &access.order;
    may_change(order)?;
    let mut check = Check::default();
    check.password(request.source_password.as_ref(), "/source_password");
    check.password(request.destination_password.as_ref(), "/destination_password");
    check.done()?;
    let limit = app.store.max_pairs(order.tenant_id, app.settings.limits.max_pairs).await?;
    let file = account_file::parse(request.content.expose().as_bytes(), request.layout, limit as usize)?;
    let accounts: Vec<AccountCreate> = file.rows.iter().map(|row| account(row, &request)).collect();
    for account in &accounts {
        access.may_move("/content", account.source.mailbox(), account.destination.mailbox())?;
    }
    let created = if request.preview || accounts.is_empty() {
        Vec::new()
    } else {
        app.store.create_pairs(order.id, limit, &accounts).await?
    };
    Ok(Json(result(file, &accounts, &created)))
}

fn account(row: &Row, request: &ImportRequest) -> AccountCreate {
    AccountCreate {
        ticked: true,
        source: side(&row.source, request.source_password.as_ref()),
        destination: side(&row.destination, request.destination_password.as_ref()),
    }
}

fn side(side: &RowSide, password: Option<&Secret>) -> SideInput {
    SideInput {
        user: side.user.clone(),
        password: side.password.as_ref().or(password).cloned(),
        act_for: side.act_for.clone(),
        endpoint: side.host.clone().map(Endpoint::imaps),
    }
}

fn result(file: AccountFile, accounts: &[AccountCreate], created: &[PairId]) -> ImportResult {
    let rows = file.rows.into_iter().zip(accounts).enumerate().map(|(index, (row, account))| ImportRow {
        row: row.row,
        source_user: row.source.act_for.unwrap_or(row.source.user),
        source_host: row.source.host,
        destination_user: row.destination.act_for.unwrap_or(row.destination.user),
        destination_host: row.destination.host,
        has_source_password: account.source.password.is_some(),
        has_destination_password: account.destination.password.is_some(),
        pair_id: created.get(index).copied(),
    });
    ImportResult {
        layout: file.layout,
        separator: file.separator.as_str().to_owned(),
        has_header: file.has_header,
        rows: rows.collect(),
        errors: file.errors,
    }
}
