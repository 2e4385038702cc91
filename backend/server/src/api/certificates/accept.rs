//! `PUT /orders/{order_id}/certificates/{fingerprint}`

use actix_web::{
    put,
    web::{Data, Json},
};
use mailferry_shared::certificate::{AcceptedCertificate, CertificateAcceptance};
use mailferry_store::Consenter;

use super::CertificatePath;
use crate::{
    api::{
        auth::{Managing, OrderAccess},
        errors,
        examples::certificate as examples,
        json::Body,
        path::Ids,
        problem::ApiError,
    },
    app::App,
};

/// Accepts exactly this certificate, although it does not verify, for one server on one side of the order.
///
/// A check that fails by `certificate_invalid` or `certificate_mismatch` tells what the server showed. Whoever accepts
/// that vouches for it: somebody may stand in between, so compare the fingerprint with the one that the server's operator
/// names. Connections stay encrypted, the server must prove that it has the certificate's key, and every run writes the
/// acceptance into its protocol. Should the server show another certificate that does not verify, a run pauses with
/// `certificate_changed`. It replaces what was accepted for the same server and side before.
#[utoipa::path(
    operation_id = "acceptCertificate",
    tag = "accounts",
    params(CertificatePath),
    request_body(content = CertificateAcceptance, example = json!(examples::acceptance())),
    responses(
        (status = 200, description = "It is accepted", body = AcceptedCertificate, example = json!(examples::accepted())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[put("/orders/{order_id}/certificates/{fingerprint}")]
pub(crate) async fn accept_certificate(
    app: Data<App>,
    managing: Managing,
    path: Ids<CertificatePath>,
    body: Body<CertificateAcceptance>,
) -> Result<Json<AcceptedCertificate>, ApiError> {
    let (access, fingerprint, acceptance) = (managing.0, path.0.fingerprint()?, body.read()?);
    if acceptance.port == 0 {
        return Err(ApiError::field("/port", "Enter a port from 1 to 65535."));
    }
    let by = consenter(&access);
    let accepted = app.store.accept_certificate(access.order.id, fingerprint, &acceptance, by).await?;
    accepted.map(Json).ok_or_else(|| ApiError::field("/host", "The order has no such server and port on this side."))
}

fn consenter(access: &OrderAccess) -> Consenter {
    let Some(principal) = &access.principal else { return Consenter::Owner };
    match (&principal.key, principal.member_id()) {
        (Some(key), _) => Consenter::ApiKey(key.id),
        (None, Some(member)) => Consenter::Member(member),
        (None, None) => Consenter::Owner,
    }
}
