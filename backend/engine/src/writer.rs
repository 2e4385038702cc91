//! Intend → send → settle, batch by batch: what is sent next is written down together with what became of what was
//! sent before, and several batches are on the way at once.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use mailferry_domain::{
    header,
    item::{ContentKey, ItemMeta},
    ledger::{Intent, OpenIntent, Outcome, Settlement},
    print::Traits,
    uid::Uid,
};
use mailferry_shared::{
    finding::{Finding, FindingCode, FindingDetail},
    run::Counts,
};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    address::Doubt,
    job::{FolderJob, settlement},
    keeps::oddities,
    lookalike::{Held, Looks},
    port::{
        Answered, Body, Command, Connector, ConnectorError, Decision, Destination, Entry, Fate, Fetched, Ledger,
        NewItem, ProgressEvent, Step, Traffic,
    },
    present::Face,
    print::fingerprint,
    run::{Shared, Stop},
    standstill::unless_it_stood_still,
};

/// Memory for bodies between the two sides, shared out over the lanes of a run.
const BUDGET_BYTES: u64 = 16 << 20;

/// Memory for bodies between the two sides of each of so many lanes.
pub(crate) fn lane_budget(lanes: usize) -> u64 {
    // No less than what a batch and the largest message in memory take together.
    BUDGET_BYTES / lanes.clamp(2, 4) as u64
}

/// Batches on the way that nobody has answered for.
const UNANSWERED: usize = 8;
/// Outcomes without a body are settled this many at a time.
const OUTCOMES: usize = 200;
/// As much of a message as is looked at for its Message-ID and date.
pub(crate) const HEAD_BYTES: usize = 16 << 10;
/// A source that is slow must not keep what it has delivered from being stored.
const PATIENCE: Duration = Duration::from_secs(1);

/// A batch that was submitted.
#[derive(Debug, Clone, Copy)]
struct Unanswered {
    job: usize,
    /// What its bodies hold; a spooled one holds none.
    memory_bytes: u64,
}

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
                    () = self.destination.answered() => self.hear().await?,
                },
                Err(mpsc::error::TryRecvError::Empty) => match timeout(PATIENCE, fetched.recv()).await {
                    Ok(Some(item)) => self.take(item).await?,
                    Ok(None) => break,
                    Err(_) => self.send_all().await?,
                },
            }
        }
        self.send_all().await?;
        self.hear_all().await?;
        self.look_where_it_lies().await?;
        self.commit().await
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

    /// The second that a message is expected by.
    fn second_of(&self, item: &Fetched) -> Result<Option<i64>, Stop> {
        let date = match item.internal_date {
            None if self.jobs[item.folder].pool.lookalikes.has_any() => head(item)?.as_deref().and_then(header::date),
            date => date,
        };
        Ok(date.map(|date| date.timestamp()))
    }

    /// True if what is held for a second should wait for what others tell of the destination.
    fn can_wait(&self, at: usize, second: i64) -> bool {
        let lookalikes = &self.jobs[at].pool.lookalikes;
        lookalikes.may_hold_more() && !lookalikes.is_certain(second, |odd| self.shared.would_keep(odd))
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
        if there.is_some() && job.pool.lookalikes.is_concerned() {
            self.shared.has_kept(oddities(&item.body)?);
        }
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
        if let Some(outcome) = self.rewritten(&item) {
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

    /// What became of a message that was sent before and that the destination has rewritten.
    fn rewritten(&mut self, item: &Fetched) -> Option<Outcome> {
        let job = &mut self.jobs[item.folder];
        let at = job.resent.binary_search_by_key(&item.uid, |(item, _)| item.uid).ok()?;
        let intent = job.resent[at].1;
        let uid = job.pool.take_face(&Face::of(item.internal_date, &item.body)?, intent.destination_uid_next)?;
        // It is ours from here on, and no surplus.
        job.stored_uids.insert(uid);
        Some(arrived(&intent, uid))
    }

    /// What has to wait, since it may be at the destination rewritten.
    fn held(&self, item: &Fetched) -> Result<Option<Held>, Stop> {
        let pool = &self.jobs[item.folder].pool;
        if !pool.lookalikes.has_any() {
            return Ok(None);
        }
        let Some(face) = Face::of(item.internal_date, &item.body) else { return Ok(None) };
        let looks = Looks { face, print: fingerprint(&item.body).map_err(spool_error)? };
        let meta = ItemMeta { uid: item.uid, size_bytes: item.body.len(), internal_date: item.internal_date };
        if !pool.may_be_rewritten(&looks) {
            return Ok(None);
        }
        let odd = oddities(&item.body)?;
        if self.shared.would_keep(odd) {
            return Ok(None);
        }
        let settlement = settlement_of(item, Outcome::Present(None));
        Ok(Some(Held { item: meta, looks, odd, settlement }))
    }

    /// All messages of a second have come: those that are at the destination rewritten are settled, the others will be
    /// fetched once more.
    async fn decide_second(&mut self, at: usize, second: i64) -> Result<(), Stop> {
        let job = &mut self.jobs[at];
        let absent = job.pool.lookalikes.take_absent(second, |odd| self.shared.would_keep(odd));
        job.once_more.extend(absent.iter().map(|held| held.item));
        let decided = job.pool.decide(second);
        job.once_more.extend(decided.absent.iter().map(|held| held.item));
        job.taken_for_same += decided.there.len() as u64;
        for (held, uid) in decided.there {
            let outcome = Outcome::Present(Some(uid));
            self.settle_later(at, Settlement { outcome, ..held.settlement }).await?;
        }
        Ok(())
    }

    /// Everything has come that will come.
    pub(crate) async fn decide_the_rest(&mut self) -> Result<(), Stop> {
        for at in 0..self.jobs.len() {
            self.read_samples(at).await?;
            for second in self.jobs[at].pool.lookalikes.undecided() {
                self.decide_second(at, second).await?;
            }
        }
        self.commit().await
    }

    /// Nobody should have to guess what was found by other means than its bytes.
    pub(crate) fn note_taken_for_same(&mut self) {
        for at in 0..self.jobs.len() {
            let job = &mut self.jobs[at];
            let number = std::mem::take(&mut job.taken_for_same);
            if number > 0 {
                let taken = Finding::new(FindingCode::TakenForSame).about(job.opened.mapped.source.path.to_string());
                self.note(taken.with(FindingDetail { messages: Some(number), ..FindingDetail::default() }));
            }
        }
    }

    /// Lets a folder's batch go with the next commit.
    fn stage(&mut self, at: usize) -> Result<(), Stop> {
        let job = &mut self.jobs[at];
        if job.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::take(&mut job.batch);
        self.staged_items += batch.len();
        self.staged_bytes += std::mem::take(&mut job.batch_bytes);
        self.entries.push(Entry::Intend {
            folder: job.id,
            destination_uid_next: job.opened.destination.uid_next,
            batch: batch.iter().map(intent).collect::<Result<_, _>>()?,
        });
        self.staged.push((at, batch));
        Ok(())
    }

    async fn send_all(&mut self) -> Result<(), Stop> {
        self.stage(self.current)?;
        self.send().await
    }

    /// Sends what is staged: intents, bytes, in this order. Then hears answers until few enough are missing.
    async fn send(&mut self) -> Result<(), Stop> {
        if self.staged.is_empty() {
            return Ok(());
        }
        self.shared.obey()?;
        self.shared.meter.send(self.staged_bytes)?;
        let fault = self.shared.job.fault.clone();
        fault.reach(Step::BeforeIntent)?;
        self.traffic.to_destination_bytes += self.staged_bytes;
        let mut awake = Instant::now();
        self.commit().await?;
        fault.reach(Step::AfterIntent)?;
        (self.staged_items, self.staged_bytes) = (0, 0);
        for (at, batch) in std::mem::take(&mut self.staged) {
            self.submit(at, batch, awake).await?;
            awake = Instant::now();
        }
        while self.unanswered.len() > UNANSWERED || self.unanswered_bytes > 2 * self.batch_bytes {
            self.hear().await?;
        }
        Ok(())
    }

    /// Sends a batch, unless this process stood still since it was `awake`: another worker may have taken over.
    pub(crate) async fn submit(&mut self, at: usize, batch: Vec<NewItem>, awake: Instant) -> Result<(), Stop> {
        let memory_bytes = batch.iter().map(|item| item.body.memory_bytes()).sum();
        self.unanswered.push_back(Unanswered { job: at, memory_bytes });
        self.unanswered_bytes += memory_bytes;
        let sending = self.destination.submit(&self.jobs[at].opened.wire_name, batch);
        match unless_it_stood_still(awake, self.shared.job.options.standstill, sending).await {
            Some(sent) => Ok(sent?),
            None => {
                let context = "this process stood still";
                Err(ConnectorError::new(FindingCode::ConnectionLost, Decision::Retry, context).into())
            }
        }
    }

    /// Hears what became of the oldest batch on its way; what was refused is sent again, repaired.
    async fn hear(&mut self) -> Result<(), Stop> {
        self.hear_one().await?;
        self.mend().await?;
        if self.has_to_look() {
            self.hear_all().await?;
            self.look_where_it_lies().await?;
        }
        Ok(())
    }

    async fn hear_all(&mut self) -> Result<(), Stop> {
        while !self.is_quiet() {
            self.hear_one().await?;
            self.mend().await?;
        }
        Ok(())
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.unanswered.is_empty()
    }

    pub(crate) async fn hear_one(&mut self) -> Result<(), Stop> {
        let Some((at, answered)) = self.answer().await else { return Ok(()) };
        self.shared.job.fault.reach(Step::AfterStore)?;
        self.judge(at, answered).await
    }

    pub(crate) async fn answer(&mut self) -> Option<(usize, Answered)> {
        let answered = self.destination.answer().await;
        let about = self.unanswered.pop_front()?;
        self.unanswered_bytes -= about.memory_bytes;
        let answered = answered?;
        if let Some(longest) = self.shared.append_took(answered.waited) {
            self.entries.push(Entry::AppendTook(longest));
        }
        Some((about.job, answered))
    }

    /// One bad message never stops the others; what must stop the portion is told once everything else is kept.
    async fn judge(&mut self, at: usize, answered: Answered) -> Result<(), Stop> {
        let mut error = answered.lost;
        if answered.flags_reduced {
            let subject = self.jobs[at].opened.mapped.destination.to_string();
            self.note(Finding::new(FindingCode::FlagsReduced).about(subject));
        }
        let mut rest = Vec::new();
        for (item, fate) in answered.batch.into_iter().zip(answered.fates) {
            match fate {
                Fate::Stored(uid) => self.stored(at, &item, &item, uid),
                Fate::Refused(refusal) if refusal.decision == Decision::Skip => {
                    tracing::info!(uid = %item.source_uid, error = %refusal, "a message was refused");
                    if refusal.code == FindingCode::MessageRefused {
                        self.shared.remember_refused(&self.jobs[at].opened.mapped.source.path, item.source_uid);
                        self.refused.push_back((at, item));
                    } else {
                        self.failed(at, &item, refusal.code);
                    }
                }
                Fate::Refused(refusal) => error = error.or(Some(refusal)),
                Fate::NotSent => rest.push(item),
                Fate::Unknown => {}
            }
        }
        match error {
            Some(error) => Err(error.into()),
            None if rest.is_empty() => Ok(()),
            None => self.submit(at, rest, Instant::now()).await,
        }
    }

    pub(crate) fn outcome(&mut self, at: usize, item: &NewItem, outcome: Outcome) {
        self.outcomes.push((at, settlement_of_new(item, outcome)));
    }

    /// A message that cannot be copied; this process does not try it again.
    pub(crate) fn failed(&mut self, at: usize, item: &NewItem, cause: FindingCode) {
        self.shared.remember_failed(&self.jobs[at].opened.mapped.source.path, item.source_uid, cause);
        self.outcome(at, item, Outcome::Failed(cause));
    }

    /// The portion is given up: what can be known of batches on their way is kept, so that nobody has to look for it.
    async fn gather(&mut self, stop: Stop) -> Stop {
        while let Some((at, answered)) = self.answer().await {
            for (item, fate) in answered.batch.iter().zip(answered.fates) {
                if let Fate::Stored(uid) = fate {
                    self.stored(at, item, item, uid);
                }
            }
        }
        if self.look_where_it_lies().await.is_err() {
            self.leave_in_doubt();
        }
        self.note_taken_for_same();
        // Nothing that is staged will be sent; its intents must not be written.
        self.entries.retain(|entry| !matches!(entry, Entry::Intend { .. }));
        self.commit().await.err().unwrap_or(stop)
    }

    /// Settles what was found at the destination of messages that may have been sent.
    pub(crate) fn adopt(&mut self, at: usize) {
        let job = &mut self.jobs[at];
        let (mut left, mut repaired_ones) = (Vec::new(), Vec::new());
        for (item, intent) in std::mem::take(&mut job.open) {
            match job.pool.take_from(&intent.sent_key(), intent.destination_uid_next) {
                Some(uid) => {
                    if let Some(repaired) = intent.repaired {
                        repaired_ones.push((item.uid, repaired.repairs));
                    }
                    let outcome = settlement(&item, Some(intent.key), arrived(&intent, uid));
                    self.outcomes.push((at, outcome));
                }
                None => left.push((item, intent)),
            }
        }
        job.open = left;
        for (uid, repairs) in repaired_ones {
            self.note_repairs(at, uid, repairs);
        }
    }

    /// Keeps an outcome to be written down with others.
    pub(crate) async fn settle_later(&mut self, at: usize, outcome: Settlement) -> Result<(), Stop> {
        self.outcomes.push((at, outcome));
        // What is staged goes with its intents only.
        if self.outcomes.len() >= OUTCOMES && self.staged.is_empty() { self.commit().await } else { Ok(()) }
    }

    pub(crate) fn note(&mut self, finding: Finding) {
        self.shared.show(&finding);
        self.entries.push(Entry::Note(finding));
    }

    /// Writes down what is kept, in one commit.
    pub(crate) async fn commit(&mut self) -> Result<(), Stop> {
        let counted = self.settle_entries();
        self.note_traffic();
        if self.entries.is_empty() {
            return Ok(());
        }
        self.shared.job.ledger.write(std::mem::take(&mut self.entries)).await?;
        for (at, outcomes, counts) in &counted {
            let again = self.told_again.min(*outcomes);
            self.told_again -= again;
            *self.settled += outcomes - again;
            self.jobs[*at].counts.add(counts);
            let path = &self.jobs[*at].opened.mapped.source.path;
            self.shared.job.progress.event(ProgressEvent::Settled(path, counts));
        }
        if !counted.is_empty() {
            self.shared.job.fault.reach(Step::AfterSettle)?;
        }
        Ok(())
    }

    /// What has passed is counted in the same commit as what came of it.
    fn note_traffic(&mut self) {
        let read_back: u64 = self.jobs.iter_mut().map(|job| job.pool.take_read_bytes()).sum();
        self.shared.meter.read_back(read_back);
        self.traffic.from_destination_bytes += read_back;
        let traffic = std::mem::take(&mut self.traffic);
        if traffic != Traffic::default() && self.shared.meter.counts() {
            self.entries.push(Entry::Traffic(traffic));
        }
    }

    /// Makes entries of the outcomes, before all others; their number and what they add, by folder.
    fn settle_entries(&mut self) -> Vec<(usize, u64, Counts)> {
        let mut by_folder: Vec<(usize, Vec<Settlement>)> = Vec::new();
        for (at, outcome) in std::mem::take(&mut self.outcomes) {
            match by_folder.iter_mut().find(|(other, _)| *other == at) {
                Some((_, outcomes)) => outcomes.push(outcome),
                None => by_folder.push((at, vec![outcome])),
            }
        }
        if self.shared.wants_subjects() {
            for (at, outcomes) in &by_folder {
                let told = outcomes
                    .iter()
                    .filter(|outcome| !matches!(outcome.outcome, Outcome::Stored(_) | Outcome::Found(_)));
                self.jobs[*at].not_stored.extend(told.map(|settlement| settlement.source_uid));
            }
        }
        let counted = by_folder.iter().map(|(at, outcomes)| (*at, outcomes.len() as u64, counted(outcomes))).collect();
        let settled = by_folder.into_iter().map(|(at, outcomes)| Entry::Settle(self.jobs[at].id, outcomes));
        let entries: Vec<Entry> = settled.collect();
        self.entries.splice(0..0, entries);
        counted
    }
}

/// What became of a message that was looked for and found.
fn arrived(intent: &OpenIntent, uid: Uid) -> Outcome {
    if intent.settled_before { Outcome::Found(Some(uid)) } else { Outcome::Stored(Some(uid)) }
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

fn intent(item: &NewItem) -> Result<Intent, ConnectorError> {
    let head = head_of(&item.body)?;
    Ok(Intent {
        source_uid: item.source_uid,
        key: item.body.key(),
        internal_date: item.internal_date,
        message_id: header::message_id(&head),
        traits: Traits { flags: item.flags.clone(), print: fingerprint(&item.body).map_err(spool_error)? },
    })
}

fn settlement_of(item: &Fetched, outcome: Outcome) -> Settlement {
    let message_id = head(item).ok().flatten().as_deref().and_then(header::message_id);
    let traits = fingerprint(&item.body).ok().map(|print| Traits { flags: item.flags.clone(), print });
    Settlement { traits, ..settled(item.uid, item.body.key(), item.internal_date, message_id, outcome) }
}

pub(crate) fn settlement_of_new(item: &NewItem, outcome: Outcome) -> Settlement {
    // The intent has Message-ID and traits.
    settled(item.source_uid, item.body.key(), item.internal_date, None, outcome)
}

fn settled(
    source_uid: Uid,
    key: ContentKey,
    internal_date: Option<chrono::DateTime<chrono::FixedOffset>>,
    message_id: Option<String>,
    outcome: Outcome,
) -> Settlement {
    let size_bytes = key.size_bytes;
    Settlement { source_uid, size_bytes, key: Some(key), internal_date, message_id, traits: None, outcome }
}

pub(crate) fn counted(outcomes: &[Settlement]) -> Counts {
    let mut counts = Counts::default();
    for outcome in outcomes {
        let (number, size) = match outcome.outcome {
            Outcome::Stored(_) => (&mut counts.stored, &mut counts.stored_bytes),
            Outcome::Present(_) => {
                counts.duplicates += 1;
                (&mut counts.present, &mut counts.present_bytes)
            }
            Outcome::Found(_) => (&mut counts.present, &mut counts.present_bytes),
            Outcome::Skipped(_) => (&mut counts.skipped, &mut counts.skipped_bytes),
            Outcome::Failed(_) => (&mut counts.failed, &mut counts.failed_bytes),
            Outcome::Uncertain => (&mut counts.uncertain, &mut counts.uncertain_bytes),
        };
        *number += 1;
        *size += outcome.size_bytes;
    }
    counts
}
