//! What became of messages, written down with what is sent next.

use mailferry_domain::{
    header,
    item::ContentKey,
    ledger::{OpenIntent, Outcome, Settlement},
    print::Traits,
    uid::Uid,
};
use mailferry_shared::{
    finding::{Finding, FindingCode},
    run::Counts,
};

use super::{Writer, head};
use crate::{
    job::settlement,
    port::{Connector, Entry, Fate, Fetched, Ledger, NewItem, ProgressEvent, Step, Traffic},
    print::fingerprint,
    run::Stop,
};

/// Outcomes without a body are settled this many at a time.
const OUTCOMES: usize = 200;

impl<C: Connector, L: Ledger> Writer<'_, C, L> {
    pub(crate) fn outcome(&mut self, at: usize, item: &NewItem, outcome: Outcome) {
        self.outcomes.push((at, settlement_of_new(item, outcome)));
    }

    /// A message that cannot be copied; this process does not try it again.
    pub(crate) fn failed(&mut self, at: usize, item: &NewItem, cause: FindingCode) {
        self.shared.remember_failed(&self.jobs[at].opened.mapped.source.path, item.source_uid, cause);
        self.outcome(at, item, Outcome::Failed(cause));
    }

    /// The portion is given up: what can be known of batches on their way is kept, so that nobody has to look for it.
    pub(super) async fn gather(&mut self, stop: Stop) -> Stop {
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
        self.forget_staged();
        self.commit().await.err().unwrap_or(stop)
    }

    /// Nothing that is staged will be sent; its intents must not be written.
    pub(crate) fn forget_staged(&mut self) {
        self.entries.retain(|entry| !matches!(entry, Entry::Intend { .. }));
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

    /// So many bytes were read at both sides, to compare them.
    pub(crate) fn has_read_both(&mut self, size_bytes: u64) {
        self.shared.meter.fetched(size_bytes);
        self.shared.meter.read_back(size_bytes);
        self.traffic.from_source_bytes += size_bytes;
        self.traffic.from_destination_bytes += size_bytes;
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
pub(super) fn arrived(intent: &OpenIntent, uid: Uid) -> Outcome {
    if intent.settled_before { Outcome::Found(Some(uid)) } else { Outcome::Stored(Some(uid)) }
}

pub(super) fn settlement_of(item: &Fetched, outcome: Outcome) -> Settlement {
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
