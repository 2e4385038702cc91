//! Vouchers: the prepaid right to migrate N account pairs.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{ids::VoucherId, secret::Secret};

/// Creates a batch of vouchers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VoucherCreate {
    /// Account pairs each voucher is good for, 1 to 500.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 500))]
    pub pairs: u32,
    /// How many vouchers, 1 to 1000.
    #[serde(default = "one")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1000))]
    pub count: u32,
    /// Not redeemable after this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<DateTime<Utc>>,
}

fn one() -> u32 {
    1
}

/// A new voucher with its code, which is shown this once only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VoucherIssued {
    /// Its id.
    pub id: VoucherId,
    /// Its code: 128 bits, in groups.
    #[cfg_attr(feature = "openapi", schema(example = "MF-7K2QX-9D4TM-VB81N-C6HRA-PW5ZE3"))]
    pub code: Secret,
    /// Account pairs it is good for.
    pub pairs: u32,
    /// Not redeemable after this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<DateTime<Utc>>,
}

/// The vouchers just created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VoucherBatch {
    /// The vouchers.
    pub items: Vec<VoucherIssued>,
}
