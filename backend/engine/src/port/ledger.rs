//! The ledger: machine truth, source reference → destination reference.

use std::{collections::BTreeMap, future::Future};

use mailferry_domain::{
    folder::FolderPath,
    ledger::{FolderState, Intent, Settlement},
    uid::UidValidity,
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
    /// Of the destination folder.
    pub destination_uid_validity: UidValidity,
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

/// The ledger of one account pair, bound to one run and one lease. Every write checks the lease's fencing number in
/// the same transaction, is synced to disk before it returns, and adds to the run's totals in the same transaction.
///
/// Errors are [`LedgerError`]: after one, nothing more may be sent.
pub trait Ledger: Clone + Send + Sync + 'static {
    /// Where earlier runs of this pair put each source folder.
    fn bindings(&self) -> impl Future<Output = Result<BTreeMap<FolderPath, FolderPath>, LedgerError>> + Send;

    /// Opens a folder and tells what is known of it.
    ///
    /// If the source's UIDVALIDITY differs from the one known, a new generation of entries begins, and the settled
    /// entries of the former ones are told as [`FolderState::earlier`]. If the destination's differs, the UIDs of all
    /// settled entries that point there are forgotten and the entries become open intents again (UIDNEXT 1).
    fn open_folder(
        &self,
        binding: &FolderBinding,
    ) -> impl Future<Output = Result<(LedgerFolderId, FolderState), LedgerError>> + Send;

    /// Sets this run's totals for the folder: `listed` and `present_earlier` as given, stored and present recounted
    /// from what this run has settled already, everything else zero.
    fn start_folder(
        &self,
        folder: LedgerFolderId,
        start: FolderStart,
    ) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Records that the messages of `batch` are about to be sent.
    fn intend(
        &self,
        folder: LedgerFolderId,
        destination_uid_next: u32,
        batch: &[Intent],
    ) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Records outcomes; an entry that is settled already stays as it is and is not counted again.
    fn settle(
        &self,
        folder: LedgerFolderId,
        outcomes: &[Settlement],
    ) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Records what concerns a folder or the whole run. The same finding about the same subject is kept once a run.
    fn note(&self, finding: &Finding) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Marks the folder as dealt with in this run; `settled` source UIDs that exist no more may be dropped later.
    fn finish_folder(&self, folder: LedgerFolderId) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// This run's totals, as kept with the outcomes.
    fn totals(&self) -> impl Future<Output = Result<Counts, LedgerError>> + Send;

    /// Intents of this pair without an outcome, in all folders: what a successor must wait for and decide.
    fn open_intents(&self) -> impl Future<Output = Result<u64, LedgerError>> + Send;
}
