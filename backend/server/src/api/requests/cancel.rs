//! `POST /orders/{order_id}/request/cancel`

use actix_web::{
    post,
    web::{Data, Json},
};
use mailferry_shared::request::MigrationRequest;

use super::for_customer;
use crate::{
    api::{auth::Managing, errors, examples::requests as examples, json::NoBody, path::OrderPath, problem::ApiError},
    app::App,
};

/// Takes a request back before it runs.
///
/// Its order is cancelled; passwords and files are erased. Once it runs, the order itself can be cancelled.
#[utoipa::path(
    operation_id = "cancelRequest",
    tag = "requests",
    params(OrderPath),
    responses(
        (status = 200, description = "The request as it is now", body = MigrationRequest,
         example = json!(examples::cancelled())),
        errors::Guarded,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[post("/orders/{order_id}/request/cancel")]
pub(crate) async fn cancel_request(
    app: Data<App>,
    managing: Managing,
    body: NoBody,
) -> Result<Json<MigrationRequest>, ApiError> {
    let access = managing.0;
    body.read()?;
    let request = app.store.request_of_order(access.order.id).await?;
    let request = app.store.cancel_request(request.id).await?;
    Ok(Json(for_customer(&app, access.scope, request).await?))
}
