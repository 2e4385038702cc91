//! Messages that may lie at the destination rewritten.

use mailferry_domain::{
    header,
    item::ItemMeta,
    ledger::{Outcome, Settlement},
};
use mailferry_shared::finding::{Finding, FindingCode, FindingDetail};

use super::{
    Writer, head,
    settle::{arrived, settlement_of},
    spool_error,
};
use crate::{
    keeps::oddities,
    lookalike::Held,
    looks::{Looks, Marks},
    port::{Connector, Fetched, Ledger},
    present::Face,
    run::Stop,
};

impl<C: Connector, L: Ledger> Writer<'_, C, L> {
    /// The second that a message is expected by.
    pub(super) fn second_of(&self, item: &Fetched) -> Result<Option<i64>, Stop> {
        let date = match item.internal_date {
            None if self.jobs[item.folder].pool.lookalikes.has_any() => head(item)?.as_deref().and_then(header::date),
            date => date,
        };
        Ok(date.map(|date| date.timestamp()))
    }

    /// True if what is held for a second should wait for what others tell of the destination.
    pub(super) fn can_wait(&self, at: usize, second: i64) -> bool {
        let lookalikes = &self.jobs[at].pool.lookalikes;
        lookalikes.may_hold_more() && !lookalikes.is_certain(second, &self.shared.kept())
    }

    /// What became of a message that was sent before and that the destination has rewritten.
    pub(super) fn rewritten(&mut self, item: &Fetched) -> Result<Option<Outcome>, Stop> {
        let job = &mut self.jobs[item.folder];
        let Ok(at) = job.resent.binary_search_by_key(&item.uid, |(item, _)| item.uid) else { return Ok(None) };
        let intent = job.resent[at].1;
        let face = Face::of(item.internal_date, &item.body).filter(|face| job.pool.has_face(face));
        let Some(face) = face else { return Ok(None) };
        let looks = Marks::of(face, &item.body).and_then(|marks| Looks::of(marks, &item.body)).map_err(spool_error)?;
        let Some((uid, there)) = job.pool.take_face(&looks, intent.destination_uid_next) else { return Ok(None) };
        // It is ours from here on, and no surplus.
        job.stored_uids.insert(uid);
        if intent.repaired.is_none() && !intent.settled_before {
            self.has_become(item.folder, &looks, &there);
        }
        Ok(Some(arrived(&intent, uid)))
    }

    /// What has to wait, since it may be at the destination rewritten.
    pub(super) fn held(&self, item: &Fetched) -> Result<Option<Held>, Stop> {
        let pool = &self.jobs[item.folder].pool;
        if !pool.lookalikes.has_any() {
            return Ok(None);
        }
        let Some(face) = Face::of(item.internal_date, &item.body) else { return Ok(None) };
        let marks = Marks::of(face, &item.body).map_err(spool_error)?;
        if !pool.may_be_rewritten(&marks) {
            return Ok(None);
        }
        let looks = Looks::of(marks, &item.body).map_err(spool_error)?;
        let odd = oddities(&item.body)?;
        if self.shared.kept().would_keep(odd) && !pool.may_be_extended(&looks) {
            return Ok(None);
        }
        let item_meta = ItemMeta { uid: item.uid, size_bytes: item.body.len(), internal_date: item.internal_date };
        let settlement = settlement_of(item, Outcome::Present(None));
        Ok(Some(Held { item: item_meta, looks, odd, settlement }))
    }

    /// All messages of a second have come: those that are at the destination rewritten are settled, the others will be
    /// fetched once more.
    pub(super) async fn decide_second(&mut self, at: usize, second: i64) -> Result<(), Stop> {
        let job = &mut self.jobs[at];
        let decided = job.pool.decide(second, &self.shared.kept());
        job.once_more.extend(decided.absent.iter().map(|held| held.item));
        let doubtful = decided.doubtful.iter().map(|held| held.item).collect();
        if job.has_probed() || job.pool.is_blind() {
            job.send_in_doubt(doubtful);
        } else {
            job.doubtful.extend(doubtful);
        }
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
            // With what follows from it, or else a run that is begun again knows nothing of it.
            if self.jobs[at].doubtful.is_empty() {
                self.note_taken_for_same_in(at);
            }
        }
        self.commit().await
    }

    /// Nobody should have to guess what was found by other means than its bytes.
    pub(crate) fn note_taken_for_same(&mut self) {
        (0..self.jobs.len()).for_each(|at| self.note_taken_for_same_in(at));
    }

    fn note_taken_for_same_in(&mut self, at: usize) {
        let job = &mut self.jobs[at];
        let (taken, doubled) = (std::mem::take(&mut job.taken_for_same), job.take_doubled(&self.shared.kept()));
        let mapped = &job.opened.mapped;
        let (source, destination) = (mapped.source.path.to_string(), mapped.destination.to_string());
        self.note_messages(Finding::new(FindingCode::TakenForSame).about(source), taken);
        self.note_messages(Finding::new(FindingCode::MessageDoubled).about(destination), doubled);
    }

    /// Notes what concerns so many messages, if any.
    pub(crate) fn note_messages(&mut self, finding: Finding, number: u64) {
        if number > 0 {
            self.note(finding.with(FindingDetail { messages: Some(number), ..FindingDetail::default() }));
        }
    }
}
