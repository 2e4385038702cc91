//! `GET /orders/{order_id}/request`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::request::MigrationRequest;

use super::for_customer;
use crate::{
    api::{auth::Viewing, errors, examples::requests as examples, path::OrderPath, problem::ApiError},
    app::App,
};

/// Where the request stands by which the operator was asked to do an order.
///
/// 404 for an order that nobody else was asked to do. To be polled while it waits.
#[utoipa::path(
    operation_id = "readOrderRequest",
    tag = "requests",
    params(OrderPath),
    responses(
        (status = 200, description = "The request", body = MigrationRequest, example = json!(examples::request())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/request")]
pub(crate) async fn read_order_request(app: Data<App>, viewing: Viewing) -> Result<Json<MigrationRequest>, ApiError> {
    let access = viewing.0;
    let request = app.store.request_of_order(access.order.id).await?;
    Ok(Json(for_customer(&app, access.scope, request).await?))
}
