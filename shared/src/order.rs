//! Orders: what a customer commissions.

mod access;
mod delta;
mod language;
mod options;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use self::{
    access::{LinkMail, LinkScope, Session, SessionCreate},
    delta::{Delta, DeltaCreate, DeltaList},
    language::Language,
    options::{DEFAULT_MAX_MESSAGE_BYTES, FolderRule, OrderOptions},
};
use crate::{
    account::MailAmount, address::MailAddress, endpoint::Endpoint, ids::OrderId, link::OrderLink,
    request::RequestState, schedule::DeltaSchedule, secret::Secret,
};

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Being filled in.
    Draft,
    /// Start was asked for; a voucher or payment is missing.
    AwaitingPayment,
    /// Waits for its earliest start.
    Scheduled,
    /// Runs are queued or running.
    Active,
    /// Stopped by its owner; can be resumed.
    Paused,
    /// All runs have ended; a delta may follow.
    Completed,
    /// The link has expired; nothing more can happen.
    Closed,
    /// Stopped for good; what was copied stays.
    Cancelled,
}

/// What can be done with an order now; the page shows exactly these buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderAction {
    /// Change settings and accounts.
    Change,
    /// Start it.
    Start,
    /// Pause the runs.
    Pause,
    /// Go on after a pause, or with runs that are parked while others go on.
    Resume,
    /// Stop for good, keep what was copied.
    Cancel,
    /// Take the start back, so that it can be changed again.
    Unschedule,
    /// Start a delta.
    StartDelta,
    /// Change the options alone, for the next run.
    ChangeOptions,
    /// Delete the order and all that is known of it.
    Delete,
}

/// A new order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OrderCreate {
    /// The version of terms and privacy statement that was accepted; see the service information.
    #[cfg_attr(feature = "openapi", schema(example = "2026-11-26"))]
    pub accepted_terms: String,
    /// Language of page and mails; absent: the pre-configured link's, or else English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// Where status mails go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_address: Option<MailAddress>,
    /// The old provider, if known already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ProviderChoice>,
    /// The new provider, if known already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<ProviderChoice>,
    /// What to leave out, and how to copy.
    #[serde(default)]
    pub options: OrderOptions,
    /// The token of a pre-configured link, which may fix providers and pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Secret>,
    /// What its seller, a member or API key, calls it, such as a number of a customer of theirs: at most 100 characters on
    /// one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 100, example = "Customer 4711"))]
    pub reference: Option<String>,
}

/// A provider of the list, or a server named by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProviderChoice {
    /// The provider's id in the list; absent for a server named by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The server that its accounts use.
    pub endpoint: Endpoint,
}

/// Changes to an order; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OrderChange {
    /// Language of page and mails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// Where status mails go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_address: Option<MailAddress>,
    /// The old provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ProviderChoice>,
    /// The new provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<ProviderChoice>,
    /// All options anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<OrderOptions>,
    /// What to call it, by a member or API key; empty: nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 100, example = "Customer 4711"))]
    pub reference: Option<String>,
}

/// How much of the mail is copied at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StartKind {
    /// Everything; needs a voucher for every ticked pair.
    #[default]
    Main,
    /// Mail of the last 10 days, free of charge.
    Trial,
}

/// Starts an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct OrderStart {
    /// Full migration or free trial.
    pub kind: StartKind,
    /// Not before this time; absent: as soon as possible.
    #[serde(deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub earliest_start: Option<DateTime<Utc>>,
    /// A delta that starts by itself after the first run; absent: only by hand. Not for a trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delta_schedule: Option<DeltaSchedule>,
}

/// Pays for an order with a voucher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VoucherRedeem {
    /// The voucher's code; case, spaces and hyphens do not matter.
    pub code: Secret,
}

/// What has been paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Payment {
    /// Account pairs that vouchers and payments of this order cover.
    pub pairs_covered: u32,
    /// Account pairs that are ticked, and so needed.
    pub pairs_needed: u32,
    /// Of those covered: pairs that money was paid for and that are not ticked, or that the operator had waived payment for.
    /// Until the start more can be ticked; the seller can pay their part back. What vouchers cover too much comes back to
    /// them at the start.
    #[serde(default)]
    pub pairs_surplus: u32,
}

/// Sums over all ticked pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderTotals {
    /// Account pairs entered.
    pub pairs: u32,
    /// Account pairs ticked.
    pub pairs_ticked: u32,
    /// Pairs whose both logins have passed.
    pub pairs_checked: u32,
    /// Messages counted at the sources so far.
    pub messages: u64,
    /// Their size in bytes.
    pub size_bytes: u64,
    /// What of it lies in the trash, which stays behind unless the options take it along.
    #[serde(default)]
    pub trash: MailAmount,
    /// What of it lies among the spam, likewise.
    #[serde(default)]
    pub junk: MailAmount,
    /// True once every ticked source has been counted.
    pub survey_complete: bool,
    /// How long the run will take, seconds; absent until something has been counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_seconds: Option<u64>,
}

/// An order as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Order {
    /// The order number.
    pub id: OrderId,
    /// What its seller calls it, such as a number of a customer of theirs; told to members and API keys alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Where it stands.
    pub state: OrderState,
    /// Full migration or free trial; absent until started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<StartKind>,
    /// Language of page and mails.
    pub language: Language,
    /// Where status mails go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_address: Option<MailAddress>,
    /// The old provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ProviderChoice>,
    /// The new provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<ProviderChoice>,
    /// What to copy and how.
    pub options: OrderOptions,
    /// What has been paid for.
    pub payment: Payment,
    /// What the pre-configured link says that it was made by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<OrderLink>,
    /// Where the request stands by which the operator was asked to do it; absent if nobody was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestState>,
    /// True if it runs against built-in test hosts.
    #[serde(default)]
    pub sandbox: bool,
    /// Sums over the account pairs.
    pub totals: OrderTotals,
    /// The terms' version that was accepted.
    pub accepted_terms: String,
    /// When they were accepted.
    #[serde(deserialize_with = "crate::time::read")]
    pub accepted_terms_at: DateTime<Utc>,
    /// When the order was created.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// Not started before this time.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub earliest_start: Option<DateTime<Utc>>,
    /// How its delta starts by itself, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta_schedule: Option<DeltaSchedule>,
    /// True while that delta is still to come, for one pair at least.
    #[serde(default)]
    pub delta_pending: bool,
    /// When that delta starts, once it is known: after the first run's end, or when an MX switch has been seen.
    /// If that time has passed, it waits until fewer orders of whoever asked for it are at work.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub delta_at: Option<DateTime<Utc>>,
    /// When its first run was started.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// When its last run ended.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
    /// When the manage link stops working.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// The page's address with the manage token in its fragment; only for who may manage the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manage_url: Option<String>,
    /// A link for somebody who is to look on: it opens the order and lets nobody change it. Only for who may manage it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view_url: Option<String>,
    /// What can be done now.
    pub actions: Vec<OrderAction>,
}
