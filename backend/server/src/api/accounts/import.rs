//! `POST /orders/{order_id}/imports`

use actix_web::{
    post,
    web::{Data, Json},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use mailferry_domain::account_file::{self, AccountFile, MAX_BYTES, Reading, Row, RowSide};
use mailferry_shared::{
    account::{AccountCreate, SideInput},
    endpoint::{Endpoint, HostName},
    ids::PairId,
    import::{ImportRequest, ImportResult, ImportRow, RowError},
    order::ProviderChoice,
    secret::Secret,
};

use mailferry_store::{LinkRecord, OrderRecord};

use super::create::may_change;
use crate::{
    api::{auth::Managing, errors, examples, json::Body, path::OrderPath, problem::ApiError, validate::Check},
    app::App,
    sandbox,
};

/// A file of 10 MB in a JSON text: quotes and line breaks take two bytes there, and Base64 takes less.
pub(in crate::api) const IMPORT_BODY_BYTES: usize = 2 * MAX_BYTES + 100_000;

/// Imports a file of accounts, or shows what it would import.
///
/// Bad rows are named by row and column, the good ones are kept; a row whose accounts are in the order already is a bad one
/// (`duplicate_row`), so that a file can be sent again. Bad ones can be corrected in place: send the file again
/// with `corrections`, and with `only_rows` if the good ones have been imported already.
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
    check_passwords(&mut check, &request, "");
    check.done()?;
    let limit = app.store.max_pairs(order.tenant_id, app.settings.limits.max_pairs).await?;
    let mut read = read(&request, limit, "", Some(order.asker.sandbox))?;
    let known = app.store.known_pairs(order.id, &read.accounts).await?;
    read.refuse_known(&known);
    if let Some(link) = order.asker.link_id {
        read.refuse_other_servers(order, &app.store.link(link).await?);
    }
    let ReadFile { file, accounts } = read;
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

/// Notes what is wrong with the passwords for rows that have none; `at` is where the request stands.
pub(in crate::api) fn check_passwords(check: &mut Check, request: &ImportRequest, at: &str) {
    check.password(request.source_password.as_ref(), &format!("{at}/source_password"));
    check.password(request.destination_password.as_ref(), &format!("{at}/destination_password"));
}

/// A file of accounts, and the accounts of its good rows.
pub(in crate::api) struct ReadFile {
    pub(in crate::api) file: AccountFile,
    pub(in crate::api) accounts: Vec<AccountCreate>,
}

impl ReadFile {
    /// Rows that name another server than the order's link fixes are bad ones.
    fn refuse_other_servers(&mut self, order: &OrderRecord, link: &LinkRecord) {
        let other = |fixed: bool, own: Option<&Endpoint>, choice: Option<&ProviderChoice>| {
            fixed && own.is_some_and(|own| choice.is_none_or(|choice| choice.endpoint != *own))
        };
        let refused: Vec<bool> = self
            .accounts
            .iter()
            .map(|pair| {
                other(link.source.is_some(), pair.source.endpoint.as_ref(), order.source.as_ref())
                    || other(link.destination.is_some(), pair.destination.endpoint.as_ref(), order.destination.as_ref())
            })
            .collect();
        self.refuse(&refused, "bad_host", "the link that this order is made by fixes the server");
    }

    /// Rows whose accounts are in the order already are bad ones: a file that is sent again must not double anything.
    fn refuse_known(&mut self, known: &[bool]) {
        self.refuse(known, "duplicate_row", "these accounts are in the order already");
    }

    /// Makes errors of these of the good rows.
    fn refuse(&mut self, refused: &[bool], code: &str, words: &str) {
        for (row, _) in self.file.rows.iter().zip(refused).filter(|(_, refused)| **refused) {
            self.file.errors.push(RowError {
                row: row.row,
                column: 0,
                code: code.to_owned(),
                message: words.to_owned(),
                fields: None,
                cells: Vec::new(),
            });
        }
        self.file.errors.sort_by_key(|error| (error.row, error.column));
        let mut rows = refused.iter();
        self.file.rows.retain(|_| rows.next() != Some(&true));
        let mut accounts = refused.iter();
        self.accounts.retain(|_| accounts.next() != Some(&true));
    }
}

/// Reads the file of a request that stands at `at`, of at most `limit` rows, for an order that is one of the sandbox or
/// not, or for none yet.
pub(in crate::api) fn read(
    request: &ImportRequest,
    limit: u32,
    at: &str,
    sandbox: Option<bool>,
) -> Result<ReadFile, ApiError> {
    let mut file = account_file::read(&bytes(request, at)?, &reading(request, limit as usize))?;
    if !request.only_rows.is_empty() {
        file.rows.retain(|row| request.only_rows.contains(&row.row));
        file.errors.retain(|error| request.only_rows.contains(&error.row));
    }
    if let Some(sandbox) = sandbox {
        refuse_hosts(&mut file, sandbox);
    }
    let accounts = file.rows.iter().map(|row| account(row, request)).collect();
    Ok(ReadFile { file, accounts })
}

/// Rows that name a server which this order may not reach are bad ones.
fn refuse_hosts(file: &mut AccountFile, sandbox: bool) {
    let errors = &mut file.errors;
    file.rows.retain(|row| {
        let mut hosts = [&row.source, &row.destination].into_iter().filter_map(|side| side.endpoint.as_ref());
        let refused = hosts.find_map(|endpoint| sandbox::may_name(&endpoint.host, sandbox).err());
        let good = refused.is_none();
        errors.extend(refused.map(|message| RowError {
            row: row.row,
            column: 0,
            code: "bad_host".to_owned(),
            message,
            fields: None,
            cells: Vec::new(),
        }));
        good
    });
}

fn bytes(request: &ImportRequest, at: &str) -> Result<Vec<u8>, ApiError> {
    let wrong = |field: &str, words: &str| Err(ApiError::field(format!("{at}/{field}"), words));
    match (&request.content, &request.file) {
        (Some(_), Some(_)) => wrong("file", "Send the file's text or its bytes, not both."),
        (None, None) => wrong("content", "Send the file's text, or its bytes as file."),
        (Some(text), None) => Ok(text.expose().as_bytes().to_vec()),
        (None, Some(bytes)) => {
            STANDARD.decode(bytes.expose()).or_else(|_| wrong("file", "This must be the file's bytes in Base64."))
        }
    }
}

fn reading(request: &ImportRequest, max_rows: usize) -> Reading {
    let corrections = request.corrections.iter().map(|one| (one.row, one.cells.clone())).collect();
    Reading { layout: request.layout, max_rows, corrections }
}

fn account(row: &Row, request: &ImportRequest) -> AccountCreate {
    let source = Usual {
        password: request.source_password.as_ref(),
        by_admin: request.source_by_admin,
        certificate: request.source_certificate_host.as_ref(),
    };
    let destination = Usual {
        password: request.destination_password.as_ref(),
        by_admin: request.destination_by_admin,
        certificate: request.destination_certificate_host.as_ref(),
    };
    AccountCreate {
        ticked: true,
        source: side(&row.source, &source),
        destination: side(&row.destination, &destination),
    }
}

/// What holds for a side of rows that do not say it themselves.
struct Usual<'a> {
    password: Option<&'a Secret>,
    by_admin: bool,
    certificate: Option<&'a HostName>,
}

fn side(side: &RowSide, usual: &Usual<'_>) -> SideInput {
    let endpoint = side.endpoint.clone().map(|endpoint| match (endpoint.host.ip(), &endpoint.certificate_host) {
        (Some(_), None) => Endpoint { certificate_host: usual.certificate.cloned(), ..endpoint },
        _ => endpoint,
    });
    let password = side.password.as_ref().or(usual.password).cloned();
    if usual.by_admin && password.is_none() {
        let mailbox = side.act_for.as_deref().unwrap_or(&side.user);
        return SideInput { by_admin: true, endpoint, ..SideInput::of(mailbox) };
    }
    SideInput {
        password,
        act_for: side.act_for.clone(),
        delegation: side.delegation.clone(),
        endpoint,
        ..SideInput::of(&side.user)
    }
}

/// No public authority certifies addresses that often change hands: the name must be told.
fn needs_certificate_host(side: &SideInput) -> bool {
    side.endpoint.as_ref().is_some_and(|one| one.host.ip().is_some() && one.certificate_host.is_none())
}

/// What was imported: the pairs are `created`, in the order of the good rows.
pub(in crate::api) fn result(file: AccountFile, accounts: &[AccountCreate], created: &[PairId]) -> ImportResult {
    let rows = file.rows.into_iter().zip(accounts).enumerate().map(|(index, (row, account))| ImportRow {
        row: row.row,
        source_user: row.source.act_for.unwrap_or(row.source.user),
        source_host: row.source.endpoint.map(|endpoint| endpoint.host),
        destination_user: row.destination.act_for.unwrap_or(row.destination.user),
        destination_host: row.destination.endpoint.map(|endpoint| endpoint.host),
        needs_source_certificate_host: needs_certificate_host(&account.source),
        needs_destination_certificate_host: needs_certificate_host(&account.destination),
        has_source_password: account.source.password.is_some() || account.source.by_admin,
        has_destination_password: account.destination.password.is_some() || account.destination.by_admin,
        pair_id: created.get(index).copied(),
    });
    ImportResult {
        layout: file.layout,
        encoding: file.encoding,
        separator: file.separator.as_str().to_owned(),
        has_header: file.has_header,
        rows: rows.collect(),
        errors: file.errors,
    }
}
