//! Fetch → intend → store → settle, batch by batch, with the source reading ahead as far as memory allows.

use std::{collections::HashMap, time::Instant};

use mailferry_domain::{
    header,
    item::{ContentKey, ItemMeta},
    ledger::{Intent, OpenIntent, Outcome, Settlement},
    mapping::MappedFolder,
    uid::{Uid, UidSet},
};
use mailferry_shared::{
    finding::{Finding, FindingCode},
    run::Counts,
};
use tokio::sync::mpsc;

use crate::{
    folder::settlement,
    port::{
        Account, Connector, ConnectorError, Decision, Destination, FetchRequest, Fetched, Ledger, LedgerFolderId,
        MemoryBudget, NewItem, ProgressEvent, Step, StoreError,
    },
    present::{Face, Pool},
    run::{Shared, Stop},
    standstill::unless_it_stood_still,
};

/// Memory for bodies between the two sides of a lane.
const BUDGET_BYTES: u64 = 8 << 20;
/// A batch is sent when it holds this much. Half the budget: the source can always read the next message.
const BATCH_BYTES: u64 = BUDGET_BYTES / 2;
/// Outcomes without a body are settled this many at a time.
const OUTCOMES: usize = 200;
/// As much of a message as is looked at for its Message-ID and date.
pub(crate) const HEAD_BYTES: usize = 16 << 10;

/// Writes one folder: holds the batch in the making, and what is known of the destination.
pub(crate) struct Writer<'a, C: Connector, L: Ledger> {
    pub(crate) shared: &'a Shared<C, L>,
    pub(crate) destination: &'a mut C::Destination,
    /// Grows with every outcome.
    pub(crate) settled: &'a mut u64,
    pub(crate) mapped: &'a MappedFolder,
    pub(crate) id: LedgerFolderId,
    pub(crate) wire_name: String,
    /// The destination's UIDNEXT when the folder was opened.
    pub(crate) uid_next: u32,
    pub(crate) counts: Counts,
    pub(crate) pool: Pool,
    /// Messages that are sent again, with the destination's UIDNEXT when they were sent first.
    pub(crate) resent: HashMap<Uid, u32>,
    /// Content that was settled before the source's UIDVALIDITY changed.
    pub(crate) earlier: HashMap<ContentKey, Vec<Option<Uid>>>,
    /// UIDs that this process was told for what it stored.
    pub(crate) stored_uids: UidSet,
    /// True once the destination took something without telling its UID.
    pub(crate) stored_untold: bool,
    pub(crate) batch: Vec<NewItem>,
    pub(crate) batch_bytes: u64,
    pub(crate) outcomes: Vec<Settlement>,
}

/// Fetches `items` (ascending by UID) and stores what is not there yet.
pub(crate) async fn transfer<C: Connector, L: Ledger>(
    source: &mut C::Source,
    writer: &mut Writer<'_, C, L>,
    items: &[ItemMeta],
) -> Result<(), Stop> {
    if items.is_empty() {
        return writer.flush_outcomes().await;
    }
    let request = FetchRequest {
        items: items.iter().map(|item| (item.uid, item.size_bytes)).collect(),
        newest_first: writer.shared.job.options.newest_first,
        budget: MemoryBudget::new(BUDGET_BYTES),
    };
    // The budget bounds the memory; the channel only has to be long enough not to matter.
    let (sink, fetched) = mpsc::channel(4096);
    // Both go on until both have ended: cancelling a half-sent APPEND would leave its outcome unknown.
    let (read, written) = futures::join!(source.fetch(request, sink), writer.consume(fetched));
    let seen = written?;
    read?;
    for item in items.iter().filter(|item| !seen.contains(item.uid)) {
        writer.settle_later(settlement(item, None, Outcome::Skipped(FindingCode::MessageVanished))).await?;
    }
    writer.flush_outcomes().await
}

impl<C: Connector, L: Ledger> Writer<'_, C, L> {
    async fn consume(&mut self, mut fetched: mpsc::Receiver<Fetched>) -> Result<UidSet, Stop> {
        let mut seen = UidSet::new();
        while let Some(item) = fetched.recv().await {
            seen.insert(item.uid);
            self.take(item).await?;
        }
        self.flush().await?;
        Ok(seen)
    }

    async fn take(&mut self, mut item: Fetched) -> Result<(), Stop> {
        let key = item.body.key();
        let there = self.earlier.get_mut(&key).and_then(Vec::pop).or_else(|| self.pool.take(&key).map(Some));
        if let Some(uid) = there {
            let outcome = settlement_of(&item, Outcome::Present(uid));
            return self.settle_later(outcome).await;
        }
        if item.internal_date.is_none() {
            item.internal_date = head(&item)?.as_deref().and_then(header::date);
            let finding =
                Finding::new(FindingCode::DateMissing).about(format!("{} UID {}", self.mapped.source.path, item.uid));
            self.shared.note(finding).await?;
        }
        if let Some(uid) = self.rewritten(&item) {
            tracing::info!(uid = %item.uid, "a message has arrived, rewritten by the destination");
            let outcome = settlement_of(&item, Outcome::Stored(Some(uid)));
            return self.settle_later(outcome).await;
        }
        self.batch_bytes += item.body.len();
        self.batch.push(NewItem {
            source_uid: item.uid,
            flags: item.flags,
            internal_date: item.internal_date,
            body: item.body,
        });
        if self.batch.len() >= self.destination.limits().max_batch_items.max(1) || self.batch_bytes >= BATCH_BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    /// Where a message lies that was sent before and that the destination has rewritten.
    fn rewritten(&mut self, item: &Fetched) -> Option<Uid> {
        let from = *self.resent.get(&item.uid)?;
        self.pool.take_face(&Face::of(item.internal_date, &item.body)?, from)
    }

    /// Settles what was found at the destination of messages that may have been sent.
    pub(crate) async fn adopt(&mut self, open: &mut Vec<(ItemMeta, OpenIntent)>) -> Result<(), Stop> {
        let mut left = Vec::new();
        for (item, intent) in open.drain(..) {
            match self.pool.take_from(&intent.key, intent.destination_uid_next) {
                Some(uid) => self.outcomes.push(settlement(&item, Some(intent.key), Outcome::Stored(Some(uid)))),
                None => left.push((item, intent)),
            }
        }
        *open = left;
        self.flush_outcomes().await
    }

    /// Keeps an outcome to be settled with others.
    pub(crate) async fn settle_later(&mut self, outcome: Settlement) -> Result<(), Stop> {
        self.outcomes.push(outcome);
        if self.outcomes.len() >= OUTCOMES { self.flush_outcomes().await } else { Ok(()) }
    }

    /// Settles the outcomes kept so far.
    pub(crate) async fn flush_outcomes(&mut self) -> Result<(), Stop> {
        if self.outcomes.is_empty() {
            return Ok(());
        }
        let outcomes = std::mem::take(&mut self.outcomes);
        self.shared.job.ledger.settle(self.id, &outcomes).await?;
        *self.settled += outcomes.len() as u64;
        let counts = counted(&outcomes);
        self.counts.add(&counts);
        self.shared.job.progress.event(ProgressEvent::Settled(&self.mapped.source.path, &counts));
        self.shared.job.fault.reach(Step::AfterSettle)?;
        Ok(())
    }

    /// Sends the batch: intents, bytes, outcomes, in this order.
    async fn flush(&mut self) -> Result<(), Stop> {
        self.shared.obey()?;
        self.flush_outcomes().await?;
        let mut batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        if batch.is_empty() {
            return Ok(());
        }
        let fault = self.shared.job.fault.clone();
        fault.reach(Step::BeforeIntent)?;
        let mut awake = Instant::now();
        let intents = batch.iter().map(intent).collect::<Result<Vec<_>, _>>()?;
        self.shared.job.ledger.intend(self.id, self.uid_next, &intents).await?;
        fault.reach(Step::AfterIntent)?;
        while !batch.is_empty() {
            let sending = self.destination.store(&self.wire_name, &batch);
            let limit = self.shared.job.options.standstill;
            let answer = unless_it_stood_still(awake, limit, sending).await.unwrap_or_else(|| Err(stood_still()));
            awake = Instant::now();
            fault.reach(Step::AfterStore)?;
            let dealt_with = match answer {
                Ok(appended) => {
                    if appended.flags_reduced {
                        self.shared
                            .note(Finding::new(FindingCode::FlagsReduced).about(self.mapped.destination.to_string()))
                            .await?;
                    }
                    self.settle_stored(&batch, &appended.uids).await?;
                    batch.len()
                }
                Err(StoreError::Refused { stored, error }) => self.settle_refused(&batch, &stored, error).await?,
                Err(StoreError::Unknown(error)) => return Err(error.into()),
            };
            batch.drain(..dealt_with);
        }
        Ok(())
    }

    async fn settle_stored(&mut self, batch: &[NewItem], uids: &[Option<Uid>]) -> Result<(), Stop> {
        for (item, uid) in batch.iter().zip(uids) {
            match *uid {
                Some(uid) => self.stored_uids.insert(uid),
                None => self.stored_untold = true,
            }
            self.outcomes.push(settlement_of_new(item, Outcome::Stored(*uid)));
        }
        self.flush_outcomes().await
    }

    /// What went before the refused message is stored; one bad message never stops the others.
    async fn settle_refused(
        &mut self,
        batch: &[NewItem],
        stored: &[Option<Uid>],
        error: ConnectorError,
    ) -> Result<usize, Stop> {
        self.settle_stored(batch, stored).await?;
        let Some(refused) = batch.get(stored.len()) else { return Err(error.into()) };
        if error.decision != Decision::Skip {
            return Err(error.into());
        }
        tracing::info!(uid = %refused.source_uid, error = %error, "a message was refused");
        self.outcomes.push(settlement_of_new(refused, Outcome::Failed(error.code)));
        self.flush_outcomes().await?;
        Ok(stored.len() + 1)
    }
}

fn stood_still() -> StoreError {
    StoreError::Unknown(ConnectorError::new(FindingCode::ConnectionLost, Decision::Retry, "this process stood still"))
}

fn head(item: &Fetched) -> Result<Option<bytes::Bytes>, ConnectorError> {
    item.body.head(HEAD_BYTES).map(Some).map_err(spool_error)
}

fn spool_error(error: std::io::Error) -> ConnectorError {
    ConnectorError::new(FindingCode::Internal, Decision::Retry, "reading a spooled message").caused_by(error)
}

fn intent(item: &NewItem) -> Result<Intent, ConnectorError> {
    let head = item.body.head(HEAD_BYTES).map_err(spool_error)?;
    Ok(Intent {
        source_uid: item.source_uid,
        key: item.body.key(),
        internal_date: item.internal_date,
        message_id: header::message_id(&head),
    })
}

fn settlement_of(item: &Fetched, outcome: Outcome) -> Settlement {
    let message_id = head(item).ok().flatten().as_deref().and_then(header::message_id);
    let key = item.body.key();
    Settlement {
        source_uid: item.uid,
        size_bytes: key.size_bytes,
        key: Some(key),
        internal_date: item.internal_date,
        message_id,
        outcome,
    }
}

fn settlement_of_new(item: &NewItem, outcome: Outcome) -> Settlement {
    let key = item.body.key();
    Settlement {
        source_uid: item.source_uid,
        size_bytes: key.size_bytes,
        key: Some(key),
        internal_date: item.internal_date,
        // The intent has it.
        message_id: None,
        outcome,
    }
}

fn counted(outcomes: &[Settlement]) -> Counts {
    let mut counts = Counts::default();
    for outcome in outcomes {
        let (number, size) = match outcome.outcome {
            Outcome::Stored(_) => (&mut counts.stored, &mut counts.stored_bytes),
            Outcome::Present(_) => {
                counts.duplicates += 1;
                (&mut counts.present, &mut counts.present_bytes)
            }
            Outcome::Skipped(_) => (&mut counts.skipped, &mut counts.skipped_bytes),
            Outcome::Failed(_) => (&mut counts.failed, &mut counts.failed_bytes),
            Outcome::Uncertain => (&mut counts.uncertain, &mut counts.uncertain_bytes),
        };
        *number += 1;
        *size += outcome.size_bytes;
    }
    counts
}
