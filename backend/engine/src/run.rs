//! One run for one account pair.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mailferry_domain::{
    folder::FolderPath,
    mapping::{FolderMapping, LeftOut, MappedFolder, MappingOptions, map_folders},
    plan::ItemFilter,
    run::grade,
};
use mailferry_shared::{
    finding::{Finding, FindingCode},
    run::{Counts, RunState},
};
use tokio::task::JoinSet;

use crate::{
    lane::{Lane, LaneEnd, wait_or_give_up},
    port::{
        Account, Command, Connector, ConnectorError, Control, Decision, Fault, Interrupted, Ledger, LedgerError,
        ProgressEvent, ProgressSink,
    },
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
    /// sent is sent again, two looks this long apart must agree.
    pub append_timeout: Duration,
    /// Whoever stood still for longer than this while a batch was on its way does not go on sending it: another worker
    /// may have taken over meanwhile. Must be shorter than the lease.
    pub standstill: Duration,
    /// Waits between attempts: this long first, then doubled, up to 64 times as long.
    pub retry_base: Duration,
    /// Attempts without any progress in between before a folder, or the run, is given up.
    pub attempts: u32,
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
            attempts: 6,
            dry_run: false,
        }
    }
}

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
    /// What concerns folders or the whole run.
    pub notes: Vec<Finding>,
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
            Stop::Connector(error) if error.decision == Decision::Park => Self::Parked(error),
            Stop::Connector(error) => Self::Failed(error),
            Stop::Ledger(error) => Self::Ledger(error),
            Stop::Command(command) => Self::Stopped(command),
            Stop::Interrupted(interrupted) => Self::Interrupted(interrupted),
        }
    }
}

/// What the lanes of a run share.
pub(crate) struct Shared<C, L> {
    pub(crate) job: Job<C, L>,
    /// Folders still to do; those of one destination stay together, since they share its messages.
    queue: Mutex<VecDeque<Vec<MappedFolder>>>,
    reports: Mutex<BTreeMap<FolderPath, FolderReport>>,
    notes: Mutex<Vec<Finding>>,
    folder_failures: Mutex<usize>,
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
}

impl<C: Connector, L: Ledger> Shared<C, L> {
    pub(crate) fn next_group(&self) -> Option<Vec<MappedFolder>> {
        lock(&self.queue).pop_front()
    }

    pub(crate) fn report(&self, report: FolderReport) {
        lock(&self.reports).insert(report.source.clone(), report);
    }

    pub(crate) fn folder_failed(&self) {
        *lock(&self.folder_failures) += 1;
    }

    /// Records a note in the protocol and shows it.
    pub(crate) async fn note(&self, finding: Finding) -> Result<(), LedgerError> {
        if !self.job.options.dry_run {
            self.job.ledger.note(&finding).await?;
        }
        self.job.progress.event(ProgressEvent::Note(&finding));
        lock(&self.notes).push(finding);
        Ok(())
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
        notes: Vec::new(),
    };
    let shared = Arc::new(Shared {
        job,
        queue: Mutex::default(),
        reports: Mutex::default(),
        notes: Mutex::default(),
        folder_failures: Mutex::default(),
        halted: AtomicBool::new(false),
    });
    match execute(&shared, &mut report).await {
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
    if let RunEnd::Done(state) = &mut report.end {
        *state = grade(&report.counts, *lock(&shared.folder_failures));
    }
    report
}

async fn execute<C: Connector, L: Ledger>(shared: &Arc<Shared<C, L>>, report: &mut RunReport) -> Result<RunEnd, Stop> {
    let (first, mapping) = connect_and_plan(shared).await?;
    report.left_out.clone_from(&mapping.left_out);
    for folder in mapping.folders.iter().filter(|folder| folder.renamed) {
        let subject = format!("{} → {}", folder.source.path, folder.destination);
        shared.note(Finding::new(FindingCode::FolderRenamed).about(subject)).await?;
    }
    shared.job.progress.event(ProgressEvent::Folders(mapping.folders.len()));
    let order: Vec<FolderPath> = mapping.folders.iter().map(|folder| folder.source.path.clone()).collect();
    let groups = by_destination(mapping.folders);
    let lanes = shared.job.options.connections.clamp(1, groups.len().max(1));
    *lock(&shared.queue) = groups;
    let end = run_lanes(first, shared, lanes).await;
    let mut reports = std::mem::take(&mut *lock(&shared.reports));
    report.folders = order.iter().filter_map(|path| reports.remove(path)).collect();
    if shared.job.options.dry_run {
        for folder in &report.folders {
            report.counts.add(&folder.counts);
        }
    }
    end
}

/// A line that is lost while folders are listed is taken up again like any other.
async fn connect_and_plan<C: Connector, L: Ledger>(
    shared: &Arc<Shared<C, L>>,
) -> Result<(Lane<C, L>, FolderMapping), Stop> {
    let mut attempt = 1;
    loop {
        let mut lane = Lane::connect(shared.clone()).await?;
        match plan_folders(&mut lane, shared).await {
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
) -> Result<FolderMapping, Stop> {
    let source = lane.source.folders().await?;
    let destination = lane.destination.folders().await?;
    let mut options = shared.job.options.mapping.clone();
    options.settled = shared.job.ledger.bindings().await?;
    Ok(map_folders(&source, &destination, lane.destination.naming(), &options))
}

fn by_destination(folders: Vec<MappedFolder>) -> VecDeque<Vec<MappedFolder>> {
    let mut groups: VecDeque<Vec<MappedFolder>> = VecDeque::new();
    let mut places: BTreeMap<FolderPath, usize> = BTreeMap::new();
    for folder in folders {
        match places.get(&folder.destination) {
            Some(&at) => groups[at].push(folder),
            None => {
                places.insert(folder.destination.clone(), groups.len());
                groups.push_back(vec![folder]);
            }
        }
    }
    groups
}

/// The first lane works with the sessions it has; the others connect for themselves, and a server that allows no
/// more connections just gets fewer.
async fn run_lanes<C: Connector, L: Ledger>(
    first: Lane<C, L>,
    shared: &Arc<Shared<C, L>>,
    lanes: usize,
) -> Result<RunEnd, Stop> {
    let mut tasks = JoinSet::new();
    tasks.spawn(first.work());
    for _ in 1..lanes {
        let shared = shared.clone();
        tasks.spawn(async move {
            match Lane::connect_once(shared).await {
                Ok(lane) => lane.work().await,
                Err(error) => {
                    tracing::info!(error = %error, "a further connection was refused; going on with fewer");
                    Ok(LaneEnd)
                }
            }
        });
    }
    let mut stop = None;
    while let Some(ended) = tasks.join_next().await {
        let ended = ended.unwrap_or_else(|panic| {
            let error = ConnectorError::new(FindingCode::ServerError, Decision::Retry, "a session broke down");
            Err(Stop::Connector(error.caused_by(panic)))
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
