//! Requested migrations: a customer who would rather have it done sends a request, the operator does it.
//!
//! A request hangs on an order of its own, which holds its accounts: what runs is that order.

use chrono::{DateTime, FixedOffset, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    address::MailAddress,
    ids::{AttachmentId, OrderId, RequestId, TenantId},
    import::{ImportRequest, ImportResult},
    order::{Language, Order, OrderOptions, OrderState, ProviderChoice},
    schedule::DeltaSchedule,
    secret::Secret,
};

/// Hours between the sending of a request and its wished start, at least.
pub const NOTICE_HOURS: u32 = 24;
/// The same if the wished start lies on a Saturday or Sunday.
pub const WEEKEND_NOTICE_HOURS: u32 = 48;
/// A wished start is so many days ahead at most.
pub const FARTHEST_WISH_DAYS: u32 = 90;
/// So many files can be sent with a request.
pub const MAX_ATTACHMENTS: usize = 10;
/// A file of contacts or appointments has so many bytes at most.
pub const MAX_ATTACHMENT_BYTES: usize = 5_000_000;
/// All files of a request together have so many bytes at most.
pub const MAX_ATTACHMENTS_BYTES: usize = 10_000_000;
/// A note has so many characters at most.
pub const MAX_NOTE_CHARS: usize = 4000;
/// The reason why a request was declined has so many characters at most.
pub const MAX_REASON_CHARS: usize = 2000;

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// Sent; the operator has not answered yet.
    Requested,
    /// The operator will do it.
    Accepted,
    /// Its order runs.
    Running,
    /// Everything has been migrated, a delta that was planned from the start included.
    Done,
    /// The operator will not do it, and has said why.
    Declined,
    /// The customer does not want it any more.
    Cancelled,
    /// Its order's time was over before it was done: nobody started it, or it did not come to its end.
    Expired,
}

impl RequestState {
    /// Every state.
    pub const ALL: [Self; 7] =
        [Self::Requested, Self::Accepted, Self::Running, Self::Done, Self::Declined, Self::Cancelled, Self::Expired];

    /// True once it will not be done: what was sent with it is erased.
    pub fn is_off(self) -> bool {
        matches!(self, Self::Declined | Self::Cancelled | Self::Expired)
    }

    /// True while it waits for the operator to start it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Requested | Self::Accepted)
    }
}

/// What can be done with a request now, by whoever reads it; the page shows exactly these buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RequestAction {
    /// For operators: say that it will be done.
    Accept,
    /// For operators: say that it will not be done, and why.
    Decline,
    /// For operators: schedule its order.
    Start,
    /// For the customer: take it back.
    Cancel,
}

/// What a file of a request holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AttachmentKind {
    /// Contacts: a `.vcf` file (vCard, RFC 6350).
    Contacts,
    /// Appointments and tasks: an `.ics` file (iCalendar, RFC 5545).
    Calendar,
}

/// A file that goes with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AttachmentUpload {
    /// Its name, ending in `.vcf` or `.ics`; 1 to 200 characters.
    #[cfg_attr(feature = "openapi", schema(example = "contacts.vcf", min_length = 1, max_length = 200))]
    pub name: String,
    /// Its bytes in Base64 (RFC 4648 section 4): UTF-8, UTF-16 or Windows-1252, a whole vCard or iCalendar file of at most
    /// 5 MB.
    #[cfg_attr(feature = "openapi", schema(max_length = 6_666_668))]
    pub content: Secret,
}

/// A file of a request, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestAttachment {
    /// Its id.
    pub id: AttachmentId,
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: AttachmentKind,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Contacts, or appointments and tasks, in it.
    pub entries: u32,
}

/// Asks the operator to do a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestCreate {
    /// The version of terms and privacy statement that was accepted; see the service information.
    #[cfg_attr(feature = "openapi", schema(example = "2026-11-26"))]
    pub accepted_terms: String,
    /// The accounts, as a file; look at it with previewImport first. Rows that are not good are named in the answer, the
    /// others are taken.
    pub accounts: ImportRequest,
    /// When it should start, written with the offset of the customer's own time zone: at least 24 hours ahead, at least
    /// 48 hours if it lies on a Saturday or Sunday there, and at most 90 days.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime,
        example = "2026-12-02T20:00:00+01:00"))]
    pub wished_start: DateTime<FixedOffset>,
    /// Where the operator asks back, and where status mails go.
    pub contact_address: MailAddress,
    /// What the operator should know, at most 4000 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_length = 4000))]
    pub note: String,
    /// Contacts and appointments that were exported from the old service: at most 10 files, and 10 MB together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 10))]
    pub attachments: Vec<AttachmentUpload>,
    /// Language of page and mails; absent: the pre-configured link's, or else English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// The old provider, for rows that name no server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ProviderChoice>,
    /// The new provider, for rows that name no server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<ProviderChoice>,
    /// What to leave out, and how to copy.
    #[serde(default)]
    pub options: OrderOptions,
    /// The token of a pre-configured link, which may fix providers and pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Secret>,
}

/// What became of a request that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestSent {
    /// The rows of the file, good and bad.
    pub import: ImportResult,
    /// The request.
    pub request: MigrationRequest,
    /// Its order.
    pub order: Order,
}

/// A requested migration, as its customer or the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MigrationRequest {
    /// Its id.
    pub id: RequestId,
    /// The order that holds its accounts and runs.
    pub order_id: OrderId,
    /// Where it stands.
    pub state: RequestState,
    /// Where its order stands: `awaiting_payment` and `scheduled` while it is accepted.
    pub order_state: OrderState,
    /// Whose customer sent it; for operators only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<RequestTenant>,
    /// When it should start.
    #[serde(deserialize_with = "crate::time::read")]
    pub wished_start: DateTime<Utc>,
    /// When it starts, once its order is scheduled.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub earliest_start: Option<DateTime<Utc>>,
    /// Where the operator asks back; absent once its personal data is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_address: Option<MailAddress>,
    /// What the operator should know.
    pub note: String,
    /// Account pairs of its order.
    pub pairs: u32,
    /// Of these, those whose latest run failed, wholly or for some messages, or waits for its owner. A request that is done
    /// with some of them is done with exceptions.
    #[serde(default)]
    pub attention: u32,
    /// The files that were sent along; none once they are erased.
    pub attachments: Vec<RequestAttachment>,
    /// Why it was declined, in the operator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// True if the operator has started it without payment.
    pub payment_waived: bool,
    /// True for a sandbox order.
    #[serde(default)]
    pub sandbox: bool,
    /// When it was sent.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// When its state last changed.
    #[serde(deserialize_with = "crate::time::read")]
    pub changed_at: DateTime<Utc>,
    /// What can be done now by whoever reads this.
    pub actions: Vec<RequestAction>,
}

/// Whose customer sent a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestTenant {
    /// The tenant.
    pub id: TenantId,
    /// Its name.
    pub name: String,
}

/// One line of the operator's queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestListItem {
    /// Its id.
    pub id: RequestId,
    /// The order that holds its accounts and runs.
    pub order_id: OrderId,
    /// Where it stands.
    pub state: RequestState,
    /// Where its order stands.
    pub order_state: OrderState,
    /// Whose customer sent it.
    pub tenant: RequestTenant,
    /// When it should start.
    #[serde(deserialize_with = "crate::time::read")]
    pub wished_start: DateTime<Utc>,
    /// Where to ask back; absent once its personal data is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_address: Option<MailAddress>,
    /// Account pairs of its order.
    pub pairs: u32,
    /// Files that were sent along.
    pub attachments: u32,
    /// True for a sandbox order.
    #[serde(default)]
    pub sandbox: bool,
    /// When it was sent.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// When its state last changed.
    #[serde(deserialize_with = "crate::time::read")]
    pub changed_at: DateTime<Utc>,
}

/// One page of the operator's queue: what is to start first comes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestPage {
    /// The requests.
    pub items: Vec<RequestListItem>,
    /// To be sent as `cursor` for the next page, with the same filter; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Declines a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestDecline {
    /// Why, for the customer: 1 to 2000 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 2000,
            example = "The old provider has switched off IMAP for your accounts; please ask them to switch it on."
        )
    )]
    pub reason: String,
}

/// Starts a request that was accepted: its order is scheduled.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RequestStart {
    /// Not before this time; absent: at the wished start, or at once if that is past.
    #[serde(deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub earliest_start: Option<DateTime<Utc>>,
    /// A delta that starts by itself after the first run; absent: only by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delta_schedule: Option<DeltaSchedule>,
    /// Start it although it is not paid for. Otherwise an order that is not paid for waits for payment, which then
    /// schedules it. What vouchers had paid for it comes back to them.
    pub waive_payment: bool,
}
