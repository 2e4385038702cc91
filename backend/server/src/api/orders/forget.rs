//! `POST /orders/{order_id}/forget-passwords`

use actix_web::{
    post,
    web::{Data, Json},
};
use mailferry_shared::order::Order;

use super::view;
use crate::{
    api::{auth::Managing, errors, examples, json::NoBody, path::OrderPath, problem::ApiError},
    app::App,
};

/// Erases every password of the order at once.
///
/// Runs that are under way go on to their end; whatever starts later asks for the passwords again
/// (`accounts_incomplete`).
#[utoipa::path(
    operation_id = "forgetPasswords",
    tag = "orders",
    params(OrderPath),
    responses(
        (status = 200, description = "The order as it is now", body = Order, example = json!(examples::order())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[post("/orders/{order_id}/forget-passwords")]
pub(crate) async fn forget_passwords(
    app: Data<App>,
    managing: Managing,
    body: NoBody,
) -> Result<Json<Order>, ApiError> {
    let access = managing.0;
    body.read()?;
    app.store.forget_passwords(access.order.id).await?;
    tracing::info!(order = %access.order.id, "the passwords of an order were erased on demand");
    Ok(Json(view::compose(&app, access.order, access.scope, access.principal.as_ref()).await?))
}
