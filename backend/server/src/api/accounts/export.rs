//! `GET /orders/{order_id}/accounts.csv`

use actix_web::{HttpResponse, get, web::Data};
use mailferry_domain::account_file::{self, Row, RowSide, Separator};
use mailferry_shared::{
    account::{AccountPair, Side},
    import::Layout,
    order::ProviderChoice,
};

use crate::{
    api::{auth::Viewing, csv, errors, path::OrderPath, problem::ApiError},
    app::App,
};

/// The account pairs of an order as a file in the layout *full* that can be imported again, without passwords: UTF-8 with
/// a byte order mark. Accounts that the order's admin opens have no password and no admin in it either: say so when it is
/// imported.
///
/// Cells that a spreadsheet would run as a formula begin with an apostrophe, which an import takes off again.
#[utoipa::path(
    operation_id = "exportAccounts",
    tag = "accounts",
    params(OrderPath),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/csv",
         headers(("Content-Disposition" = String, description = "A file name")), example = json!("source host;source account;source password;…\r\n")),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/accounts.csv")]
pub(crate) async fn export_accounts(app: Data<App>, viewing: Viewing) -> Result<HttpResponse, ApiError> {
    let order = viewing.0.order;
    let pairs = app.store.pairs(order.id).await?;
    let (old, new) = (order.source.as_ref(), order.destination.as_ref());
    let rows: Vec<Row> = (2u32..).zip(&pairs).map(|(number, pair)| row(number, pair, old, new)).collect();
    let text = account_file::write(&rows, Layout::Full, Separator::Semicolon);
    Ok(csv::file(format!("accounts-{}.csv", order.id), &text))
}

fn row(row: u32, pair: &AccountPair, old: Option<&ProviderChoice>, new: Option<&ProviderChoice>) -> Row {
    Row { row, source: side(&pair.source, old), destination: side(&pair.destination, new) }
}

/// With the order's server where the pair has none of its own, so that the file stands by itself.
fn side(side: &Side, choice: Option<&ProviderChoice>) -> RowSide {
    let endpoint = side.endpoint.clone().or_else(|| choice.map(|choice| choice.endpoint.clone()));
    RowSide {
        user: side.user.clone(),
        act_for: side.act_for.clone(),
        password: None,
        delegation: side.delegation.clone(),
        endpoint,
    }
}
