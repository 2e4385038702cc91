//! Orders: what a customer commissions.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    account::MailAmount,
    address::MailAddress,
    endpoint::Endpoint,
    ids::{DeltaId, OrderId, PairId},
    link::OrderLink,
    request::RequestState,
    run::{Counts, RunSummary},
    schedule::DeltaSchedule,
    secret::Secret,
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

/// Languages of page and mails; more are added by adding a translation file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// German.
    De,
    /// Norwegian (Bokmål).
    Nb,
    /// Portuguese (of Portugal).
    Pt,
    /// Italian.
    It,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 5] = [Self::En, Self::De, Self::Nb, Self::Pt, Self::It];

    /// The language tag (RFC 5646), as it stands in JSON.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Nb => "nb",
            Self::Pt => "pt",
            Self::It => "it",
        }
    }
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

/// One line of the folder mapping, by decoded names with `/` between the levels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FolderRule {
    /// The folder at the source; its children move along.
    #[cfg_attr(feature = "openapi", schema(example = "Gesendet"))]
    pub source: String,
    /// Its name at the destination.
    #[cfg_attr(feature = "openapi", schema(example = "Sent"))]
    pub destination: String,
}

/// What to copy and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct OrderOptions {
    /// Folders to leave out with their children, by decoded names with `/` between the levels.
    pub leave_out: Vec<String>,
    /// Copy the trash folder too.
    pub include_trash: bool,
    /// Copy the junk (spam) folder too.
    pub include_junk: bool,
    /// Larger messages are skipped and listed, bytes. Absent: the largest that is allowed here, which answers name.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_message_bytes: Option<u64>,
    /// Only messages whose internal date is on or after this day (UTC).
    #[serde(deserialize_with = "crate::time::read_day_opt", skip_serializing_if = "Option::is_none")]
    pub since: Option<NaiveDate>,
    /// Copy the newest messages of each folder first; the arrival order at the destination is then reversed.
    pub newest_first: bool,
    /// Deltas carry over what was read, flagged or answered at the old account meanwhile, unless it was changed at the new
    /// one.
    pub carry_flags: bool,
    /// Folders that get another name at the destination. A folder that has been copied stays where it is.
    pub folder_rules: Vec<FolderRule>,
    /// Show the subjects of messages that were left out, failed or stayed uncertain in the protocol. Unless this is on, no
    /// subject is read or kept; what was kept is erased when it is switched off.
    pub show_subjects: bool,
}

/// 50 MB: the largest message that is copied unless the service is set up otherwise.
pub const DEFAULT_MAX_MESSAGE_BYTES: u64 = 50_000_000;

impl OrderOptions {
    /// The largest message that is copied, bytes.
    #[must_use]
    pub fn largest_message(&self) -> u64 {
        self.max_message_bytes.unwrap_or(DEFAULT_MAX_MESSAGE_BYTES)
    }
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

/// A mail with an order's manage link, on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkMail {
    /// Where it goes: the order's address for status mails.
    pub to: MailAddress,
    /// Since when it is on its way.
    #[serde(deserialize_with = "crate::time::read")]
    pub queued_at: DateTime<Utc>,
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

/// Exchanges the token of a manage link for a session cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SessionCreate {
    /// The order the link is for.
    pub order_id: OrderId,
    /// The token in the link's fragment.
    pub token: Secret,
}

/// What a session may do with its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LinkScope {
    /// Read only.
    View,
    /// Read and change.
    Manage,
}

/// An open session; the proof itself is in the cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// The order it opens.
    pub order_id: OrderId,
    /// What it may do.
    pub scope: LinkScope,
    /// When it ends; reading the order prolongs it.
    #[serde(deserialize_with = "crate::time::read")]
    pub expires_at: DateTime<Utc>,
}

/// Starts a delta.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct DeltaCreate {
    /// Only these pairs; empty: every pair that has had its main run.
    pub pair_ids: Vec<PairId>,
}

/// A delta with its runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delta {
    /// Its id.
    pub id: DeltaId,
    /// The order it belongs to.
    pub order_id: OrderId,
    /// When it was asked for.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// True once all its runs have ended.
    pub finished: bool,
    /// What it did, over all its runs.
    pub counts: Counts,
    /// One run a pair.
    pub runs: Vec<RunSummary>,
}

/// The deltas of an order, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeltaList {
    /// The deltas.
    pub items: Vec<Delta>,
    /// The cursor of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
