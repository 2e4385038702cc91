//! Batches: intended, sent, heard of.

use std::time::Instant;

use mailferry_domain::{header, ledger::Intent, print::Traits};
use mailferry_shared::finding::{Finding, FindingCode};

use super::{Writer, head_of, spool_error};
use crate::{
    port::{Answered, Connector, ConnectorError, Decision, Destination, Entry, Fate, Ledger, NewItem, Step},
    print::fingerprint,
    run::Stop,
    standstill::unless_it_stood_still,
};

/// Batches on the way that nobody has answered for.
const UNANSWERED: usize = 8;

/// A batch that was submitted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unanswered {
    job: usize,
    /// What its bodies hold; a spooled one holds none.
    memory_bytes: u64,
}

impl<C: Connector, L: Ledger> Writer<'_, C, L> {
    /// Lets a folder's batch go with the next commit.
    pub(super) fn stage(&mut self, at: usize) -> Result<(), Stop> {
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

    pub(super) async fn send_all(&mut self) -> Result<(), Stop> {
        self.stage(self.current)?;
        self.send().await
    }

    /// Sends what is staged: intents, bytes, in this order. Then hears answers until few enough are missing.
    pub(super) async fn send(&mut self) -> Result<(), Stop> {
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
    pub(super) async fn hear(&mut self) -> Result<(), Stop> {
        self.hear_one().await?;
        self.mend().await?;
        if self.has_to_look() {
            self.hear_all().await?;
            self.look_where_it_lies().await?;
        }
        Ok(())
    }

    pub(super) async fn hear_all(&mut self) -> Result<(), Stop> {
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
