//! `GET /orders/{order_id}`

use actix_web::{HttpResponse, get, web::Data};
use mailferry_shared::order::Order;

use super::view;
use crate::{
    api::{auth::Viewing, errors, examples, path::OrderPath, problem::ApiError},
    app::App,
};

/// An order with its totals.
///
/// Prolongs the session that it is read with.
#[utoipa::path(
    operation_id = "readOrder",
    tag = "orders",
    params(OrderPath),
    responses(
        (status = 200, description = "The order", body = Order, example = json!(examples::order())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}")]
pub(crate) async fn read_order(app: Data<App>, viewing: Viewing) -> Result<HttpResponse, ApiError> {
    let access = viewing.0;
    let prolonged = access.prolonged(&app)?;
    let order = view::compose(&app, access.order, access.scope, access.principal.as_ref()).await?;
    let mut response = HttpResponse::Ok().json(order);
    if let Some(cookie) = prolonged {
        response.add_cookie(&cookie).map_err(|error| ApiError::internal(error.to_string()))?;
    }
    Ok(response)
}
