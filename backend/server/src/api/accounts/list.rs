//! `GET /orders/{order_id}/accounts`

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use mailferry_shared::account::AccountList;

use crate::{
    api::{
        auth::Viewing,
        errors, etag, examples,
        page::{PageParams, Paging},
        path::OrderPath,
        problem::ApiError,
    },
    app::App,
};

/// The account pairs of an order, in the order they were entered.
///
/// No password is ever among them.
#[utoipa::path(
    operation_id = "listAccounts",
    tag = "accounts",
    params(OrderPath, PageParams, ("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, description = "The account pairs", body = AccountList, headers(("ETag" = String, description = "To send as If-None-Match")), example = json!(examples::accounts())),
        (status = 304, description = "Nothing has changed"),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/accounts")]
pub(crate) async fn list_accounts(
    app: Data<App>,
    request: HttpRequest,
    viewing: Viewing,
    paging: Paging,
) -> Result<HttpResponse, ApiError> {
    let pairs = app.store.pairs(viewing.0.order.id).await?;
    let (items, next_cursor) = paging.slice(pairs, |pair| pair.id.0);
    etag::answer(&request, &AccountList { items, next_cursor })
}
