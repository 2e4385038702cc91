//! `GET /orders/{order_id}/verifications`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::verification::VerificationList;

use crate::{
    api::{auth::Viewing, errors, examples, path::OrderPath, problem::ApiError},
    app::App,
};

/// As many of the latest are told.
const LATEST: u32 = 10;

/// The latest verifications of an order, the last one first. Read one by its id for the messages that it names.
#[utoipa::path(
    operation_id = "listVerifications",
    tag = "verifications",
    params(OrderPath),
    responses(
        (status = 200, description = "The verifications", body = VerificationList, example = json!(examples::verifications())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/verifications")]
pub(crate) async fn list_verifications(app: Data<App>, viewing: Viewing) -> Result<Json<VerificationList>, ApiError> {
    let latest = app.store.verifications(viewing.0.order.id, LATEST).await?;
    Ok(Json(VerificationList { items: latest.into_iter().map(Into::into).collect() }))
}
