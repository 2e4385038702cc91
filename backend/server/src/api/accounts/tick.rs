//! `PATCH /orders/{order_id}/accounts`

use actix_web::{
    patch,
    web::{Data, Json},
};
use mailferry_shared::{account::AccountTicks, order::Order};

use super::create::may_change;
use crate::{
    api::{auth::Managing, errors, examples, json::Body, orders::view, path::OrderPath, problem::ApiError},
    app::App,
};

/// Ticks or unticks account pairs, all or those named, while the order has not been started.
///
/// The answer is the order, whose totals and payment follow from what is ticked.
#[utoipa::path(
    operation_id = "tickAccounts",
    tag = "accounts",
    params(OrderPath),
    request_body(content = AccountTicks, example = json!({"ticked": true, "pair_ids": []})),
    responses(
        (status = 200, description = "The order as it is now", body = Order, example = json!(examples::order())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[patch("/orders/{order_id}/accounts")]
pub(crate) async fn tick_accounts(
    app: Data<App>,
    managing: Managing,
    body: Body<AccountTicks>,
) -> Result<Json<Order>, ApiError> {
    let (access, ticks) = (managing.0, body.read()?);
    may_change(&access.order)?;
    app.store.tick_pairs(access.order.id, ticks.ticked, &ticks.pair_ids).await?;
    Ok(Json(view::compose(&app, access.order, access.scope, access.principal.as_ref()).await?))
}
