//! What the page must know of the service before anything else.

use serde::{Deserialize, Serialize};

use crate::{address::MailAddress, payment::Amount};

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
    /// Rows in a file up to which it is handled with ease: more are taken, and better come in parts.
    #[serde(default = "recommended_rows")]
    pub recommended_rows: u32,
    /// The largest file of accounts, bytes.
    #[serde(default)]
    pub max_file_bytes: u64,
    /// The largest message that the public page's orders copy, bytes; larger ones are left out and listed.
    #[serde(default)]
    pub max_message_bytes: u64,
    /// What one account pair costs on the public page, with tax; absent where nothing is sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Amount>,
    /// How many days of mail a free trial copies.
    pub trial_days: u32,
    /// True if the operator permits connections without TLS.
    pub plaintext_allowed: bool,
    /// Days that an order's link works after the end of the main run or of the last delta.
    pub link_days: u32,
    /// Days after the first start up to which it works at most.
    #[serde(default)]
    pub link_days_at_most: u32,
    /// Days after an order's end at which its personal data is deleted.
    pub purge_days: u32,
    /// How long after the first run a delta may start by itself.
    pub delta_hours: HoursRange,
    /// Who runs the service.
    #[serde(default)]
    pub operator: Operator,
}

/// Rows in a file up to which it is handled with ease.
pub const RECOMMENDED_ROWS: u32 = 50;

fn recommended_rows() -> u32 {
    RECOMMENDED_ROWS
}

/// Hours that one may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HoursRange {
    /// Unless another number is chosen.
    #[cfg_attr(feature = "openapi", schema(example = 8))]
    pub usual: u32,
    /// At least.
    #[cfg_attr(feature = "openapi", schema(example = 4))]
    pub least: u32,
    /// At most.
    #[cfg_attr(feature = "openapi", schema(example = 23))]
    pub most: u32,
}

/// Who runs the service, as far as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Operator {
    /// Name and postal address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "Harbour Hosting Ltd, Quay 1, Bergen"))]
    pub name: Option<String>,
    /// Where people ask for help, and about their data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<MailAddress>,
}
