//! `DELETE /orders/{order_id}/certificates/{fingerprint}`

use actix_web::{HttpResponse, delete, web::Data};

use super::CertificatePath;
use crate::{
    api::{auth::Managing, errors, path::Ids, problem::ApiError},
    app::App,
};

/// Accepts a certificate no longer, on neither side of the order.
///
/// Runs that have begun go on until they connect anew, and are parked then.
#[utoipa::path(
    operation_id = "forgetCertificate",
    tag = "accounts",
    params(CertificatePath),
    responses(
        (status = 204, description = "It is not accepted any more"),
        errors::Guarded,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[delete("/orders/{order_id}/certificates/{fingerprint}")]
pub(crate) async fn forget_certificate(
    app: Data<App>,
    managing: Managing,
    path: Ids<CertificatePath>,
) -> Result<HttpResponse, ApiError> {
    app.store.forget_certificate(managing.0.order.id, path.0.fingerprint()?).await?;
    Ok(HttpResponse::NoContent().finish())
}
