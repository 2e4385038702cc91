//! A lane: one session at each side, working through folders, reconnecting when the line is lost.

use std::{sync::Arc, time::Duration};

use mailferry_domain::folder::FolderPath;
use mailferry_shared::finding::{Finding, FindingCode};
use tokio::sync::mpsc;

use crate::{
    job::FolderTask,
    port::{
        Account, Care, Connector, ConnectorError, Decision, FetchRequest, Fetched, FolderFetch, Ledger, MemoryBudget,
        ProgressEvent,
    },
    portion,
    run::{Shared, Stop},
    suspect::{Judgement, Suspect},
    writer::lane_budget,
};

/// Attempts at a destination that answers that it cannot store, without any progress in between.
const PATIENT_ATTEMPTS: u32 = 3;
/// Folders that may fail so, one after the other, without anything being stored in between.
const FOLDERS_FAILING: u32 = 2;
/// Whoever asks to wait is waited for so many times as often as whoever cannot be reached, though nothing moves in between:
/// for an hour at least. Then the run goes on later, and tells why.
const WAITS: u32 = 10;
/// A disk that is full stays so for a while.
const STORAGE_WAIT: Duration = Duration::from_secs(15 * 60);

/// The lane has nothing more to do.
#[derive(Debug)]
pub(crate) struct LaneEnd;

pub(crate) struct Lane<C: Connector, L: Ledger> {
    pub(crate) shared: Arc<Shared<C, L>>,
    pub(crate) source: C::Source,
    pub(crate) destination: C::Destination,
    /// Grows with every batch that was settled, so that retrying knows whether anything moves.
    pub(crate) settled: u64,
}

impl<C: Connector, L: Ledger> Lane<C, L> {
    /// Connects to both sides, trying again as long as that makes sense.
    pub(crate) async fn connect(shared: Arc<Shared<C, L>>) -> Result<Self, Stop> {
        let mut attempt = 1;
        loop {
            match unless_stopped(&shared, Self::connect_once(shared.clone())).await? {
                Ok(lane) => return Ok(lane),
                Err(error) => wait_or_give_up(&shared, shared.hopeful(error).await?, attempt).await?,
            }
            attempt += 1;
        }
    }

    pub(crate) async fn connect_once(shared: Arc<Shared<C, L>>) -> Result<Self, ConnectorError> {
        let connector = shared.job.connector.clone();
        let (mut source, destination) = futures::try_join!(connector.source(), connector.destination())?;
        shared.is_connected();
        if shared.job.options.carry_flags {
            source.watch_flags();
        }
        Ok(Self { shared, source, destination, settled: 0 })
    }

    /// Works until there is nothing left to do.
    pub(crate) async fn work(mut self) -> Result<LaneEnd, Stop> {
        while let Some(portion) = self.shared.next_portion() {
            self.portion(portion).await?;
        }
        let Self { shared, source, destination, .. } = self;
        // All is done: whoever says no farewell is not waited for.
        let _ = unless_stopped(&shared, async { futures::join!(source.close(), destination.close()) }).await;
        Ok(LaneEnd)
    }

    /// Copies a portion. When its line is lost, its folders are taken up again one by one, so that one that breaks
    /// every line does not keep the others from being copied.
    async fn portion(&mut self, mut tasks: Vec<FolderTask>) -> Result<(), Stop> {
        if together(&tasks) {
            let Err(stop) = portion::copy(self, &mut tasks).await else { return Ok(()) };
            let Stop::Connector(error) = stop else { return Err(stop) };
            tracing::info!(folders = tasks.len(), error = %error, cause = ?error.source, "folders were interrupted");
            if !portion::concerns_one_folder(&error) {
                self.reconnect(error, 1).await?;
            }
        }
        for task in tasks {
            self.folder(task).await?;
        }
        Ok(())
    }

    /// Copies one folder; a lost line is taken up again, a folder that cannot be copied is noted and left.
    async fn folder(&mut self, task: FolderTask) -> Result<(), Stop> {
        let mut attempt = 1;
        loop {
            let before = self.settled;
            let mut tasks = vec![task.clone()];
            let Err(stop) = portion::copy(self, &mut tasks).await else {
                if self.shared.try_once_more(&task.mapped.source.path) {
                    continue;
                }
                return Ok(());
            };
            let Stop::Connector(error) = stop else { return Err(stop) };
            let mapped = &task.mapped;
            tracing::info!(folder = %mapped.source.path, error = %error, cause = ?error.source, "a folder was interrupted");
            let moved = self.settled > before;
            let judgement = match error.decision {
                Decision::Retry => self.shared.judge(&mapped.source.path, moved),
                _ => Judgement::Open,
            };
            attempt = if moved || matches!(judgement, Judgement::LeaveOut(_)) { 1 } else { attempt + 1 };
            match error.decision {
                Decision::Skip | Decision::Permanent => {
                    let note = error.finding().about(mapped.source.path.to_string());
                    return Ok(self.shared.give_up(mapped, note).await?);
                }
                Decision::Retry if attempt > PATIENT_ATTEMPTS && error.code == FindingCode::StorageFailing => {
                    if self.shared.storage_fails() >= FOLDERS_FAILING {
                        // It is no matter of folders: all others would fare no better.
                        return Err(ConnectorError { decision: Decision::Postpone(STORAGE_WAIT), ..error }.into());
                    }
                    self.shared.leave_unfinished(mapped, error);
                    return self.renew().await;
                }
                Decision::Retry if attempt > self.shared.job.options.attempts => {
                    if !self.shared.try_later(&task) {
                        self.shared.leave_unfinished(mapped, error);
                    }
                    // The session may be of no use any more.
                    return self.renew().await;
                }
                Decision::Retry | Decision::Wait(_) | Decision::Postpone(_) | Decision::Park => {
                    self.reconnect(error, attempt).await?;
                }
            }
            if judgement == Judgement::Prove {
                self.prove(&mapped.source.path).await?;
            }
        }
    }

    /// Asks fresh lines for messages that they should bring, to tell messages that break lines from lines that are bad.
    async fn prove(&mut self, folder: &FolderPath) -> Result<(), Stop> {
        let mut is_good = false;
        for proof in self.shared.suspect(folder, Suspect::proofs) {
            self.shared.obey()?;
            is_good = unless_stopped(&self.shared.clone(), self.brings(proof)).await?;
            if is_good {
                break;
            }
            self.renew().await?;
        }
        self.shared.proved(folder, is_good);
        Ok(())
    }

    async fn brings(&mut self, message: FolderFetch) -> bool {
        let (sink, mut fetched) = mpsc::channel::<Fetched>(1);
        let request = FetchRequest {
            folders: vec![message],
            newest_first: false,
            budget: MemoryBudget::new(lane_budget(self.shared.job.options.connections)),
            care: Care::All,
        };
        let count = async {
            let mut came = false;
            while let Some(item) = fetched.recv().await {
                self.shared.meter.fetched(item.body.len());
                came = true;
            }
            came
        };
        let (read, came) = futures::join!(self.source.fetch(request, sink), count);
        read.is_ok() && came
    }

    async fn reconnect(&mut self, error: ConnectorError, attempt: u32) -> Result<(), Stop> {
        wait_or_give_up(&self.shared, error, attempt).await?;
        self.renew().await
    }

    async fn renew(&mut self) -> Result<(), Stop> {
        let fresh = Self::connect(self.shared.clone()).await?;
        (self.source, self.destination) = (fresh.source, fresh.destination);
        Ok(())
    }
}

/// Source folders that go to one destination are copied one after the other: each looks at what is there.
fn together(tasks: &[FolderTask]) -> bool {
    tasks.len() > 1 && tasks[0].mapped.destination != tasks[1].mapped.destination
}

/// Waits as the error says, and tells whoever watches; gives up with the error where waiting does not help.
pub(crate) async fn wait_or_give_up<C: Connector, L: Ledger>(
    shared: &Shared<C, L>,
    error: ConnectorError,
    attempt: u32,
) -> Result<(), Stop> {
    let options = &shared.job.options;
    let backoff = options.retry_base * 2_u32.pow(attempt.saturating_sub(1).min(6));
    let wait = match error.decision {
        Decision::Retry if attempt <= options.attempts => backoff,
        Decision::Wait(wait) if wait > options.longest_wait || attempt > options.attempts.saturating_mul(WAITS) => {
            return Err(ConnectorError { decision: Decision::Postpone(wait.max(backoff)), ..error }.into());
        }
        Decision::Wait(wait) => wait.max(backoff),
        Decision::Retry | Decision::Postpone(_) | Decision::Park | Decision::Skip | Decision::Permanent => {
            return Err(error.into());
        }
    };
    shared
        .job
        .progress
        .event(ProgressEvent::Waiting(&Finding::new(FindingCode::Interrupted).about(error.code.as_str())));
    pause(shared, wait).await
}

/// Waits, but not longer than until the run is told to stop.
pub(crate) async fn pause<C, L>(shared: &Shared<C, L>, wait: Duration) -> Result<(), Stop> {
    unless_stopped(shared, tokio::time::sleep(wait)).await
}

/// Looks at what servers have, but not longer than until the run is told to stop: a line that is slow, or frozen, must not
/// hold it. The sessions are of no use then, and nothing may be on its way to the destination that is to be stored.
pub(crate) async fn unless_stopped<C, L, T>(
    shared: &Shared<C, L>,
    looking: impl Future<Output = T>,
) -> Result<T, Stop> {
    let mut control = shared.job.control.clone();
    tokio::select! {
        biased;
        looked = looking => Ok(looked),
        command = control.stopped() => Err(Stop::Command(command)),
    }
}
