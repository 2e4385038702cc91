//! `POST /orders/{order_id}/cancel`

use actix_web::{
    post,
    web::{Data, Json},
};
use mailferry_shared::order::Order;
use mailferry_store::OrderRecord;

use super::{retry, view};
use crate::{
    api::{auth::Managing, errors, examples, json::NoBody, path::OrderPath, problem::ApiError},
    app::App,
};

/// Stops an order for good.
///
/// What was copied stays; passwords are erased.
#[utoipa::path(
    operation_id = "cancelOrder",
    tag = "orders",
    params(OrderPath),
    responses(
        (status = 200, description = "The order as it is now", body = Order, example = json!(examples::order())),
        errors::Guarded,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[post("/orders/{order_id}/cancel")]
pub(crate) async fn cancel_order(app: Data<App>, managing: Managing, body: NoBody) -> Result<Json<Order>, ApiError> {
    let access = managing.0;
    body.read()?;
    let act = async |order: &OrderRecord| app.store.cancel_order(order).await;
    let order = retry::on_conflict(&app.store, access.order, act).await?;
    Ok(Json(view::compose(&app, order, access.scope, access.principal.as_ref()).await?))
}
