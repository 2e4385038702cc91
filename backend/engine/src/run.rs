//! One run for one account pair.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use mailferry_domain::{
    folder::FolderPath,
    mapping::{FolderMapping, LeftOut, MappedFolder, MappingOptions, map_folders},
    plan::ItemFilter,
    repair::Repairs,
    run::grade,
    uid::Uid,
};
use mailferry_shared::{
    finding::{Finding, FindingCode},
    run::{Counts, RunState},
};
use tokio::task::{JoinHandle, JoinSet};

use crate::{
    address::Word,
    allowance::{Allowances, Meter},
    dry_run,
    job::FolderTask,
    keeps::Kept,
    labels,
    lane::{Lane, LaneEnd, wait_or_give_up},
    port::{
        Account, Binding, Command, Connector, ConnectorError, Control, Decision, Entry, Fault, FolderFetch,
        Interrupted, Ledger, LedgerError, ProgressEvent, ProgressSink, RefusedInARow,
    },
    queue::{portions, without_unchanged},
    suspect::{Judgement, Suspect},
};

/// What to copy and how.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Which folders go where.
    pub mapping: MappingOptions,
    /// Which messages.
    pub filter: ItemFilter,
    /// The newest messages of each folder first.
    pub newest_first: bool,
    /// Connections a side at most; at least 1.
    pub connections: usize,
    /// How long a server may still work on an APPEND after its client is gone: before a message that may have been
    /// sent is sent again, two looks at least this long apart must agree. Where an answer was waited for longer than
    /// this, they are as long apart as that.
    pub append_timeout: Duration,
    /// Whoever stood still for longer than this while a batch was on its way does not go on sending it: another worker
    /// may have taken over meanwhile. Must be shorter than the lease.
    pub standstill: Duration,
    /// Waits between attempts: this long first, then doubled, up to 64 times as long.
    pub retry_base: Duration,
    /// Whoever is told to wait for longer than this stops instead, and goes on by itself later.
    pub longest_wait: Duration,
    /// Attempts without any progress in between before a folder, or the run, is given up.
    pub attempts: u32,
    /// What the providers still let these accounts move today.
    pub allowances: Allowances,
    /// Carry over changes of flags of messages that earlier runs copied, where the destination's are still as we left
    /// them.
    pub carry_flags: bool,
    /// Keep the subjects of messages that are not simply stored, for the protocol.
    pub show_subjects: bool,
    /// Only tell what would be done; the destination is not changed.
    pub dry_run: bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            mapping: MappingOptions::default(),
            filter: ItemFilter::default(),
            newest_first: false,
            connections: 2,
            append_timeout: Duration::from_secs(10),
            standstill: Duration::from_secs(10),
            retry_base: Duration::from_secs(1),
            longest_wait: Duration::from_secs(3600),
            attempts: 6,
            allowances: Allowances::default(),
            carry_flags: false,
            show_subjects: false,
            dry_run: false,
        }
    }
}

/// Nobody is waited for longer than this before something is sent again.
const LONGEST_APPEND: Duration = Duration::from_secs(180);

/// Everything a run needs.
pub struct Job<C, L> {
    /// Opens sessions at both sides.
    pub connector: Arc<C>,
    /// The pair's ledger, bound to this run.
    pub ledger: L,
    /// What to copy and how.
    pub options: RunOptions,
    /// How the run is told to stop.
    pub control: Control,
    /// Who watches.
    pub progress: Arc<dyn ProgressSink>,
    /// Where tests interrupt it.
    pub fault: Arc<dyn Fault>,
}

/// How a run ended.
#[derive(Debug)]
pub enum RunEnd {
    /// It came to its end: Succeeded or Partial.
    Done(RunState),
    /// It could not work at all.
    Failed(ConnectorError),
    /// It came to its end, but folders were left on a line that was lost again and again: the same later will
    /// probably bring them. [`RunReport::unfinished`] names them.
    Unfinished(ConnectorError),
    /// It goes on by itself after this long: a provider asked for a long wait, or the day's amount is used up.
    Postponed(ConnectorError, Duration),
    /// It waits until its owner has mended something.
    Parked(ConnectorError),
    /// It was told to stop: pause, cancel, hand over or abandon.
    Stopped(Command),
    /// The ledger cannot be written, or another worker holds the lease.
    Ledger(LedgerError),
    /// A test stopped it.
    Interrupted(Interrupted),
}

/// What became of one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderReport {
    /// At the source.
    pub source: FolderPath,
    /// At the destination.
    pub destination: FolderPath,
    /// What became of its messages in this process; of a dry run, what would.
    pub counts: Counts,
    /// True if it was, or would be, made at the destination.
    pub created: bool,
    /// True if the destination cannot take the name as it is.
    pub renamed: bool,
    /// Of a dry run: how many messages would be left out for which reason, and their bytes.
    pub skips: BTreeMap<FindingCode, (u64, u64)>,
}

/// What a run did.
#[derive(Debug)]
pub struct RunReport {
    /// How it ended.
    pub end: RunEnd,
    /// The run's totals by the ledger; of a dry run, what would be done.
    pub counts: Counts,
    /// Per folder, in the order of the mapping.
    pub folders: Vec<FolderReport>,
    /// Folders left out, with the reason.
    pub left_out: Vec<(FolderPath, LeftOut)>,
    /// Of a dry run: how many messages lie in those that could be counted.
    pub left_out_messages: BTreeMap<FolderPath, u64>,
    /// What concerns folders or the whole run.
    pub notes: Vec<Finding>,
    /// Folders that were left for another attempt, with the reason. They are no notes yet: whoever makes no further
    /// attempt records them.
    pub unfinished: Vec<Finding>,
}

/// Why the executor stops.
#[derive(Debug)]
pub(crate) enum Stop {
    Connector(ConnectorError),
    Ledger(LedgerError),
    Command(Command),
    Interrupted(Interrupted),
}

impl From<ConnectorError> for Stop {
    fn from(error: ConnectorError) -> Self {
        Self::Connector(error)
    }
}

impl From<LedgerError> for Stop {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<Interrupted> for Stop {
    fn from(interrupted: Interrupted) -> Self {
        Self::Interrupted(interrupted)
    }
}

impl From<Stop> for RunEnd {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Connector(error) => match error.decision {
                Decision::Park => Self::Parked(error),
                Decision::Postpone(wait) => Self::Postponed(error, wait),
                Decision::Retry | Decision::Wait(_) | Decision::Skip | Decision::Permanent => Self::Failed(error),
            },
            Stop::Ledger(error) => Self::Ledger(error),
            Stop::Command(command) => Self::Stopped(command),
            Stop::Interrupted(interrupted) => Self::Interrupted(interrupted),
        }
    }
}

/// What the lanes of a run share.
pub(crate) struct Shared<C, L> {
    pub(crate) job: Job<C, L>,
    /// What may still be moved today.
    pub(crate) meter: Meter,
    /// Folders still to do, in portions.
    queue: Mutex<VecDeque<Vec<FolderTask>>>,
    reports: Mutex<BTreeMap<FolderPath, FolderReport>>,
    notes: Mutex<Vec<Finding>>,
    given_up: Mutex<BTreeSet<FolderPath>>,
    unfinished: Mutex<Vec<(Finding, ConnectorError)>>,
    /// Messages that the destination has refused as they are.
    refused: Mutex<BTreeSet<(FolderPath, Uid)>>,
    /// Messages that this process has tried in vain, with the cause.
    failed: Mutex<BTreeMap<FolderPath, BTreeMap<Uid, FindingCode>>>,
    /// What the destination's word on UIDs is worth: a [`Word`].
    word: AtomicU8,
    /// What it was seen to keep byte for byte.
    kept: Mutex<Kept>,
    /// Set once this process was logged in at both sides.
    connected: AtomicBool,
    /// Set once the source has delivered a message.
    delivers: AtomicBool,
    /// A message that the source has delivered.
    delivered: Mutex<Option<FolderFetch>>,
    /// Set once subjects could not be read.
    no_subjects: AtomicBool,
    /// True if there is more than one folder to copy.
    has_others: AtomicBool,
    /// Folders that are tried once more behind all others.
    put_back: Mutex<BTreeSet<FolderPath>>,
    /// Where lines broke while folders were read.
    suspects: Mutex<BTreeMap<FolderPath, Suspect>>,
    /// The service's own numbers of messages that lie in a folder of their own (Gmail).
    filed: Mutex<Arc<HashSet<u64>>>,
    /// Folders whose destination could not store anything, since anything was stored last.
    storage_failures: AtomicU32,
    /// The longest that the destination took, or was waited for, to answer for a batch; milliseconds.
    longest_append_ms: AtomicU64,
    /// Folders that this run has dealt with before it was interrupted.
    finished_before: AtomicUsize,
    /// Set when one lane had to stop: the others stop at their next batch.
    halted: AtomicBool,
}

impl<C, L> Shared<C, L> {
    /// Stops the run here if it was told to, or if another lane had to stop.
    pub(crate) fn obey(&self) -> Result<(), Stop> {
        match self.job.control.now() {
            Command::Go if self.halted.load(Ordering::Relaxed) => Err(Stop::Command(Command::HandOver)),
            Command::Go => Ok(()),
            command => Err(Stop::Command(command)),
        }
    }

    /// Numbers of messages that lie in a folder of their own.
    pub(crate) fn filed(&self) -> Arc<HashSet<u64>> {
        lock(&self.filed).clone()
    }

    /// The destination has stored something.
    pub(crate) fn storage_works(&self) {
        self.storage_failures.store(0, Ordering::Relaxed);
    }

    /// Another folder's destination cannot store; how many since something was stored.
    pub(crate) fn storage_fails(&self) -> u32 {
        self.storage_failures.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A batch was answered for, or given up, after so long: what is to be written down of that, if it is news.
    pub(crate) fn append_took(&self, time: Duration) -> Option<Duration> {
        let time = time.min(LONGEST_APPEND);
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let before = self.longest_append_ms.fetch_max(ms, Ordering::Relaxed);
        (ms > before && time > self.job.options.append_timeout).then_some(time)
    }

    /// The same of earlier attempts and runs.
    fn remember_longest_append(&self, time: Duration) {
        let ms = u64::try_from(time.min(LONGEST_APPEND).as_millis()).unwrap_or(u64::MAX);
        self.longest_append_ms.fetch_max(ms, Ordering::Relaxed);
    }

    /// How long the destination may still work on a batch whose answer was lost: as long as it was seen to take, since a
    /// server that is slow once is so again.
    pub(crate) fn longest_append(&self) -> Duration {
        let seen = Duration::from_millis(self.longest_append_ms.load(Ordering::Relaxed));
        seen.max(self.job.options.append_timeout)
    }

    pub(crate) fn remember_refused(&self, folder: &FolderPath, uid: Uid) {
        lock(&self.refused).insert((folder.clone(), uid));
    }

    /// True if the destination has refused this message as it is: asking again would be one error more, and some servers
    /// allow few.
    pub(crate) fn was_refused(&self, folder: &FolderPath, uid: Uid) -> bool {
        let refused = lock(&self.refused);
        !refused.is_empty() && refused.contains(&(folder.clone(), uid))
    }

    pub(crate) fn remember_failed(&self, folder: &FolderPath, uid: Uid, cause: FindingCode) {
        lock(&self.failed).entry(folder.clone()).or_default().insert(uid, cause);
    }

    /// What the destination's word on UIDs is worth.
    pub(crate) fn word(&self) -> Word {
        let word = self.word.load(Ordering::Relaxed);
        [Word::Good, Word::Bad].into_iter().find(|known| *known as u8 == word).unwrap_or_default()
    }

    /// The destination has shown what its word is worth; once bad, it stays so.
    pub(crate) fn has_word(&self, word: Word) {
        self.word.fetch_max(word as u8, Ordering::Relaxed);
    }

    /// The destination has kept a message as it was that is odd in these ways.
    pub(crate) fn has_kept(&self, odd: Repairs) {
        lock(&self.kept).insert(odd);
    }

    /// True if a message that is odd in these ways would lie at the destination byte for byte.
    pub(crate) fn would_keep(&self, odd: Repairs) -> bool {
        lock(&self.kept).would_keep(odd)
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

    /// Asks or tells what is known of the breaks in a folder.
    pub(crate) fn suspect<T>(&self, folder: &FolderPath, with: impl FnOnce(&mut Suspect) -> T) -> T {
        with(lock(&self.suspects).entry(folder.clone()).or_default())
    }

    /// An attempt at a folder is given up while it is read; `next` is the first message that has not come. Where the
    /// source has never delivered anything, it is no matter of messages that it refuses them. `proofs` are messages of the
    /// folder that a good line should bring.
    pub(crate) fn stuck_at(
        &self,
        folder: &FolderPath,
        error: &ConnectorError,
        next: Option<Uid>,
        proofs: Vec<FolderFetch>,
    ) {
        let cause = error.source.as_ref().and_then(|cause| cause.downcast_ref::<RefusedInARow>());
        match (cause, next) {
            (Some(RefusedInARow(row)), _) if self.delivers.load(Ordering::Relaxed) => {
                self.suspect(folder, |suspect| suspect.refused(row.iter().map(|(_, uid)| *uid)));
            }
            (_, Some(uid)) => {
                let delivered = lock(&self.delivered).clone();
                let proofs = delivered.into_iter().chain(proofs).collect();
                self.suspect(folder, |suspect| suspect.stuck_at(uid, proofs));
            }
            (_, None) => {}
        }
    }

    /// An attempt at a folder has ended with a broken line. What follows from that has been done, but for a proof.
    pub(crate) fn judge(&self, folder: &FolderPath, moved: bool) -> Judgement {
        let judgement = self.suspect(folder, |suspect| suspect.judge(moved));
        if let Judgement::LeaveOut(uids) = &judgement {
            tracing::info!(%folder, ?uids, "messages are not delivered: they are left out");
            for uid in uids {
                self.remember_failed(folder, *uid, FindingCode::MessageUnreadable);
            }
        }
        judgement
    }

    /// A fresh line has proved itself while a folder was read, or has not.
    pub(crate) fn proved(&self, folder: &FolderPath, line_is_good: bool) {
        tracing::info!(%folder, line_is_good, "the line was tried with other messages");
        let again = self.suspect(folder, |suspect| suspect.proved(line_is_good));
        self.take_back(folder, &again);
    }

    /// The source has delivered this message of a folder: a good line should bring it again.
    pub(crate) fn has_delivered(&self, message: FolderFetch) {
        *lock(&self.delivered) = Some(message);
    }

    /// An attempt at a folder has come to its end; true if messages that were left out are to be tried once more.
    pub(crate) fn try_once_more(&self, folder: &FolderPath) -> bool {
        let delivers = self.delivers.load(Ordering::Relaxed);
        let left_out = self.suspect(folder, |suspect| suspect.all_others_came(delivers));
        self.take_back(folder, &left_out);
        if !left_out.is_empty() {
            lock(&self.reports).remove(folder);
        }
        !left_out.is_empty()
    }

    fn take_back(&self, folder: &FolderPath, uids: &BTreeSet<Uid>) {
        if let Some(failed) = lock(&self.failed).get_mut(folder) {
            failed.retain(|uid, _| !uids.contains(uid));
        }
    }

    /// Messages of a folder that this process has tried in vain.
    pub(crate) fn failed_in(&self, folder: &FolderPath) -> BTreeMap<Uid, FindingCode> {
        lock(&self.failed).get(folder).cloned().unwrap_or_default()
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
    fn check_all_dealt_with(&self, folders: usize) -> Result<(), ConnectorError> {
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

    /// Puts a folder behind all others of which nothing could be read though lines were fresh: once others have been
    /// read, one of their messages proves whether lines or messages are to blame. False if that was done before, or
    /// there is no other.
    pub(crate) fn try_later(&self, task: &FolderTask) -> bool {
        let path = &task.mapped.source.path;
        let nothing_proved = lock(&self.delivered).is_none() && self.suspect(path, |suspect| suspect.line_is_bad());
        let has_others = self.has_others.load(Ordering::Relaxed);
        if !nothing_proved || !has_others || !lock(&self.put_back).insert(path.clone()) {
            return false;
        }
        lock(&self.queue).push_back(vec![task.clone()]);
        lock(&self.suspects).remove(path);
        true
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
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `job` to its end, or until it is told to stop. Never panics on anything a server sends: a lane that panics
/// is a failed run.
pub async fn run<C: Connector, L: Ledger>(job: Job<C, L>) -> RunReport {
    let mut report = RunReport {
        end: RunEnd::Done(RunState::Succeeded),
        counts: Counts::default(),
        folders: Vec::new(),
        left_out: Vec::new(),
        left_out_messages: BTreeMap::new(),
        notes: Vec::new(),
        unfinished: Vec::new(),
    };
    let shared = Arc::new(Shared {
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
    });
    match Box::pin(execute(&shared, &mut report)).await {
        Ok(end) => report.end = end,
        Err(stop) => report.end = stop.into(),
    }
    report.notes = std::mem::take(&mut *lock(&shared.notes));
    if !shared.job.options.dry_run {
        match shared.job.ledger.totals().await {
            Ok(counts) => report.counts = counts,
            Err(error) if matches!(report.end, RunEnd::Done(_)) => report.end = RunEnd::Ledger(error),
            // The first failure is the one to tell.
            Err(_) => {}
        }
    }
    let (unfinished, errors): (_, Vec<_>) = std::mem::take(&mut *lock(&shared.unfinished)).into_iter().unzip();
    report.unfinished = unfinished;
    if let RunEnd::Done(state) = &mut report.end {
        match errors.into_iter().next() {
            Some(error) => report.end = RunEnd::Unfinished(error),
            None => *state = grade(&report.counts, lock(&shared.given_up).len()),
        }
    }
    report
}

async fn execute<C: Connector, L: Ledger>(shared: &Arc<Shared<C, L>>, report: &mut RunReport) -> Result<RunEnd, Stop> {
    let bindings = shared.job.ledger.bindings().await?;
    shared.remember_longest_append(shared.job.ledger.longest_append().await?);
    // At first there is much to do, so that no lane waits for another to connect.
    let more = if bindings.is_empty() && !shared.job.options.dry_run { shared.job.options.connections } else { 1 };
    let lanes = FurtherLanes::connect(shared, more.saturating_sub(1));
    let (mut first, mapping) = connect_and_plan(shared, &bindings).await?;
    report.left_out.clone_from(&mapping.left_out);
    if shared.job.options.dry_run {
        report.left_out_messages = dry_run::count_left_out(&mut first.source, &mapping.left_out).await?;
    }
    for folder in mapping.folders.iter().filter(|folder| folder.renamed) {
        shared.note_renaming(folder).await?;
    }
    shared.job.progress.event(ProgressEvent::Folders(mapping.folders.len()));
    let order: Vec<FolderPath> = mapping.folders.iter().map(|folder| folder.source.path.clone()).collect();
    let (unfiled, tasks): (Vec<_>, Vec<_>) =
        tasks(mapping.folders, bindings).into_iter().partition(|task| task.mapped.only_unfiled);
    let finished = tasks.iter().chain(&unfiled).filter(|task| task.is_finished()).count();
    shared.finished_before.store(finished, Ordering::Relaxed);
    let tasks = if shared.job.options.dry_run { tasks } else { without_unchanged(&mut first, shared, tasks).await? };
    await_new(shared, tasks.iter().chain(&unfiled)).await?;
    shared.has_others.store(tasks.len() > 1, Ordering::Relaxed);
    let portions = portions(tasks, shared.job.options.connections);
    let wanted = shared.job.options.connections.clamp(1, portions.len().max(1));
    *lock(&shared.queue) = portions;
    let mut end = run_lanes(first, shared, lanes, wanted - 1).await;
    let unfiled: Vec<_> = unfiled.into_iter().filter(|task| !task.is_finished()).collect();
    if end.is_ok() && !unfiled.is_empty() {
        end = copy_unfiled(shared, unfiled).await;
    }
    if end.is_ok() {
        shared.check_all_dealt_with(order.len())?;
    }
    let mut reports = std::mem::take(&mut *lock(&shared.reports));
    report.folders = order.iter().filter_map(|path| reports.remove(path)).collect();
    if shared.job.options.dry_run {
        for folder in &report.folders {
            report.counts.add(&folder.counts);
        }
    }
    end
}

/// Writes down which folders are to be copied that no run has dealt with for good: one that this run never comes to must
/// not be forgotten. Where nothing is new, nothing is written.
async fn await_new<'t, C: Connector, L: Ledger>(
    shared: &Shared<C, L>,
    tasks: impl Iterator<Item = &'t FolderTask>,
) -> Result<(), Stop> {
    let new = |task: &&FolderTask| task.binding.as_ref().is_none_or(|binding| binding.cursor.is_none());
    let new: Vec<FolderPath> = tasks.filter(new).map(|task| task.mapped.source.path.clone()).collect();
    if new.is_empty() || shared.job.options.dry_run {
        return Ok(());
    }
    Ok(shared.job.ledger.write(vec![Entry::Awaited(new)]).await?)
}

/// Copies what lies in no other folder, once all others have been dealt with.
async fn copy_unfiled<C: Connector, L: Ledger>(
    shared: &Arc<Shared<C, L>>,
    tasks: Vec<FolderTask>,
) -> Result<RunEnd, Stop> {
    let mut attempt = 1;
    let lane = loop {
        let mut lane = Lane::connect(shared.clone()).await?;
        match labels::filed(&mut lane.source).await {
            Ok(filed) => {
                *lock(&shared.filed) = Arc::new(filed);
                break lane;
            }
            Err(error) => wait_or_give_up(shared, error, attempt).await?,
        }
        attempt += 1;
    };
    lock(&shared.queue).extend(tasks.into_iter().map(|task| vec![task]));
    lane.work().await.map(|LaneEnd| RunEnd::Done(RunState::Succeeded))
}

/// A line that is lost while folders are listed is taken up again like any other.
async fn connect_and_plan<C: Connector, L: Ledger>(
    shared: &Arc<Shared<C, L>>,
    bindings: &BTreeMap<FolderPath, Binding>,
) -> Result<(Lane<C, L>, FolderMapping), Stop> {
    let mut attempt = 1;
    loop {
        let mut lane = Lane::connect(shared.clone()).await?;
        match plan_folders(&mut lane, shared, bindings).await {
            Ok(mapping) => return Ok((lane, mapping)),
            Err(Stop::Connector(error)) => wait_or_give_up(shared, error, attempt).await?,
            Err(stop) => return Err(stop),
        }
        attempt += 1;
    }
}

async fn plan_folders<C: Connector, L: Ledger>(
    lane: &mut Lane<C, L>,
    shared: &Shared<C, L>,
    bindings: &BTreeMap<FolderPath, Binding>,
) -> Result<FolderMapping, Stop> {
    let (source, destination) = futures::join!(lane.source.folders(), lane.destination.folders());
    let (source, destination) = (source?, destination?);
    let mut options = shared.job.options.mapping.clone();
    options.labels = lane.source.has_labels();
    options.settled = bindings.iter().map(|(path, binding)| (path.clone(), binding.destination.clone())).collect();
    Ok(map_folders(&source, &destination, lane.destination.naming(), &options))
}

fn tasks(folders: Vec<MappedFolder>, mut bindings: BTreeMap<FolderPath, Binding>) -> Vec<FolderTask> {
    folders.into_iter().map(|mapped| FolderTask { binding: bindings.remove(&mapped.source.path), mapped }).collect()
}

/// The first lane works with the sessions it has; the others connected for themselves, and a server that allows no
/// more connections just gets fewer.
async fn run_lanes<C: Connector, L: Ledger>(
    first: Lane<C, L>,
    shared: &Arc<Shared<C, L>>,
    mut further: FurtherLanes<C, L>,
    wanted: usize,
) -> Result<RunEnd, Stop> {
    let missing = wanted.saturating_sub(further.0.len());
    further.0.extend(std::mem::take(&mut FurtherLanes::connect(shared, missing).0));
    let mut tasks = JoinSet::new();
    tasks.spawn(first.work());
    for connecting in further.0.drain(..).take(wanted) {
        tasks.spawn(async move {
            match connecting.await {
                Ok(Ok(lane)) => lane.work().await,
                Ok(Err(error)) => {
                    tracing::info!(error = %error, "a further connection was refused; going on with fewer");
                    Ok(LaneEnd)
                }
                Err(_) => Ok(LaneEnd),
            }
        });
    }
    let mut stop = None;
    while let Some(ended) = tasks.join_next().await {
        // A panic's words may repeat what was read: they are not passed on.
        let ended = ended.unwrap_or_else(|_| {
            let error = ConnectorError::new(FindingCode::ServerError, Decision::Retry, "a session broke down");
            Err(Stop::Connector(error))
        });
        if let Err(reason) = ended {
            // The others stop too, and the first reason is the one to tell.
            shared.halted.store(true, Ordering::Relaxed);
            stop.get_or_insert(reason);
        }
    }
    match stop {
        Some(stop) => Err(stop),
        None => Ok(RunEnd::Done(RunState::Succeeded)),
    }
}

/// Lanes that are connecting.
struct FurtherLanes<C: Connector, L: Ledger>(Vec<JoinHandle<Result<Lane<C, L>, ConnectorError>>>);

impl<C: Connector, L: Ledger> FurtherLanes<C, L> {
    fn connect(shared: &Arc<Shared<C, L>>, number: usize) -> Self {
        Self((0..number).map(|_| tokio::spawn(Lane::connect_once(shared.clone()))).collect())
    }
}

/// A run that ends before it needs them ends them too.
impl<C: Connector, L: Ledger> Drop for FurtherLanes<C, L> {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}
