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

/// Whether a domain lets the new provider send in its name by SPF (RFC 7208).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SpfState {
    /// DNS has not answered.
    Unknown,
    /// There is no SPF record.
    Absent,
    /// There is more than one, so that none counts (RFC 7208 section 4.5).
    Several,
    /// There is one. What the new provider wants in it is not known.
    Present,
    /// There is one, without what the new provider wants in it.
    Lacking,
    /// There is one, with what the new provider wants in it.
    Complete,
}

/// Who may send mail in a domain's name, by its DNS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendingRecords {
    /// What its SPF record says.
    pub spf: SpfState,
    /// Its SPF records as they stand in DNS; there should be one.
    #[cfg_attr(feature = "openapi", schema(example = json!(["v=spf1 include:_spf.new.example ~all"])))]
    pub spf_records: Vec<String>,
    /// Names (selectors, RFC 6376 section 3.1) under which there is a DKIM key.
    #[cfg_attr(feature = "openapi", schema(example = json!(["selector1"])))]
    pub dkim: Vec<String>,
    /// Names that were looked at: those of the new provider, or else usual ones; none if DNS has not answered. A key under
    /// another name is not found.
    pub dkim_looked_at: Vec<String>,
    /// When DNS answered, of SPF or DKIM at least.
    #[serde(deserialize_with = "crate::time::read")]
    pub looked_up_at: DateTime<Utc>,
}

/// What the new provider wants in the DNS of a domain, as far as that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WantedRecords {
    /// Its mail exchangers. One that begins with `*.` has a name of the domain's own before it.
    #[cfg_attr(feature = "openapi", schema(example = json!(["mx1.new.example"])))]
    pub mx: Vec<String>,
    /// What an SPF record must name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "include:_spf.new.example"))]
    pub spf: Option<String>,
    /// The names of its DKIM keys.
    pub dkim: Vec<String>,
    /// Its own instructions.
    #[cfg_attr(feature = "openapi", schema(example = "https://new.example/help/dns"))]
    pub source: String,
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
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub looked_up_at: Option<DateTime<Utc>>,
    /// When the change was seen.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<DateTime<Utc>>,
    /// When the change has reached everybody; where the order follows the MX record, its delta starts then.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<DateTime<Utc>>,
    /// The delta that was started for this domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta_id: Option<DeltaId>,
    /// True if the latest look-up failed; what is told is from the one before.
    pub lookup_failed: bool,
    /// Who may send in its name; looked up once the first run has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sending: Option<SendingRecords>,
}

/// The domains of an order's source addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MxReport {
    /// By name.
    pub items: Vec<MxWatch>,
    /// True if the order's delta starts by itself once the records have changed.
    pub starts_delta: bool,
    /// What the new provider wants in DNS, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<WantedRecords>,
    /// When to ask again, milliseconds.
    pub poll_after_ms: u32,
}
