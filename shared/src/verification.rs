//! Verify: the destination is fetched again and compared with what was copied.

mod difference;

use chrono::{DateTime, Utc};
pub use difference::{Difference, DifferenceKind};
use serde::{Deserialize, Serialize};

use crate::{
    finding::{Finding, FindingCode},
    ids::{OrderId, PairId, VerificationId},
};

/// How a message was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Byte for byte.
    Identical,
    /// Byte for byte as it was sent: repaired, since the server had refused it as it was.
    Repaired,
    /// The server has changed its header or its line ends; what follows the header is the same.
    Rewritten,
    /// It is there, but what follows its header, or what it is, has changed.
    Different,
    /// It is not in its folder.
    Absent,
    /// Its folder could not be read: nothing is known of it.
    Unread,
}

/// How many messages were found how. `expected` is the sum of `identical`, `repaired`, `rewritten`, `different`,
/// `absent` and `unread` once the verification has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct VerificationCounts {
    /// Messages that should be at the destination.
    pub expected: u64,
    /// There, byte for byte.
    pub identical: u64,
    /// There, byte for byte as they were sent: repaired, since the server had refused them as they were.
    pub repaired: u64,
    /// There, with a header or line ends that the server has changed.
    pub rewritten: u64,
    /// There, with other content.
    pub different: u64,
    /// Not there.
    pub absent: u64,
    /// In folders that could not be read.
    pub unread: u64,
    /// Of those that are there, with other flags than were copied.
    pub flags_differ: u64,
    /// Of those that are there, with another internal date than was copied.
    pub dates_differ: u64,
    /// Messages that were left out by an option, and are not expected.
    pub left_out: u64,
}

impl VerificationCounts {
    /// Messages that are there: byte for byte, repaired or rewritten.
    pub fn arrived(&self) -> u64 {
        self.identical + self.repaired + self.rewritten
    }

    /// True if everything is there as it was sent.
    pub fn is_perfect(&self) -> bool {
        self.identical + self.repaired == self.expected && self.flags_differ == 0 && self.dates_differ == 0
    }

    /// Adds `other` to these.
    pub fn add(&mut self, other: &Self) {
        self.expected += other.expected;
        self.identical += other.identical;
        self.repaired += other.repaired;
        self.rewritten += other.rewritten;
        self.different += other.different;
        self.absent += other.absent;
        self.unread += other.unread;
        self.flags_differ += other.flags_differ;
        self.dates_differ += other.dates_differ;
        self.left_out += other.left_out;
    }
}

/// One message that is not there exactly as it was copied. Never a subject or a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerificationItem {
    /// How it was found.
    pub grade: Grade,
    /// Its folder at the source.
    pub folder: String,
    /// Its UID at the source.
    pub uid: u32,
    /// Its folder at the destination.
    pub destination_folder: String,
    /// Its UID at the destination: where it was found, else where it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_uid: Option<u32>,
    /// Its Message-ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Size in bytes as it was copied.
    pub size_bytes: u64,
    /// Size in bytes of what is there, if other bytes are there than were sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_size_bytes: Option<u64>,
    /// What has changed of it: the header first, then what follows it, then what was repaired before it was sent.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub differences: Vec<Difference>,
    /// Flags that were copied and are there no more.
    pub flags_missing: Vec<String>,
    /// Flags that are there and were not copied.
    pub flags_added: Vec<String>,
    /// The internal date that was copied, if another one is there.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub expected_date: Option<DateTime<Utc>>,
    /// The internal date that is there, if another one was copied.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub date: Option<DateTime<Utc>>,
}

/// Starts a verification.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct VerificationCreate {
    /// Only these pairs; empty: every pair of which something was copied.
    pub pair_ids: Vec<PairId>,
}

/// Where the verification of a pair stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VerificationState {
    /// Waits for a worker, or for a run that is copying.
    Queued,
    /// A worker is at it.
    Running,
    /// Every message was compared.
    Finished,
    /// It could not be compared; the findings say why.
    Failed,
}

/// What was found of one pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PairVerification {
    /// The pair.
    pub pair_id: PairId,
    /// The old account.
    pub source: String,
    /// The new account.
    pub destination: String,
    /// Where it stands.
    pub state: VerificationState,
    /// How many messages were found how; all zero until it has finished.
    pub counts: VerificationCounts,
    /// Why it failed, folders that could not be read, and what is not part of the proof (`not_proven`): folders of the
    /// source that could not be read, were listed short or were left unfinished. With any of them, not everything is
    /// proven to be there, whatever the counts say. Besides, the certificate that was accepted for the new server, if it
    /// was compared under one (`certificate_pinned`): that takes nothing from the proof.
    pub findings: Vec<Finding>,
    /// Messages that are not there exactly as they were copied, the worst first; at most 500.
    pub items: Vec<VerificationItem>,
    /// How many such messages there are in all.
    pub items_total: u64,
    /// When it ended.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
}

impl PairVerification {
    /// True if nothing was found that takes anything from the proof, whatever the counts say.
    pub fn has_no_gaps(&self) -> bool {
        self.findings.iter().all(|finding| finding.code == FindingCode::CertificatePinned)
    }
}

/// A verification with the results so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Verification {
    /// Its id.
    pub id: VerificationId,
    /// The order.
    pub order_id: OrderId,
    /// When it was asked for.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// True once every pair has finished or failed.
    pub finished: bool,
    /// Over all pairs that have finished.
    pub counts: VerificationCounts,
    /// The pairs.
    pub pairs: Vec<PairVerification>,
}

/// A verification in brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerificationSummary {
    /// Its id.
    pub id: VerificationId,
    /// When it was asked for.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// True once every pair has finished or failed.
    pub finished: bool,
    /// How many pairs it is of.
    pub pairs: u64,
    /// How many of them could not be compared.
    pub pairs_failed: u64,
    /// Over all pairs that have finished.
    pub counts: VerificationCounts,
}

impl From<Verification> for VerificationSummary {
    fn from(verification: Verification) -> Self {
        let failed = |pair: &&PairVerification| pair.state == VerificationState::Failed;
        Self {
            id: verification.id,
            created_at: verification.created_at,
            finished: verification.finished,
            pairs: verification.pairs.len() as u64,
            pairs_failed: verification.pairs.iter().filter(failed).count() as u64,
            counts: verification.counts,
        }
    }
}

/// The latest verifications of an order, the last one first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerificationList {
    /// The verifications.
    pub items: Vec<VerificationSummary>,
    /// The cursor of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
