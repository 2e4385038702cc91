//! Dry runs: what a migration would do, before anything is copied.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    finding::{Finding, FindingCode},
    ids::{DryRunId, OrderId, PairId},
    order::StartKind,
};

/// Starts a dry run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct DryRunCreate {
    /// Only these pairs; empty: every ticked pair.
    pub pair_ids: Vec<PairId>,
    /// What a full migration would do, or a free trial, which copies the last days alone.
    pub kind: StartKind,
}

/// Where the dry run of a pair stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DryRunState {
    /// Waiting.
    Queued,
    /// Both sides are being looked at.
    Running,
    /// The result is there.
    Finished,
    /// It could not be done; the findings say why.
    Failed,
}

/// What would become of messages. `listed` is the sum of `copy`, `present` and `skipped`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct DryRunCounts {
    /// Messages at the source.
    pub listed: u64,
    /// Their size, bytes.
    pub listed_bytes: u64,
    /// Messages that would be copied. Those that are at the destination already without our doing are told apart only
    /// when they are fetched.
    pub copy: u64,
    /// Their size, bytes.
    pub copy_bytes: u64,
    /// Messages that earlier runs have copied.
    pub present: u64,
    /// Their size, bytes.
    pub present_bytes: u64,
    /// Messages that would be left out.
    pub skipped: u64,
    /// Their size, bytes.
    pub skipped_bytes: u64,
}

impl DryRunCounts {
    /// Adds those of another folder or pair.
    pub fn add(&mut self, other: &Self) {
        self.listed += other.listed;
        self.listed_bytes += other.listed_bytes;
        self.copy += other.copy;
        self.copy_bytes += other.copy_bytes;
        self.present += other.present;
        self.present_bytes += other.present_bytes;
        self.skipped += other.skipped;
        self.skipped_bytes += other.skipped_bytes;
    }
}

/// Messages of a folder that would be left out for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DryRunSkip {
    /// Why: `message_too_large` or `message_filtered`.
    pub code: FindingCode,
    /// How many.
    pub messages: u64,
    /// Their size, bytes.
    pub size_bytes: u64,
}

/// One line of the folder mapping, and what would become of the folder's messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DryRunFolder {
    /// The folder at the source, decoded, with `/` between the levels.
    pub source: String,
    /// Where it would go.
    pub destination: String,
    /// True if it would be made at the destination.
    pub create: bool,
    /// True if the destination cannot take the name as it is.
    pub renamed: bool,
    /// What would become of its messages.
    pub counts: DryRunCounts,
    /// What would be left out, and why.
    #[serde(default)]
    pub skipped: Vec<DryRunSkip>,
}

/// Why a folder would not be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LeftOutReason {
    /// The order's options name it.
    Option,
    /// It is the trash folder.
    Trash,
    /// It is the junk folder.
    Junk,
    /// It cannot hold messages.
    NoMessages,
    /// It shows messages of other folders.
    View,
    /// It holds chats, which are no mail.
    Chats,
    /// It belongs to somebody else or is shared.
    Shared,
}

/// A folder that would not be copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DryRunLeftOut {
    /// The folder at the source.
    pub folder: String,
    /// Why.
    pub reason: LeftOutReason,
    /// How many messages lie in it; absent where that was not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
}

/// The dry run of one pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PairDryRun {
    /// The pair.
    pub pair_id: PairId,
    /// The old account's name.
    pub source: String,
    /// The new account's name.
    pub destination: String,
    /// Where it stands.
    pub state: DryRunState,
    /// Why it failed, or what concerns single folders; besides, the certificates that were accepted for its servers
    /// (`certificate_pinned`).
    pub findings: Vec<Finding>,
    /// All folders together.
    pub counts: DryRunCounts,
    /// The folder mapping: INBOX first, then in the source's order.
    pub folders: Vec<DryRunFolder>,
    /// Folders that would not be copied.
    pub left_out: Vec<DryRunLeftOut>,
    /// When its result was there.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
}

/// A dry run with the results so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DryRun {
    /// Its id.
    pub id: DryRunId,
    /// The order.
    pub order_id: OrderId,
    /// Of a full migration or of a free trial.
    #[serde(default)]
    pub kind: StartKind,
    /// When it was asked for.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// True once every pair has a result.
    pub finished: bool,
    /// All pairs together.
    pub counts: DryRunCounts,
    /// One by one.
    pub pairs: Vec<PairDryRun>,
}
