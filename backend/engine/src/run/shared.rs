//! What the lanes of a run share.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
};

use mailferry_domain::{folder::FolderPath, mapping::MappedFolder, uid::Uid};
use mailferry_shared::finding::{Finding, FindingCode};

use super::{asked::Job, stop::Stop, told::FolderReport};
use crate::{
    allowance::Meter,
    former::Former,
    job::FolderTask,
    keeps::Kept,
    port::{Command, Connector, ConnectorError, Decision, Entry, FolderFetch, Ledger, LedgerError, ProgressEvent},
    suspect::Suspect,
};

/// What was stored before is looked at so often at most, if that fails.
const LOOKS_BACK: u8 = 2;

/// What the lanes of a run share.
pub(crate) struct Shared<C, L> {
    pub(crate) job: Job<C, L>,
    /// What may still be moved today.
    pub(crate) meter: Meter,
    /// Folders still to do, in portions.
    pub(super) queue: Mutex<VecDeque<Vec<FolderTask>>>,
    pub(super) reports: Mutex<BTreeMap<FolderPath, FolderReport>>,
    pub(super) notes: Mutex<Vec<Finding>>,
    pub(super) given_up: Mutex<BTreeSet<FolderPath>>,
    pub(super) unfinished: Mutex<Vec<(Finding, ConnectorError)>>,
    /// Messages that the destination has refused as they are.
    pub(super) refused: Mutex<BTreeSet<(FolderPath, Uid)>>,
    /// Messages that this process has tried in vain, with the cause.
    pub(super) failed: Mutex<BTreeMap<FolderPath, BTreeMap<Uid, FindingCode>>>,
    /// What the destination's word on UIDs is worth: a [`Word`].
    pub(super) word: AtomicU8,
    /// What becomes of messages there, as far as it was seen.
    pub(super) kept: Mutex<Kept>,
    /// Whoever has it sends a message to see what becomes of it. Holds how often what was stored before may be looked at
    /// still: not at all once that was done.
    pub(crate) probing: tokio::sync::Mutex<u8>,
    /// Folders of which something may have been stored before this process began.
    pub(super) former: Mutex<Arc<[Former]>>,
    /// Set once this process was logged in at both sides.
    pub(super) connected: AtomicBool,
    /// Set once the source has delivered a message.
    pub(super) delivers: AtomicBool,
    /// A message that the source has delivered.
    pub(super) delivered: Mutex<Option<FolderFetch>>,
    /// Set once subjects could not be read.
    pub(super) no_subjects: AtomicBool,
    /// True if there is more than one folder to copy.
    pub(super) has_others: AtomicBool,
    /// Folders that are tried once more behind all others.
    pub(super) put_back: Mutex<BTreeSet<FolderPath>>,
    /// Where lines broke while folders were read.
    pub(super) suspects: Mutex<BTreeMap<FolderPath, Suspect>>,
    /// The service's own numbers of messages that lie in a folder of their own (Gmail).
    pub(super) filed: Mutex<Arc<HashSet<u64>>>,
    /// Folders whose destination could not store anything, since anything was stored last.
    pub(super) storage_failures: AtomicU32,
    /// The longest that the destination took, or was waited for, to answer for a batch; milliseconds.
    pub(super) longest_append_ms: AtomicU64,
    /// Folders that this run has dealt with before it was interrupted.
    pub(super) finished_before: AtomicUsize,
    /// Set when one lane had to stop: the others stop at their next batch.
    pub(super) halted: AtomicBool,
}

impl<C, L> Shared<C, L> {
    pub(super) fn new(job: Job<C, L>) -> Self {
        Self {
            meter: Meter::new(job.options.allowances),
            job,
            queue: Mutex::default(),
            reports: Mutex::default(),
            notes: Mutex::default(),
            given_up: Mutex::default(),
            unfinished: Mutex::default(),
            refused: Mutex::default(),
            failed: Mutex::default(),
            word: AtomicU8::default(),
            kept: Mutex::default(),
            probing: tokio::sync::Mutex::new(LOOKS_BACK),
            former: Mutex::default(),
            connected: AtomicBool::new(false),
            delivers: AtomicBool::new(false),
            delivered: Mutex::default(),
            no_subjects: AtomicBool::new(false),
            has_others: AtomicBool::new(false),
            put_back: Mutex::default(),
            suspects: Mutex::default(),
            filed: Mutex::default(),
            storage_failures: AtomicU32::new(0),
            longest_append_ms: AtomicU64::new(0),
            finished_before: AtomicUsize::new(0),
            halted: AtomicBool::new(false),
        }
    }

    /// Stops the run here if it was told to, or if another lane had to stop.
    pub(crate) fn obey(&self) -> Result<(), Stop> {
        match self.job.control.now() {
            Command::Go if self.halted.load(Ordering::Relaxed) => Err(Stop::Command(Command::HandOver)),
            Command::Go => Ok(()),
            command => Err(Stop::Command(command)),
        }
    }

    /// Folders of which something may have been stored before this process began.
    pub(crate) fn former(&self) -> Arc<[Former]> {
        lock(&self.former).clone()
    }

    /// Numbers of messages that lie in a folder of their own.
    pub(crate) fn filed(&self) -> Arc<HashSet<u64>> {
        lock(&self.filed).clone()
    }

    /// Both sides are logged in at.
    pub(crate) fn is_connected(&self) {
        self.connected.store(true, Ordering::Relaxed);
    }

    /// The source has delivered a message.
    pub(crate) fn source_delivers(&self) {
        self.delivers.store(true, Ordering::Relaxed);
    }

    /// True if the owner wants to see subjects, and they could be read so far.
    pub(crate) fn wants_subjects(&self) -> bool {
        self.job.options.show_subjects && !self.no_subjects.load(Ordering::Relaxed)
    }

    pub(crate) fn want_no_more_subjects(&self) {
        self.no_subjects.store(true, Ordering::Relaxed);
    }
}

impl<C: Connector, L: Ledger> Shared<C, L> {
    pub(crate) fn next_portion(&self) -> Option<Vec<FolderTask>> {
        lock(&self.queue).pop_front()
    }

    pub(crate) fn report(&self, report: FolderReport) {
        lock(&self.reports).insert(report.source.clone(), report);
    }

    /// A folder cannot be copied: that is noted, and the others go on.
    pub(crate) async fn give_up(&self, mapped: &MappedFolder, note: Finding) -> Result<(), LedgerError> {
        lock(&self.given_up).insert(mapped.source.path.clone());
        self.note(note).await
    }

    /// What a failed connection means for this run, which may have worked before.
    pub(crate) async fn hopeful(&self, error: ConnectorError) -> Result<ConnectorError, LedgerError> {
        if !error.is_of_the_way() {
            return Ok(error);
        }
        let ledger = &self.job.ledger;
        let worked = self.connected.load(Ordering::Relaxed)
            || ledger.totals().await?.done() > 0
            || (self.job.options.dry_run && !ledger.bindings().await?.is_empty());
        Ok(error.hopeful(worked))
    }

    /// No folder is forgotten: each was copied, given up or left unfinished.
    pub(super) fn check_all_dealt_with(&self, folders: usize) -> Result<(), ConnectorError> {
        let before = self.finished_before.load(Ordering::Relaxed);
        let mut now: BTreeSet<String> = lock(&self.reports).keys().map(ToString::to_string).collect();
        now.extend(lock(&self.given_up).iter().map(ToString::to_string));
        now.extend(lock(&self.unfinished).iter().filter_map(|(finding, _)| finding.subject.clone()));
        let now = now.len();
        if before + now == folders {
            return Ok(());
        }
        let context = format!("{} of {folders} folders were dealt with", before + now);
        Err(ConnectorError::new(FindingCode::Internal, Decision::Retry, context))
    }

    /// Leaves a folder whose line was lost again and again for another attempt.
    pub(crate) fn leave_unfinished(&self, mapped: &MappedFolder, error: ConnectorError) {
        let finding = error.finding().about(mapped.source.path.to_string());
        lock(&self.unfinished).push((finding, error));
    }

    pub(crate) async fn note_renaming(&self, mapped: &MappedFolder) -> Result<(), LedgerError> {
        let subject = format!("{} → {}", mapped.source.path, mapped.destination);
        self.note(Finding::new(FindingCode::FolderRenamed).about(subject)).await
    }

    /// Records a note in the protocol and shows it.
    pub(crate) async fn note(&self, finding: Finding) -> Result<(), LedgerError> {
        self.show(&finding);
        if self.job.options.dry_run { Ok(()) } else { self.job.ledger.write(vec![Entry::Note(finding)]).await }
    }

    /// Shows a note that is recorded elsewhere.
    pub(crate) fn show(&self, finding: &Finding) {
        self.job.progress.event(ProgressEvent::Note(finding));
        let mut notes = lock(&self.notes);
        if !notes.contains(finding) {
            notes.push(finding.clone());
        }
    }
}

/// A panic in another lane must not take this one down with it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
