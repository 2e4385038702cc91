//! `GET /orders/{order_id}/accounts`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::account::AccountList;

use crate::{
    api::{
        auth::Viewing,
        errors, examples,
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
    params(OrderPath, PageParams),
    responses(
        (status = 200, description = "The account pairs", body = AccountList, example = json!(examples::accounts())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/accounts")]
pub(crate) async fn list_accounts(
    app: Data<App>,
    viewing: Viewing,
    paging: Paging,
) -> Result<Json<AccountList>, ApiError> {
    let pairs = app.store.pairs_part(viewing.0.order.id, paging.part()).await?;
    let (pairs, next_cursor) = paging.cut(pairs, |(position, _)| *position);
    Ok(Json(AccountList { items: pairs.into_iter().map(|(_, pair)| pair).collect(), next_cursor }))
}
