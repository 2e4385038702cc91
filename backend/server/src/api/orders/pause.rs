//! `POST /orders/{order_id}/pause`

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

/// Pauses an active order: its runs stop at the next batch, and go on where they stopped.
#[utoipa::path(
    operation_id = "pauseOrder",
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
#[post("/orders/{order_id}/pause")]
pub(crate) async fn pause_order(app: Data<App>, managing: Managing, body: NoBody) -> Result<Json<Order>, ApiError> {
    let access = managing.0;
    body.read()?;
    let act = async |order: &OrderRecord| app.store.pause_order(order).await;
    let order = retry::on_conflict(&app.store, access.order, act).await?;
    Ok(Json(view::compose(&app, order, access.scope, access.principal.as_ref()).await?))
}
