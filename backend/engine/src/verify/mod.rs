//! *Verify*: fetches the destination again and compares every message with the manifest of what was copied.
//!
//! The destination is opened by a type that has no method that writes. Folders are shared out over lanes, one connection
//! each; small ones are checked together, large ones piece by piece, so that memory stays flat. A lost line is taken up
//! again, with the folders in hand checked from their beginning. [`mailferry_domain::verify`] judges.

mod folder;
mod lane;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mailferry_domain::{folder::FolderPath, manifest::LeftOutFolder};
use mailferry_shared::{
    finding::{Finding, FindingCode},
    verification::{VerificationCounts, VerificationItem},
};
use tokio::task::JoinSet;

use crate::{
    manifest::Manifest,
    port::{Command, ConnectorError, Control, Decision, Source},
};
use folder::Checked;

/// Folders that are checked together hold so many messages.
const UNIT_MESSAGES: u64 = 1_000;
/// Folders that are checked together, at most.
const UNIT_FOLDERS: usize = 32;

/// Opens sessions at the account that is verified, for reading alone.
pub trait Opens: Send + Sync + 'static {
    /// A session.
    type Account: Source;

    /// Makes a new connection and logs in.
    fn open(&self) -> impl Future<Output = Result<Self::Account, ConnectorError>> + Send;
}

/// How to verify.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// Connections at most; at least 1.
    pub connections: usize,
    /// Waits between attempts: this long first, then doubled, up to 64 times as long.
    pub retry_base: Duration,
    /// Attempts at the same folders before the verification is given up.
    pub attempts: u32,
    /// Messages that are named one by one.
    pub named: usize,
    /// Flags may differ: the owner uses the new mailbox already.
    pub ignore_flags: bool,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self { connections: 2, retry_base: Duration::from_secs(1), attempts: 6, named: 1_000, ignore_flags: false }
    }
}

/// Everything a verification needs.
pub struct VerifyJob<O> {
    /// Opens sessions at the destination.
    pub account: O,
    /// What should be there.
    pub manifest: Manifest,
    /// How.
    pub options: VerifyOptions,
    /// How it is told to stop.
    pub control: Control,
    /// Is told how many more messages were checked.
    pub progress: Arc<dyn Fn(u64) + Send + Sync>,
}

/// How a verification ended.
#[derive(Debug)]
pub enum VerifyEnd {
    /// Every folder was checked, or could not be read and is named.
    Done,
    /// The account could not be opened, or the line was lost again and again.
    Failed(ConnectorError),
    /// It was told to stop.
    Stopped(Command),
}

/// What a verification found.
#[derive(Debug)]
pub struct VerifyReport {
    /// How it ended; all numbers are of what was checked before.
    pub end: VerifyEnd,
    /// Of all folders.
    pub counts: VerificationCounts,
    /// Per destination folder, in the manifest's order.
    pub folders: Vec<(FolderPath, VerificationCounts)>,
    /// Messages that are not there exactly as they were copied; not more than was asked for.
    pub items: Vec<VerificationItem>,
    /// How many such messages there are in all.
    pub items_total: u64,
    /// Folders that could not be read, with the reason, and what is not part of the proof.
    pub unread: Vec<Finding>,
    /// Folders of the source that were left out, with the reason.
    pub left_out: Vec<LeftOutFolder>,
}

/// Why a lane stops.
pub(crate) enum Stop {
    Connector(ConnectorError),
    Command(Command),
}

impl From<ConnectorError> for Stop {
    fn from(error: ConnectorError) -> Self {
        Self::Connector(error)
    }
}

/// What the lanes share.
struct Shared<O> {
    job: VerifyJob<O>,
    /// Folders of the account by their path: names on the wire.
    there: HashMap<FolderPath, String>,
    /// Folders of the manifest still to check.
    queue: Mutex<VecDeque<Vec<usize>>>,
    checked: Mutex<Vec<(usize, Checked)>>,
}

impl<O> Shared<O> {
    fn obey(&self) -> Result<(), Stop> {
        match self.job.control.now() {
            Command::Go => Ok(()),
            command => Err(Stop::Command(command)),
        }
    }
}

/// A panic in another lane must not take this one down with it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Verifies.
pub async fn verify<O: Opens>(job: VerifyJob<O>) -> VerifyReport {
    let (first, there) = match lane::first(&job).await {
        Ok(first) => first,
        Err(stop) => return report(&job, end_of(stop), Vec::new()),
    };
    let queue = units(&job.manifest);
    let lanes = job.options.connections.clamp(1, queue.len().max(1));
    let shared = Arc::new(Shared { job, there, queue: Mutex::new(queue), checked: Mutex::default() });
    let end = run_lanes(first, &shared, lanes).await;
    let checked = std::mem::take(&mut *lock(&shared.checked));
    report(&shared.job, end, checked)
}

async fn run_lanes<O: Opens>(first: O::Account, shared: &Arc<Shared<O>>, lanes: usize) -> VerifyEnd {
    let mut tasks = JoinSet::new();
    tasks.spawn(lane::work(shared.clone(), first));
    for _ in 1..lanes {
        let shared = shared.clone();
        tasks.spawn(async move {
            match shared.job.account.open().await {
                Ok(account) => lane::work(shared, account).await,
                Err(error) => {
                    tracing::info!(error = %error, "a further connection was refused; going on with fewer");
                    Ok(())
                }
            }
        });
    }
    let mut end = VerifyEnd::Done;
    while let Some(ended) = tasks.join_next().await {
        // A panic's words may repeat what was read: they are not passed on.
        let ended = ended.unwrap_or_else(|_| {
            let error = ConnectorError::new(FindingCode::ServerError, Decision::Retry, "a session broke down");
            Err(Stop::Connector(error))
        });
        if let Err(stop) = ended {
            // The others have nothing more to take.
            lock(&shared.queue).clear();
            if matches!(end, VerifyEnd::Done) {
                end = end_of(stop);
            }
        }
    }
    end
}

fn end_of(stop: Stop) -> VerifyEnd {
    match stop {
        Stop::Connector(error) => VerifyEnd::Failed(error),
        Stop::Command(command) => VerifyEnd::Stopped(command),
    }
}

/// Small folders together, the largest first.
fn units(manifest: &Manifest) -> VecDeque<Vec<usize>> {
    let size = |at: &usize| manifest.folders[*at].expected;
    let mut order: Vec<usize> = (0..manifest.folders.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(size(at)));
    let mut units: VecDeque<Vec<usize>> = VecDeque::new();
    for at in order {
        match units.back_mut() {
            Some(unit)
                if unit.len() < UNIT_FOLDERS && unit.iter().map(size).sum::<u64>() + size(&at) <= UNIT_MESSAGES =>
            {
                unit.push(at);
            }
            _ => units.push_back(vec![at]),
        }
    }
    units
}

fn report<O>(job: &VerifyJob<O>, end: VerifyEnd, mut checked: Vec<(usize, Checked)>) -> VerifyReport {
    checked.sort_by_key(|(folder, _)| *folder);
    let mut report = VerifyReport {
        end,
        counts: VerificationCounts::default(),
        folders: Vec::new(),
        items: Vec::new(),
        items_total: 0,
        unread: Vec::new(),
        left_out: job.manifest.head.left_out.clone(),
    };
    for (folder, checked) in checked {
        report.counts.add(&checked.counts);
        report.folders.push((job.manifest.folders[folder].path.clone(), checked.counts));
        report.items_total += checked.items_total;
        report.items.extend(checked.items);
        report.unread.extend(checked.unread);
    }
    report.unread.extend(job.manifest.head.not_proven.iter().cloned());
    // What is worst first, and within that in the manifest's order.
    report.items.sort_by_key(|item| std::cmp::Reverse(item.grade));
    report.items.truncate(job.options.named);
    report
}
