//! Intend → send → settle, batch by batch: what is sent next is written down together with what became of what was
//! sent before, and several batches are on the way at once.

mod batch;
mod held;
mod settle;

use std::collections::VecDeque;

use mailferry_domain::{
    header,
    ledger::{Outcome, Settlement},
};
use mailferry_shared::finding::{Finding, FindingCode, FindingDetail};
use tokio::{sync::mpsc, time::timeout};

pub(crate) use self::settle::{counted, settlement_of_new};
use self::{batch::Unanswered, settle::settlement_of};
use crate::{
    address::Doubt,
    job::FolderJob,
    port::{Body, Command, Connector, ConnectorError, Decision, Destination, Entry, Fetched, Ledger, NewItem, Traffic},
    run::{Shared, Stop},
};

/// Memory for bodies between the two sides, shared out over the lanes of a run.
const BUDGET_BYTES: u64 = 16 << 20;

/// Memory for bodies between the two sides of each of so many lanes.
pub(crate) fn lane_budget(lanes: usize) -> u64 {
    // No less than what a batch and the largest message in memory take together.
    BUDGET_BYTES / lanes.clamp(2, 4) as u64
}

/// As much of a message as is looked at for its Message-ID and date.
pub(crate) const HEAD_BYTES: usize = 16 << 10;

/// Writes the folders of a portion.
pub(crate) struct Writer<'a, C: Connector, L: Ledger> {
    pub(crate) shared: &'a Shared<C, L>,
    pub(crate) destination: &'a mut C::Destination,
    /// Grows with every outcome that is written down and is news.
    settled: &'a mut u64,
    pub(crate) jobs: Vec<FolderJob>,
    /// What is to be written down next, in one commit.
    pub(crate) entries: Vec<Entry>,
    /// Outcomes that every attempt begins with, not written down yet.
    pub(crate) told_again: u64,
    /// Outcomes not among the entries yet, by folder.
    pub(crate) outcomes: Vec<(usize, Settlement)>,
    /// Batches whose intents are among the entries.
    staged: Vec<(usize, Vec<NewItem>)>,
    staged_items: usize,
    staged_bytes: u64,
    unanswered: VecDeque<Unanswered>,
    unanswered_bytes: u64,
    /// What is written down and sent together holds this much at most.
    batch_bytes: u64,
    /// The folder that messages come from at the moment.
    current: usize,
    /// Bodies that have passed since the last commit.
    pub(crate) traffic: Traffic,
    /// Messages that were refused for their own sake.
    pub(crate) refused: VecDeque<(usize, NewItem)>,
    /// Messages that are stored, perhaps not where the destination says; by folder.
    pub(crate) doubts: Vec<(usize, Doubt)>,
}

impl<'a, C: Connector, L: Ledger> Writer<'a, C, L> {
    pub(crate) fn new(
        shared: &'a Shared<C, L>,
        destination: &'a mut C::Destination,
        settled: &'a mut u64,
        jobs: Vec<FolderJob>,
    ) -> Self {
        Self {
            shared,
            destination,
            settled,
            jobs,
            entries: Vec::new(),
            told_again: 0,
            outcomes: Vec::new(),
            staged: Vec::new(),
            staged_items: 0,
            staged_bytes: 0,
            unanswered: VecDeque::new(),
            unanswered_bytes: 0,
            // A quarter: there must be room for what is on its way and for what the source delivers meanwhile.
            batch_bytes: lane_budget(shared.job.options.connections) / 4,
            current: 0,
            traffic: Traffic::default(),
            refused: VecDeque::new(),
            doubts: Vec::new(),
        }
    }

    /// Takes what the source delivers until it has delivered everything, and waits for every answer.
    pub(crate) async fn consume(&mut self, mut fetched: mpsc::Receiver<Fetched>) -> Result<(), Stop> {
        match self.take_all(&mut fetched).await {
            Err(stop @ (Stop::Connector(_) | Stop::Command(Command::Pause | Command::Cancel | Command::HandOver))) => {
                Err(self.gather(stop).await)
            }
            other => other,
        }
    }

    async fn take_all(&mut self, fetched: &mut mpsc::Receiver<Fetched>) -> Result<(), Stop> {
        let send_after = self.shared.job.options.send_after;
        let mut control = self.shared.job.control.clone();
        loop {
            if let Err(used_up) = self.shared.meter.may_fetch() {
                // What has been read is not read in vain.
                self.send_all().await?;
                return Err(used_up.into());
            }
            match fetched.try_recv() {
                Ok(item) => self.take(item).await?,
                Err(mpsc::error::TryRecvError::Disconnected) => break,
                // Time to hear what became of what is on its way, but not longer than until there is more to send.
                Err(mpsc::error::TryRecvError::Empty) if !self.unanswered.is_empty() => tokio::select! {
                    biased;
                    item = fetched.recv() => match item {
                        Some(item) => self.take(item).await?,
                        None => break,
                    },
                    command = control.stopped() => return Err(Stop::Command(command)),
                    () = self.destination.answered() => self.hear().await?,
                },
                Err(mpsc::error::TryRecvError::Empty) => tokio::select! {
                    biased;
                    item = timeout(send_after, fetched.recv()) => match item {
                        Ok(Some(item)) => self.take(item).await?,
                        Ok(None) => break,
                        Err(_) => self.send_and_write_down().await?,
                    },
                    command = control.stopped() => return Err(Stop::Command(command)),
                },
            }
        }
        self.send_all().await?;
        self.hear_all().await?;
        self.look_where_it_lies().await?;
        self.commit().await
    }

    /// The source takes its time: what it has delivered is sent, and what has become of it is written down, so that it shows.
    async fn send_and_write_down(&mut self) -> Result<(), Stop> {
        self.send_all().await?;
        if self.is_quiet() { self.commit().await } else { Ok(()) }
    }

    async fn take(&mut self, item: Fetched) -> Result<(), Stop> {
        let (at, second) = (item.folder, self.second_of(&item)?);
        self.take_one(item).await?;
        match second {
            Some(second) if self.jobs[at].pool.lookalikes.came(second) && !self.can_wait(at, second) => {
                self.decide_second(at, second).await
            }
            _ => Ok(()),
        }
    }

    async fn take_one(&mut self, mut item: Fetched) -> Result<(), Stop> {
        let at = item.folder;
        self.shared.source_delivers();
        self.shared.meter.fetched(item.body.len());
        self.traffic.from_source_bytes += item.body.len();
        if at != self.current {
            self.stage(self.current)?;
            self.current = at;
        }
        let key = item.body.key();
        let job = &mut self.jobs[at];
        job.seen.insert(item.uid);
        let found = job.earlier.get_mut(&key).and_then(Vec::pop);
        let there = if found.is_none() { job.pool.take(&key) } else { None };
        if let Some(outcome) = found.or_else(|| there.map(|uid| Outcome::Present(Some(uid)))) {
            return self.settle_later(at, settlement_of(&item, outcome)).await;
        }
        if item.internal_date.is_none() {
            item.internal_date = head(&item)?.as_deref().and_then(header::date);
            let undated = Finding::new(FindingCode::DateMissing).about(job.opened.mapped.source.path.to_string());
            self.note(undated.with(FindingDetail { uid: Some(item.uid.0), ..FindingDetail::default() }));
        }
        if item.flags_reduced {
            let subject = format!("{} UID {}", self.jobs[at].opened.mapped.source.path, item.uid);
            self.note(Finding::new(FindingCode::FlagsReduced).about(subject));
        }
        if let Some(outcome) = self.rewritten(&item)? {
            tracing::info!(uid = %item.uid, "a message has arrived, rewritten by the destination");
            return self.settle_later(at, settlement_of(&item, outcome)).await;
        }
        match self.held(&item)? {
            Some(held) => self.jobs[at].pool.lookalikes.hold(held),
            None => self.put_into_batch(at, item).await?,
        }
        Ok(())
    }

    async fn put_into_batch(&mut self, at: usize, item: Fetched) -> Result<(), Stop> {
        let most = self.destination.limits().max_batch_items.max(1);
        let job = &mut self.jobs[at];
        let resent = job.resent.binary_search_by_key(&item.uid, |(item, _)| item.uid).is_ok();
        let item =
            NewItem { source_uid: item.uid, flags: item.flags, internal_date: item.internal_date, body: item.body };
        // Its intent is written, as of everything that is sent again.
        if resent && self.shared.was_refused(&job.opened.mapped.source.path, item.source_uid) {
            self.refused.push_back((at, item));
            return self.mend().await;
        }
        job.batch_bytes += item.body.len();
        job.batch.push(item);
        if job.batch.len() >= most || job.batch_bytes >= self.batch_bytes {
            self.stage(at)?;
        }
        if self.staged_items >= most || self.staged_bytes >= self.batch_bytes {
            self.send().await?;
        }
        Ok(())
    }
}

pub(crate) fn head_of(body: &Body) -> Result<bytes::Bytes, ConnectorError> {
    body.head(HEAD_BYTES).map_err(spool_error)
}

fn head(item: &Fetched) -> Result<Option<bytes::Bytes>, ConnectorError> {
    head_of(&item.body).map(Some)
}

pub(crate) fn spool_error(error: std::io::Error) -> ConnectorError {
    ConnectorError::new(FindingCode::Internal, Decision::Retry, "reading a spooled message").caused_by(error)
}
