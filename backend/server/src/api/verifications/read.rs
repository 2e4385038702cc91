//! `GET /orders/{order_id}/verifications/{verification_id}`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::verification::Verification;

use crate::{
    api::{
        auth::Viewing,
        errors, examples,
        path::{Ids, VerificationPath},
        problem::ApiError,
    },
    app::App,
};

/// A verification with the results so far: per pair how many messages were found how, and which are not there exactly
/// as they were copied.
#[utoipa::path(
    operation_id = "readVerification",
    tag = "verifications",
    params(VerificationPath),
    responses(
        (status = 200, description = "The verification", body = Verification, example = json!(examples::verification())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/verifications/{verification_id}")]
pub(crate) async fn read_verification(
    app: Data<App>,
    viewing: Viewing,
    path: Ids<VerificationPath>,
) -> Result<Json<Verification>, ApiError> {
    let verification = app.store.verification(viewing.0.order.id, path.0.verification_id).await?;
    Ok(Json(verification))
}
