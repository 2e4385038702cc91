//! What the page must know of the service before anything else.

use serde::{Deserialize, Serialize};

/// The service in brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceInfo {
    /// Version of the service.
    pub version: String,
    /// Version of terms and privacy statement to accept.
    pub terms_version: String,
    /// Most account pairs in an order, and rows in a file.
    pub max_pairs: u32,
    /// How many days of mail a free trial copies.
    pub trial_days: u32,
    /// True if the operator permits connections without TLS.
    pub plaintext_allowed: bool,
}
