//! Vouchers: the prepaid right to migrate N account pairs.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{OrderId, VoucherBatchId, VoucherId},
    order::OrderState,
    secret::Secret,
};

/// What a voucher is limited to, besides its account pairs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct VoucherLimits {
    /// Not redeemable before this time.
    #[serde(deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<DateTime<Utc>>,
    /// Not redeemable after this time.
    #[serde(deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<DateTime<Utc>>,
    /// Good for source mailboxes up to this size only, bytes; they must have been counted by a check.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub max_mailbox_bytes: Option<u64>,
    /// Good for free trials only: it pays for no full migration.
    pub trial_only: bool,
    /// Given away for tests: told apart in lists, so that it is not billed.
    pub free_test: bool,
    /// Only where the old or the new provider is one of these, by their ids; empty: anywhere.
    pub providers: Vec<String>,
}

/// Where a voucher stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VoucherState {
    /// Account pairs are left.
    Issued,
    /// Nothing is left.
    Redeemed,
    /// Its time is over.
    Expired,
    /// It was withdrawn.
    Revoked,
}

/// An order that used a voucher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VoucherUse {
    /// The order number.
    pub order_id: OrderId,
    /// Where the order stands.
    pub order_state: OrderState,
    /// Account pairs spent on it.
    pub pairs: u32,
    /// When.
    #[serde(deserialize_with = "crate::time::read")]
    pub used_at: DateTime<Utc>,
}

/// A voucher, without its code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Voucher {
    /// Its id.
    pub id: VoucherId,
    /// The vouchers it was made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<VoucherBatchId>,
    /// How its code begins; the rest is known to whoever has it.
    #[cfg_attr(feature = "openapi", schema(example = "MF-7K2QX"))]
    pub hint: String,
    /// Where it stands.
    pub state: VoucherState,
    /// Account pairs it is good for.
    pub pairs: u32,
    /// Account pairs it was spent on.
    pub pairs_used: u32,
    /// What it is limited to.
    pub limits: VoucherLimits,
    /// What its seller wrote down of the batch, such as the customer it was made for; empty: nothing. Shown to who may list
    /// vouchers, never to who redeems one.
    #[serde(default)]
    pub note: String,
    /// True if it is good for sandbox orders only.
    pub sandbox: bool,
    /// Since when.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// The orders that used it.
    pub uses: Vec<VoucherUse>,
}

/// One page of the list of vouchers, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VoucherPage {
    /// The vouchers.
    pub items: Vec<Voucher>,
    /// To be sent as `cursor` for the next page, with the same filter; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

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
    /// Not redeemable before this time.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<DateTime<Utc>>,
    /// Not redeemable after this time.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<DateTime<Utc>>,
    /// Good for source mailboxes up to this size only, bytes; they must have been counted by a check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub max_mailbox_bytes: Option<u64>,
    /// Good for free trials only: it pays for no full migration.
    #[serde(default)]
    pub trial_only: bool,
    /// Given away for tests: told apart in lists, so that it is not billed.
    #[serde(default)]
    pub free_test: bool,
    /// Only where the old or the new provider is one of these, by their ids; empty: anywhere. At most 50.
    #[serde(default)]
    pub providers: Vec<String>,
    /// What to write down of the batch, such as the customer it is made for: at most 200 characters on one line.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub note: String,
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
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<DateTime<Utc>>,
}

/// The vouchers just created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VoucherBatch {
    /// The batch.
    pub batch_id: VoucherBatchId,
    /// The vouchers.
    pub items: Vec<VoucherIssued>,
}
