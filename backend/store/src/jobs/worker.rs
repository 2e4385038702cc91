//! A worker: takes jobs, keeps them alive, and ends in order.

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    error::StoreError,
    jobs::{HEARTBEAT, Job, JobKind, JobQueue, LOCK},
    store::Store,
};

/// What becomes of a job after its handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOutcome {
    /// It is done.
    Done,
    /// It is to be taken again, by any worker, not before this time; this attempt has failed.
    Again(DateTime<Utc>),
    /// The same, but nothing has failed: it only waits.
    Waits(DateTime<Utc>),
    /// The same after so many failures: one that came further begins anew.
    After {
        /// Not before this time.
        at: DateTime<Utc>,
        /// How many attempts have failed so far.
        failures: u32,
    },
}

impl JobOutcome {
    /// When it is to be taken again and how many of its attempts have failed by then; `None` if it is done.
    pub fn again(&self, job: &Job) -> Option<(DateTime<Utc>, u32)> {
        match *self {
            Self::Done => None,
            Self::Again(at) => Some((at, job.attempt)),
            Self::Waits(at) => Some((at, job.attempt.saturating_sub(1))),
            Self::After { at, failures } => Some((at, failures)),
        }
    }
}

/// Does jobs.
pub trait JobHandler: Send + Sync + 'static {
    /// Does one job. It may have been done before, in part or in whole. When `stop` is cancelled it comes to an end
    /// soon: the process ends, or the job was taken over by another worker.
    fn handle(&self, job: &Job, stop: CancellationToken) -> impl Future<Output = JobOutcome> + Send;
}

/// How a worker works.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// Its name, unlike that of any other process.
    pub name: String,
    /// How many jobs of each kind it does at the same time.
    pub slots: Vec<(JobKind, usize)>,
    /// How often it looks for jobs that other processes have queued.
    pub poll: Duration,
    /// How often it says that it still has its jobs.
    pub heartbeat: Duration,
    /// How long a job stays with it if it says nothing.
    pub lock: Duration,
    /// How long jobs may take to come to an end when it stops.
    pub grace: Duration,
}

impl WorkerOptions {
    /// The usual times for a worker of this name.
    pub fn new(name: impl Into<String>, slots: Vec<(JobKind, usize)>) -> Self {
        let (poll, grace) = (Duration::from_millis(500), Duration::from_secs(60));
        Self { name: name.into(), slots, poll, heartbeat: HEARTBEAT, lock: LOCK, grace }
    }
}

/// How long a job waits that a panic has ended.
const AFTER_PANIC: Duration = Duration::from_secs(30);

/// Works until `shutdown` is cancelled: then nothing more is taken, the handlers are told to stop, and what does not
/// come to an end within the grace period is left to others.
pub async fn work<H: JobHandler>(store: Store, options: WorkerOptions, handler: Arc<H>, shutdown: CancellationToken) {
    let mut worker = Worker { store, options, handler, running: HashMap::new(), tasks: JoinSet::new() };
    let mut heartbeat = tokio::time::interval(worker.options.heartbeat);
    while !shutdown.is_cancelled() {
        let full = !worker.take_all().await;
        let store = worker.store.clone();
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(ended) = worker.tasks.join_next_with_id() => worker.ended(ended).await,
            _ = heartbeat.tick() => worker.keep_all().await,
            () = store.new_jobs(), if !full => {}
            () = tokio::time::sleep(worker.options.poll), if !full => {}
        }
    }
    worker.stop().await;
}

/// A task that has ended, or panicked.
type Ended = Result<(Id, JobOutcome), JoinError>;

/// What cannot be recorded is done once more when its lock has expired.
fn noted(result: Result<(), StoreError>) {
    if let Err(error) = result {
        tracing::warn!(error = &error as &dyn std::error::Error, "the end of a job could not be recorded");
    }
}

struct Worker<H> {
    store: Store,
    options: WorkerOptions,
    handler: Arc<H>,
    running: HashMap<Id, (Job, CancellationToken)>,
    tasks: JoinSet<JobOutcome>,
}

impl<H: JobHandler> Worker<H> {
    /// Takes as many jobs as there are free slots; false if every slot is taken.
    async fn take_all(&mut self) -> bool {
        let mut free_slots = false;
        for (kind, slots) in self.options.slots.clone() {
            let busy = self.running.values().filter(|(job, _)| job.kind == kind).count();
            let free = u32::try_from(slots.saturating_sub(busy)).unwrap_or(u32::MAX);
            if free == 0 {
                continue;
            }
            match self.store.take(&self.options.name, kind, free, self.options.lock).await {
                Ok(jobs) => {
                    free_slots |= jobs.len() < free as usize;
                    for job in jobs {
                        self.start(job);
                    }
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "no jobs can be taken");
                    free_slots = true;
                }
            }
        }
        free_slots
    }

    fn start(&mut self, job: Job) {
        // Taken over from ourselves, after this process stood still for too long.
        for (other, stop) in self.running.values() {
            if other.kind == job.kind && other.id == job.id {
                stop.cancel();
            }
        }
        let stop = CancellationToken::new();
        let (handler, ours, token) = (Arc::clone(&self.handler), job.clone(), stop.clone());
        let task = self.tasks.spawn(async move { handler.handle(&ours, token).await });
        self.running.insert(task.id(), (job, stop));
    }

    /// Records how a job has ended, and at once all others that have.
    async fn ended(&mut self, first: Ended) {
        let mut done = Vec::new();
        let mut next = Some(first);
        while let Some(ended) = next {
            let (id, outcome) = match ended {
                Ok((id, outcome)) => (id, outcome),
                Err(error) => {
                    // Without its words, which may repeat a secret.
                    let job = self.running.get(&error.id()).map(|(job, _)| job);
                    tracing::error!(job = ?job.map(|job| (job.kind, job.id)), "a job has panicked");
                    (error.id(), JobOutcome::Again(self.store.now() + AFTER_PANIC))
                }
            };
            if let Some((job, _)) = self.running.remove(&id) {
                match outcome.again(&job) {
                    None => done.push(job),
                    Some((at, failures)) => noted(self.store.put_back_after(&job, at, failures).await),
                }
            }
            next = self.tasks.try_join_next_with_id();
        }
        if !done.is_empty() {
            noted(self.store.finish(&done).await);
        }
    }

    /// Says that our jobs are alive, and stops those that are ours no longer.
    async fn keep_all(&mut self) {
        for (job, stop) in self.running.values() {
            match self.store.keep(job, self.options.lock).await {
                Ok(true) => {}
                Ok(false) => stop.cancel(),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a job could not be kept alive");
                }
            }
        }
    }

    async fn stop(mut self) {
        self.running.values().for_each(|(_, stop)| stop.cancel());
        let deadline = tokio::time::Instant::now() + self.options.grace;
        let mut heartbeat = tokio::time::interval(self.options.heartbeat);
        while !self.tasks.is_empty() {
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => break,
                Some(ended) = self.tasks.join_next_with_id() => self.ended(ended).await,
                _ = heartbeat.tick() => self.keep_all().await,
            }
        }
        self.tasks.abort_all();
        for (job, _) in self.running.values() {
            // That this process ends is no failure of the job's.
            let failures = job.attempt.saturating_sub(1);
            if let Err(error) = self.store.put_back_after(job, self.store.now(), failures).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "a job could not be put back");
            }
        }
    }
}
