//! `GET /orders/{order_id}/verifications/{verification_id}`

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use mailferry_shared::verification::Verification;

use crate::{
    api::{
        auth::Viewing,
        errors, etag, examples,
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
    params(VerificationPath, ("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, description = "The verification", body = Verification, headers(("ETag" = String, description = "To send as If-None-Match")), example = json!(examples::verification())),
        (status = 304, description = "Nothing has changed"),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/verifications/{verification_id}")]
pub(crate) async fn read_verification(
    app: Data<App>,
    request: HttpRequest,
    viewing: Viewing,
    path: Ids<VerificationPath>,
) -> Result<HttpResponse, ApiError> {
    let verification = app.store.verification(viewing.0.order.id, path.0.verification_id).await?;
    etag::answer(&request, &verification)
}
