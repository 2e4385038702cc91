//! Certificates that do not verify: accepted by somebody for one server on one side of an order, or no longer.

use mailferry_shared::certificate::CertificateFingerprint;
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::ApiError;

pub mod accept;
pub mod forget;
pub mod list;

/// A certificate in an order.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct CertificatePath {
    /// The order number.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0001", value_type = mailferry_shared::ids::OrderId)]
    pub order_id: String,
    /// The certificate's SHA-256.
    #[param(
        example = "8d1f3a5c7e9b0d2f4a6c8e0b1d3f5a7c9e1b3d5f7a9c0e2b4d6f8a0c1e3b5d7f",
        value_type = CertificateFingerprint
    )]
    pub fingerprint: String,
}

impl CertificatePath {
    /// The fingerprint; read after it is known who asks, so that what is none tells a stranger nothing.
    fn fingerprint(&self) -> Result<CertificateFingerprint, ApiError> {
        self.fingerprint.parse().map_err(|_| ApiError::NotFound)
    }
}
