//! Time: when the delta of an order starts by itself, and what the MX records of its domains say.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::DeltaId;

/// What starts the delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeltaTrigger {
    /// A time after the end of the first run.
    AfterDelay,
    /// The MX record of the source address's domain has changed, and its TTL has passed since.
    MxChanged,
}

/// The second phase of an order: a delta that starts by itself, once, after the first run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DeltaSchedule {
    /// What starts it.
    pub trigger: DeltaTrigger,
    /// For `after_delay`: hours from the end of the first run; absent: the service's default. Not for `mx_changed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 720, example = 8))]
    pub delay_hours: Option<u32>,
}

/// One MX record (RFC 5321 section 5.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MxRecord {
    /// The lowest is tried first.
    pub preference: u16,
    /// The mail server's name, in lower case and without a final dot.
    #[cfg_attr(feature = "openapi", schema(example = "mx1.old.example"))]
    pub host: String,
}

/// Where new mail of a domain goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MxState {
    /// Not looked up yet, or DNS has not answered.
    Unknown,
    /// Still to the old provider, at least in part.
    Old,
    /// Elsewhere than when the order was started, but whoever has the old record in memory still sends to the old
    /// provider.
    Changing,
    /// The old record's TTL has passed since the change.
    Changed,
}

/// A domain of the order's source addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MxWatch {
    /// The domain.
    #[cfg_attr(feature = "openapi", schema(example = "old.example"))]
    pub domain: String,
    /// Where its new mail goes.
    pub state: MxState,
    /// Its MX records now, best first.
    pub records: Vec<MxRecord>,
    /// Those it had when the order was started.
    pub records_before: Vec<MxRecord>,
    /// How long others may remember the old records, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<u32>,
    /// When DNS last answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_up_at: Option<DateTime<Utc>>,
    /// When the change was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<DateTime<Utc>>,
    /// When the change has reached everybody; where the order follows the MX record, its delta starts then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<DateTime<Utc>>,
    /// The delta that was started for this domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta_id: Option<DeltaId>,
    /// True if the latest look-up failed; what is told is from the one before.
    pub lookup_failed: bool,
}

/// The domains of an order's source addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MxReport {
    /// By name.
    pub items: Vec<MxWatch>,
    /// True if the order's delta starts by itself once the records have changed.
    pub starts_delta: bool,
    /// When to ask again, milliseconds.
    pub poll_after_ms: u32,
}
