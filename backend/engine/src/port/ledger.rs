//! The ledger: machine truth, source reference → destination reference.

use std::{collections::BTreeMap, future::Future, time::Duration};

use mailferry_domain::{
    folder::FolderPath,
    item::Flags,
    ledger::{CopiedFlags, Cursor, FolderState, Intent, Repaired, Settlement},
    uid::{Uid, UidValidity},
};
use mailferry_shared::{finding::Finding, run::Counts};

use super::error::LedgerError;

/// The ledger's own number for a source folder that goes to a destination folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LedgerFolderId(pub i64);

/// A source folder, its destination, and the UIDVALIDITY of both as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderBinding {
    /// The folder at the source.
    pub source: FolderPath,
    /// The folder at the destination.
    pub destination: FolderPath,
    /// Of the source folder.
    pub source_uid_validity: UidValidity,
    /// Of the destination folder; `None` if it cannot be opened: nothing is concluded from that, and a folder that
    /// never could be is not told by [`Ledger::bindings`], so that it may go elsewhere in a later run.
    pub destination_uid_validity: Option<UidValidity>,
}

/// What earlier runs left behind of a source folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The ledger's number for it.
    pub id: LedgerFolderId,
    /// Where it went.
    pub destination: FolderPath,
    /// Where a delta goes on. `None` as well if messages before it were dealt with by this very run, and another one
    /// finished the folder meanwhile: what a run has stored stays counted as stored when it is begun again.
    pub cursor: Option<Cursor>,
    /// True if this very run has dealt with all of it before it was interrupted.
    pub finished_by_this_run: bool,
}

/// What is known once a folder has been planned; sets this run's totals for the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FolderStart {
    /// Messages at the source that this run deals with, those included that it settled before an interruption.
    pub listed: u64,
    /// Their size.
    pub listed_bytes: u64,
    /// Of those, settled by earlier runs; they count as present.
    pub present_earlier: u64,
    /// Their size.
    pub present_earlier_bytes: u64,
}

/// Bytes of bodies that have passed, or are about to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Read from the source.
    pub from_source_bytes: u64,
    /// Written to the destination.
    pub to_destination_bytes: u64,
    /// Read back from the destination.
    pub from_destination_bytes: u64,
}

/// One thing to write down.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// Sets this run's totals for the folder: `listed` and `present_earlier` as given, stored and present recounted
    /// from what this run has settled already, everything else zero.
    Start(LedgerFolderId, FolderStart),
    /// The messages are about to be sent.
    Intend {
        /// Their folder.
        folder: LedgerFolderId,
        /// The destination folder's UIDNEXT when it was opened.
        destination_uid_next: u32,
        /// The messages.
        batch: Vec<Intent>,
    },
    /// The message, whose intent is written and which was refused, is about to be sent with repairs.
    IntendRepaired {
        /// Its folder.
        folder: LedgerFolderId,
        /// Its UID at the source.
        source_uid: Uid,
        /// What is sent.
        repaired: Repaired,
    },
    /// The source's flags of settled messages, by UID at the source, as they have been carried over.
    Flags(LedgerFolderId, Vec<(Uid, Flags)>),
    /// Outcomes; an entry that is settled already stays as it is and is not counted again.
    Settle(LedgerFolderId, Vec<Settlement>),
    /// Subjects, by UID at the source, of messages that this run tells of otherwise than as stored.
    Subjects(LedgerFolderId, Vec<(Uid, String)>),
    /// The folder has been dealt with in this run; with a cursor, all of it is Stored or Present.
    Finish(LedgerFolderId, Option<Cursor>),
    /// Nothing has changed in the folder since its cursor was written: all of it counts as present.
    Unchanged(LedgerFolderId, Cursor),
    /// Bodies that have passed, for the accounts' daily amounts.
    Traffic(Traffic),
    /// The destination has taken this long to answer for a batch: [`Ledger::longest_append`].
    AppendTook(Duration),
    /// This run is to copy these source folders, of which nothing is settled for good yet: those that it never comes to
    /// are known to be missing.
    Awaited(Vec<FolderPath>),
    /// What concerns a folder or the whole run. The same finding about the same subject is kept once a run.
    Note(Finding),
}

/// The ledger of one account pair, bound to one run and one lease. Every write checks the lease's fencing number in
/// the same transaction, is synced to disk before it returns, and adds to the run's totals in the same transaction.
///
/// Errors are [`LedgerError`]: after one, nothing more may be sent.
pub trait Ledger: Clone + Send + Sync + 'static {
    /// What earlier runs of this pair left behind of each source folder.
    fn bindings(&self) -> impl Future<Output = Result<BTreeMap<FolderPath, Binding>, LedgerError>> + Send;

    /// Opens folders and tells what is known of each, in the same order.
    ///
    /// If the source's UIDVALIDITY differs from the one known, a new generation of entries begins, and the settled
    /// entries of the former ones are told as [`FolderState::earlier`]. If the destination's differs, the UIDs of all
    /// settled entries that point there are forgotten and the entries become open intents again (UIDNEXT 1).
    fn open_folders(
        &self,
        bindings: &[FolderBinding],
    ) -> impl Future<Output = Result<Vec<(LedgerFolderId, FolderState)>, LedgerError>> + Send;

    /// Flags as they were copied, of settled messages whose UID at the source lies in `first..=last`, ascending; without
    /// those whose UID at the destination, or whose flags, are not known.
    fn copied_flags(
        &self,
        folder: LedgerFolderId,
        first: Uid,
        last: Uid,
    ) -> impl Future<Output = Result<Vec<CopiedFlags>, LedgerError>> + Send;

    /// Writes all of `entries`, in their order, or none: one commit, one sync. Whoever gives up waiting for it does not
    /// undo it: it is written all the same, and has been once nothing at all was written after it.
    fn write(&self, entries: Vec<Entry>) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// This run's totals, as kept with the outcomes.
    fn totals(&self) -> impl Future<Output = Result<Counts, LedgerError>> + Send;

    /// Intents of this pair without an outcome, in all folders: what a successor must wait for and decide.
    fn open_intents(&self) -> impl Future<Output = Result<u64, LedgerError>> + Send;

    /// The longest that the destination has taken to answer for a batch in any run of this pair, as far as that was
    /// written down: it may still work for as long on a batch whose sender is gone.
    fn longest_append(&self) -> impl Future<Output = Result<Duration, LedgerError>> + Send;
}
