//! `POST /orders/{order_id}/resume`

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

/// Goes on with a paused order, and with runs that were parked until something was mended.
///
/// While other runs of the order go on, `resume` is among its actions as soon as one is parked; the others are left alone.
#[utoipa::path(
    operation_id = "resumeOrder",
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
#[post("/orders/{order_id}/resume")]
pub(crate) async fn resume_order(app: Data<App>, managing: Managing, body: NoBody) -> Result<Json<Order>, ApiError> {
    let access = managing.0;
    body.read()?;
    let act = async |order: &OrderRecord| app.store.resume_order(order).await;
    let order = retry::on_conflict(&app.store, access.order, act).await?;
    Ok(Json(view::compose(&app, order, access.scope, access.principal.as_ref()).await?))
}
