//! `DELETE /orders/{order_id}`

use actix_web::{HttpResponse, delete, web::Data};

use crate::{
    api::{auth::Managing, errors, path::OrderPath, problem::ApiError},
    app::App,
};

/// Deletes an order with all that is known of it.
///
/// Refused while it is scheduled, active or paused: cancel it first.
#[utoipa::path(
    operation_id = "deleteOrder",
    tag = "orders",
    params(OrderPath),
    responses(
        (status = 204, description = "The order is gone"),
        errors::Guarded,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[delete("/orders/{order_id}")]
pub(crate) async fn delete_order(app: Data<App>, managing: Managing) -> Result<HttpResponse, ApiError> {
    app.store.delete_order(managing.0.order.id).await?;
    Ok(HttpResponse::NoContent().finish())
}
