//! Messages that the destination refuses as they are: sent again with the least repair that it takes, each noted.

use std::{
    collections::VecDeque,
    io::{self, Read},
    time::Instant,
};

use chrono::{DateTime, FixedOffset};
use mailferry_domain::{
    header,
    item::Flags,
    ledger::{Outcome, Repaired},
    repair::{Repair, Repairer, Repairs},
    uid::Uid,
};
use mailferry_shared::finding::{Finding, FindingCode, FindingDetail};

use crate::{
    port::{Body, BodyWriter, Connector, ConnectorError, Decision, Entry, Fate, Ledger, NewItem, Step},
    run::Stop,
    writer::{Writer, head_of, spool_error},
};

const PIECE_BYTES: usize = 64 << 10;
/// Every server knows these (RFC 9051 section 2.3.2).
const KNOWN_FLAGS: [&str; 5] = ["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"];

/// What is tried for a message.
struct Attempt {
    body: Body,
    internal_date: Option<DateTime<FixedOffset>>,
    repairs: Repairs,
}

impl<C: Connector, L: Ledger> Writer<'_, C, L> {
    /// Sends messages that were refused once more, repaired. Nothing else is on the way meanwhile.
    pub(crate) async fn mend(&mut self) -> Result<(), Stop> {
        while !self.refused.is_empty() {
            if self.is_quiet() {
                let Some((at, item)) = self.refused.pop_front() else { break };
                self.mend_one(at, &item).await?;
            } else {
                self.hear_one().await?;
            }
        }
        Ok(())
    }

    async fn mend_one(&mut self, at: usize, item: &NewItem) -> Result<(), Stop> {
        if self.without_odd_flags(at, item).await? {
            return Ok(());
        }
        let mut rungs = VecDeque::from(Repair::OF_BYTES);
        let mut repairs = Repairs::default();
        let mut tried = item.body.key();
        while let Some(repair) = rungs.pop_front() {
            let body = repaired(&item.body, repair).map_err(spool_error)?;
            if body.key() == tried {
                continue;
            }
            tried = body.key();
            repairs = repairs.and(repair);
            let attempt = Attempt { body, internal_date: item.internal_date, repairs };
            if self.attempt(at, item, attempt).await? {
                return Ok(());
            }
        }
        if let Some(own) = other_date(item)? {
            let body = repaired(&item.body, Repair::LongLines).map_err(spool_error)?;
            let attempt = Attempt { body, internal_date: Some(own), repairs: repairs.and(Repair::Date) };
            if self.attempt(at, item, attempt).await? {
                return Ok(());
            }
        }
        self.failed(at, item, FindingCode::MessageRefused);
        Ok(())
    }

    /// A flag or keyword may be what is refused: sends the same bytes without those that not every server knows, then
    /// without any. False if nothing was odd about them, or if that is refused as well.
    async fn without_odd_flags(&mut self, at: usize, item: &NewItem) -> Result<bool, Stop> {
        let (known, odd) =
            item.flags.permitted(|flag| KNOWN_FLAGS.iter().any(|known| flag.eq_ignore_ascii_case(known)));
        if !odd {
            return Ok(false);
        }
        let mut rungs = vec![Flags::default(), known];
        rungs.dedup();
        while let Some(flags) = rungs.pop() {
            self.shared.obey()?;
            // Its intent is written, and its bytes are the same.
            let awake = Instant::now();
            let body = item.body.duplicate().map_err(spool_error)?;
            let sent = NewItem { source_uid: item.source_uid, flags, internal_date: item.internal_date, body };
            if let Some((sent, uid)) = self.send_alone(at, sent, awake).await? {
                tracing::info!(uid = %item.source_uid, "a message was stored with fewer flags");
                self.stored(at, item, &sent, uid);
                let subject = format!("{} UID {}", self.jobs[at].opened.mapped.source.path, item.source_uid);
                self.note(Finding::new(FindingCode::FlagsReduced).about(subject));
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sends a message as `attempt` has it; false if that is refused as well.
    async fn attempt(&mut self, at: usize, item: &NewItem, attempt: Attempt) -> Result<bool, Stop> {
        let Attempt { body, internal_date, repairs } = attempt;
        let (key, folder, source_uid) = (body.key(), self.jobs[at].id, item.source_uid);
        let there = self.find(at, &body).await?;
        self.shared.obey()?;
        let fault = self.shared.job.fault.clone();
        fault.reach(Step::BeforeIntent)?;
        let awake = Instant::now();
        self.entries.push(Entry::IntendRepaired { folder, source_uid, repaired: Repaired { key, repairs } });
        self.commit().await?;
        fault.reach(Step::AfterIntent)?;
        if let Some(uid) = there {
            self.outcome(at, item, Outcome::Present(Some(uid)));
            return Ok(true);
        }
        let sent = NewItem { source_uid, flags: item.flags.clone(), internal_date, body };
        let Some((sent, uid)) = self.send_alone(at, sent, awake).await? else { return Ok(false) };
        tracing::info!(uid = %source_uid, %repairs, "a message was repaired");
        self.stored(at, item, &sent, uid);
        self.note_repairs(at, source_uid, repairs);
        Ok(true)
    }

    /// Sends one message and waits for the answer; what was sent and its UID as far as it was told, or `None` if it is
    /// refused.
    async fn send_alone(
        &mut self,
        at: usize,
        sent: NewItem,
        awake: Instant,
    ) -> Result<Option<(NewItem, Option<Uid>)>, Stop> {
        self.shared.meter.send(sent.body.len())?;
        self.traffic.to_destination_bytes += sent.body.len();
        self.submit(at, vec![sent], awake).await?;
        let answered = self.answer().await;
        self.shared.job.fault.reach(Step::AfterStore)?;
        let Some((_, mut answered)) = answered else { return Err(lost().into()) };
        if let Some(error) = answered.lost {
            return Err(error.into());
        }
        match answered.fates.pop() {
            Some(Fate::Stored(uid)) => Ok(answered.batch.pop().map(|sent| (sent, uid))),
            Some(Fate::Refused(refusal)) if refusal.decision == Decision::Skip => Ok(None),
            Some(Fate::Refused(refusal)) => Err(refusal.into()),
            Some(Fate::NotSent | Fate::Unknown) | None => Err(lost().into()),
        }
    }

    /// Where a message lies, repaired, that the ledger does not know of. Where UIDs are not told, what we stored
    /// ourselves cannot be told from others.
    async fn find(&mut self, at: usize, body: &Body) -> Result<Option<Uid>, Stop> {
        let job = &mut self.jobs[at];
        if job.stored_untold {
            return Ok(None);
        }
        let ours = job.ours();
        Ok(job.pool.find(self.destination, &job.opened.wire_name, &ours, &body.key()).await?)
    }

    /// Notes what was repaired in a message.
    pub(crate) fn note_repairs(&mut self, at: usize, uid: Uid, repairs: Repairs) {
        let repaired = Finding::new(FindingCode::MessageRepaired);
        let repaired = repaired.about(self.jobs[at].opened.mapped.source.path.to_string());
        let detail = FindingDetail { uid: Some(uid.0), repairs: repairs.list(), ..FindingDetail::default() };
        self.note(repaired.with(detail));
    }
}

/// The message's own date, where the one that was sent may be what was refused.
fn other_date(item: &NewItem) -> Result<Option<DateTime<FixedOffset>>, ConnectorError> {
    if item.internal_date.as_ref().is_none_or(header::is_plausible) {
        return Ok(None);
    }
    Ok(header::date(&head_of(&item.body)?).filter(header::is_plausible))
}

pub(crate) fn repaired(body: &Body, last: Repair) -> io::Result<Body> {
    let mut repairer = Repairer::new(last);
    let mut writer = BodyWriter::new(body.len())?;
    let mut reader = body.reader()?;
    let (mut piece, mut out) = (vec![0; PIECE_BYTES], Vec::new());
    loop {
        let read = reader.read(&mut piece)?;
        if read == 0 {
            break;
        }
        repairer.push(&piece[..read], &mut out);
        writer.write(&out)?;
        out.clear();
    }
    repairer.finish(&mut out);
    writer.write(&out)?;
    writer.finish()
}

fn lost() -> ConnectorError {
    ConnectorError::new(FindingCode::ConnectionLost, Decision::Retry, "sending a repaired message")
}
