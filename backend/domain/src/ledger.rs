//! What the ledger knows of a folder: machine truth about what was sent where, and what became of it.
//!
//! States of an entry: Intended → Stored | Present | Skipped(reason) | Failed(cause) | Uncertain.

use chrono::{DateTime, FixedOffset};
use mailferry_shared::finding::FindingCode;

use crate::{
    item::{ContentKey, Flags},
    print::Traits,
    repair::Repairs,
    uid::{Uid, UidSet, UidValidity},
};

/// Written and synced *before* a message is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// UID at the source.
    pub source_uid: Uid,
    /// Size and hash of the bytes about to be sent.
    pub key: ContentKey,
    /// Internal date at the source.
    pub internal_date: Option<DateTime<FixedOffset>>,
    /// Message-ID, if the message has one.
    pub message_id: Option<String>,
    /// What *Verify* compares with later.
    pub traits: Traits,
}

/// An intent whose outcome is not known: the process or the line died in between, or it stayed uncertain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenIntent {
    /// UID at the source.
    pub source_uid: Uid,
    /// Size and hash of the source's bytes: the message's identity.
    pub key: ContentKey,
    /// The destination folder's UIDNEXT when the intent was written: whatever arrived has this UID or a higher one.
    pub destination_uid_next: u32,
    /// What was sent instead of the source's bytes, which were refused.
    pub repaired: Option<Repaired>,
    /// True if an earlier run had settled it, before the destination's UIDs lost their meaning.
    pub settled_before: bool,
}

impl OpenIntent {
    /// Size and hash of the bytes that may have arrived.
    pub fn sent_key(&self) -> ContentKey {
        self.repaired.map_or(self.key, |repaired| repaired.key)
    }
}

/// A message as it is sent after it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repaired {
    /// Size and hash of its bytes.
    pub key: ContentKey,
    /// What is no longer as at the source.
    pub repairs: Repairs,
}

/// How a message's story in this run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was copied; the destination's UID, where the server told it (APPENDUID, RFC 4315) or it was found.
    Stored(Option<Uid>),
    /// It was at the destination without us, or the destination keeps one message for it and another one like it.
    Present(Option<Uid>),
    /// An earlier run copied it, and it was found again after UIDs had lost their meaning (UIDVALIDITY).
    Found(Option<Uid>),
    /// It was left out.
    Skipped(FindingCode),
    /// It could not be copied.
    Failed(FindingCode),
    /// It could not be decided whether it has arrived.
    Uncertain,
}

impl Outcome {
    /// True if the message is at the destination and needs nothing more in later runs.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Stored(_) | Self::Present(_) | Self::Found(_))
    }
}

/// The flags of a message as they were when it was copied, or last carried over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedFlags {
    /// UID at the source.
    pub source_uid: Uid,
    /// UID at the destination.
    pub destination_uid: Uid,
    /// The source's flags then.
    pub flags: Flags,
}

/// The outcome of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// UID at the source.
    pub source_uid: Uid,
    /// Size as listed, bytes; what totals add up.
    pub size_bytes: u64,
    /// Size and hash, once the bytes were read.
    pub key: Option<ContentKey>,
    /// Internal date at the source.
    pub internal_date: Option<DateTime<FixedOffset>>,
    /// Message-ID, if known.
    pub message_id: Option<String>,
    /// What *Verify* compares with later, if the bytes were read and no intent has it.
    pub traits: Option<Traits>,
    /// What became of it.
    pub outcome: Outcome,
}

/// Where a delta of a folder goes on. It exists only when every message that was there has been dealt with for good:
/// all below [`Cursor::uid_next`] are Stored or Present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The source folder's UIDVALIDITY then.
    pub source_uid_validity: UidValidity,
    /// The source folder's UIDNEXT then.
    pub source_uid_next: u32,
    /// Messages in the source folder then.
    pub messages: u64,
    /// Their size as listed.
    pub size_bytes: u64,
    /// The destination folder's UIDVALIDITY then.
    pub destination_uid_validity: UidValidity,
    /// The source folder's HIGHESTMODSEQ when the flags at the destination were last what they are at the source;
    /// `None` where that is not known.
    pub source_modseq: Option<u64>,
}

/// What the ledger knows of one source folder and its destination, for the present UIDVALIDITY of both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderState {
    /// Source UIDs that are Stored or Present.
    pub settled: UidSet,
    /// Those of `settled` that this very run settled before it was interrupted.
    pub settled_by_this_run: UidSet,
    /// Destination UIDs known to belong to settled entries, of every source folder that goes to this destination.
    pub claimed: UidSet,
    /// Settled entries whose destination UID is unknown: each stands for one message at the destination.
    pub unaddressed: Vec<ContentKey>,
    /// Intents without an outcome.
    pub open: Vec<OpenIntent>,
    /// Settled entries of earlier source UIDVALIDITY values: what content was dealt with already, and what becomes of a
    /// message that has it: `Found`, or what this very run has counted it as.
    pub earlier: Vec<(ContentKey, Outcome)>,
}
