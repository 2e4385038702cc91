//! Where lies what was stored: a destination tells UIDs (APPENDUID, RFC 4315), and not every one tells the truth.
//!
//! A UID that is told is believed once the destination has shown in this run that what it tells is so, and only if it is
//! the one that had to come next. All else is looked at before it is written down, many messages with one question: what
//! lies there with its size and date, or reads as it was sent, has that UID; one message that stands for two is one only
//! if its bytes are the same. Of a destination that was found to lie, no UID is believed: its messages are known to be
//! stored, as where UIDs are not told at all.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, FixedOffset};
use mailferry_domain::{
    item::{ContentKey, ItemMeta},
    ledger::{Outcome, Settlement},
    uid::{Uid, UidSet},
};

use crate::{
    job::FolderJob,
    lane::pause,
    looks::{Looks, Marks},
    port::{Connector, Destination, Ledger, NewItem},
    present::Face,
    run::Stop,
    writer::{Writer, settlement_of_new},
};

/// More than so many are not held back at once.
const MOST: usize = 1_000;
/// Where a server consists of several, all of them know what one has stored after so small a part of an append time-out.
const SECOND_LOOK: u32 = 10;

/// What a destination's word on UIDs is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub(crate) enum Word {
    /// Nobody has looked yet.
    #[default]
    Untried,
    /// What it told was so.
    Good,
    /// It told UIDs where something else lies, or nothing can lie.
    Bad,
}

/// A message that was stored, until it is known whether it lies where the destination says.
#[derive(Debug)]
pub(crate) struct Doubt {
    told: Uid,
    /// Something lay there before: the destination may keep one message for two.
    merged: bool,
    key: ContentKey,
    internal_date: Option<DateTime<FixedOffset>>,
    marks: Option<Marks>,
    /// It was sent to see what becomes of its parts.
    is_probe: bool,
    settlement: Settlement,
}

/// What is found at the UID that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// The message.
    It,
    /// Nothing any more: its owner was quick.
    Gone,
    /// Another message.
    Another,
    /// Nothing, and nothing can have been there yet.
    Never,
}

impl Doubt {
    fn new((told, merged): (Uid, bool), is_probe: bool, sent: &NewItem, settlement: Settlement) -> Self {
        let face = Face::of(sent.internal_date, &sent.body);
        let marks = face.and_then(|face| Marks::of(face, &sent.body).ok());
        Self { told, merged, key: sent.body.key(), internal_date: sent.internal_date, marks, is_probe, settlement }
    }

    /// True if what is listed there may be taken for the message without reading it.
    fn is_plainly(&self, item: &ItemMeta) -> bool {
        let second = |date: DateTime<FixedOffset>| date.timestamp();
        let same_date = self.internal_date.is_none_or(|date| item.internal_date.map(second) == Some(second(date)));
        !self.merged && !self.is_probe && same_date && item.size_bytes == self.key.size_bytes
    }

    /// True if what was read there is the message. A server may have rewritten it, but then nothing lay there before.
    fn is(&self, (key, looks): &(ContentKey, Option<Looks>)) -> bool {
        let rewritten =
            || self.marks.as_ref().zip(looks.as_ref()).is_some_and(|(sent, there)| sent.may_be(&there.marks));
        *key == self.key || (!self.merged && rewritten())
    }
}

impl<C: Connector, L: Ledger> Writer<'_, C, L> {
    /// A message is stored: `sent` is what was sent of `item`.
    pub(crate) fn stored(&mut self, at: usize, item: &NewItem, sent: &NewItem, told: Option<Uid>) {
        self.shared.storage_works();
        let job = &mut self.jobs[at];
        let is_probe = job.has_stored(sent);
        let Some(uid) = told.filter(|_| self.shared.word() != Word::Bad) else {
            job.stored_untold = true;
            job.probe.is_settled |= is_probe;
            return self.outcome(at, item, Outcome::Stored(None));
        };
        let (in_turn, merged) = job.told(uid);
        if in_turn && !is_probe && self.shared.word() == Word::Good {
            self.sample(at, sent, uid);
            return self.outcome(at, item, Outcome::Stored(Some(uid)));
        }
        let settlement = settlement_of_new(item, Outcome::Stored(None));
        if !merged && !is_probe {
            self.sample(at, sent, uid);
        }
        self.doubts.push((at, Doubt::new((uid, merged), is_probe, sent, settlement)));
    }

    /// True if what was told should be looked at now: at first as soon as possible, later only if much of it is in doubt.
    pub(crate) fn has_to_look(&self) -> bool {
        !self.doubts.is_empty() && (self.shared.word() == Word::Untried || self.doubts.len() >= MOST)
    }

    /// Looks where what is in doubt lies. Nothing may be on its way. After an error, it is in doubt still.
    pub(crate) async fn look_where_it_lies(&mut self) -> Result<(), Stop> {
        let mut folders: BTreeMap<usize, Vec<Doubt>> = BTreeMap::new();
        for (at, doubt) in std::mem::take(&mut self.doubts) {
            folders.entry(at).or_default().push(doubt);
        }
        while let Some((at, doubts)) = folders.pop_first() {
            let outcomes = match self.look_in_folder(at, &doubts).await {
                Ok(outcomes) => outcomes,
                Err(stop) => {
                    folders.insert(at, doubts);
                    let in_doubt =
                        folders.into_iter().flat_map(|(at, doubts)| doubts.into_iter().map(move |doubt| (at, doubt)));
                    self.doubts = in_doubt.collect();
                    return Err(stop);
                }
            };
            for (doubt, outcome) in doubts.into_iter().zip(outcomes) {
                let job = &mut self.jobs[at];
                job.stored_untold |= outcome == Outcome::Stored(None);
                job.probe.is_settled |= doubt.is_probe;
                self.outcomes.push((at, Settlement { outcome, ..doubt.settlement }));
            }
        }
        Ok(())
    }

    /// What cannot be looked at any more is stored, nobody knows where. Where one message may stand for two, not even
    /// that is known: it stays open, and will be looked for. So does what was sent to see what becomes of it: nobody has
    /// seen that yet, and the next attempt need not send another.
    pub(crate) fn leave_in_doubt(&mut self) {
        for (at, doubt) in std::mem::take(&mut self.doubts) {
            if !doubt.merged && !doubt.is_probe {
                self.outcomes.push((at, doubt.settlement));
            }
        }
    }

    async fn look_in_folder(&mut self, at: usize, doubts: &[Doubt]) -> Result<Vec<Outcome>, Stop> {
        let found = if self.shared.word() == Word::Bad { Vec::new() } else { self.found(at, doubts).await? };
        // What it knows of the folder may be older than what it has stored there.
        let found = if found.contains(&Found::Never) {
            pause(self.shared, self.shared.job.options.append_timeout / SECOND_LOOK).await?;
            self.found(at, doubts).await?
        } else {
            found
        };
        let word = worth(doubts, &found);
        if word == Word::Bad {
            let folder = &self.jobs[at].opened.mapped.destination;
            tracing::warn!(%folder, "the destination tells UIDs where other messages lie: none is believed");
        }
        self.shared.has_word(word);
        if self.shared.word() == Word::Bad {
            return Ok(vec![Outcome::Stored(None); doubts.len()]);
        }
        if doubts.iter().zip(&found).any(|(doubt, found)| doubt.is_probe && !doubt.merged && *found == Found::It) {
            self.probe_is_read(at);
        }
        let mut outcomes = Vec::with_capacity(doubts.len());
        for (doubt, found) in doubts.iter().zip(found) {
            outcomes.push(match found {
                Found::It if doubt.merged => Outcome::Present(Some(doubt.told)),
                Found::It => Outcome::Stored(Some(doubt.told)),
                Found::Another if doubt.merged => self.look_elsewhere(at, doubt, doubts).await?,
                Found::Gone | Found::Another | Found::Never => Outcome::Stored(None),
            });
        }
        Ok(outcomes)
    }

    /// What lies where each was told to be.
    async fn found(&mut self, at: usize, doubts: &[Doubt]) -> Result<Vec<Found>, Stop> {
        let job = &mut self.jobs[at];
        let told: UidSet = doubts.iter().map(|doubt| doubt.told).collect();
        let (status, items) = self.destination.look_up(&job.opened.wire_name, &told).await?;
        if status.uid_validity != job.opened.destination.uid_validity {
            return Ok(vec![Found::Gone; doubts.len()]);
        }
        let there: HashMap<Uid, ItemMeta> = items.into_iter().map(|item| (item.uid, item)).collect();
        let unclear = |doubt: &&Doubt| there.get(&doubt.told).is_some_and(|item| !doubt.is_plainly(item));
        let unclear: UidSet = doubts.iter().filter(unclear).map(|doubt| doubt.told).collect();
        let unclear: Vec<(Uid, u64)> = unclear.iter().map(|uid| (uid, there[&uid].size_bytes)).collect();
        if !unclear.is_empty() {
            self.shared.meter.may_read_back()?;
        }
        let mut read = job.pool.read_again(self.destination, (&job.opened.wire_name, &status), unclear).await?;
        // A folder that has grown by every message has merged none.
        let grown = u64::from(status.messages) >= u64::from(job.opened.destination.messages) + job.arrivals;
        let found = |doubt: &Doubt| match (there.get(&doubt.told), read.get(&doubt.told)) {
            (Some(_), _) if doubt.merged && grown => Found::Another,
            (Some(item), _) if doubt.is_plainly(item) => Found::It,
            (Some(_), Some(read)) if doubt.is(read) => Found::It,
            (Some(_), Some(_)) => Found::Another,
            (None, _) if doubt.told.0 >= status.uid_next => Found::Never,
            (None, _) | (Some(_), None) => Found::Gone,
        };
        let found = doubts.iter().map(found).collect();
        if let Some(probe) = doubts.iter().find(|doubt| doubt.is_probe) {
            job.probe.became = read.remove(&probe.told).and_then(|(_, looks)| looks);
        }
        Ok(found)
    }

    /// Another message lies where this one is said to have been merged with it: it may lie by itself.
    async fn look_elsewhere(&mut self, at: usize, doubt: &Doubt, doubts: &[Doubt]) -> Result<Outcome, Stop> {
        let job = &mut self.jobs[at];
        // Without told UIDs, ours cannot be told from another's.
        if job.stored_untold {
            return Ok(Outcome::Uncertain);
        }
        self.shared.meter.may_read_back()?;
        let told: UidSet = doubts.iter().map(|doubt| doubt.told).collect();
        let mut ours = job.state.claimed.clone();
        job.stored_uids.iter().filter(|uid| !told.contains(*uid)).for_each(|uid| ours.insert(uid));
        let found = job.pool.find_anew(self.destination, &job.opened.wire_name, &ours, &doubt.key).await?;
        let Some(uid) = found else { return Ok(Outcome::Uncertain) };
        self.shared.has_word(Word::Bad);
        Ok(Outcome::Stored(Some(uid)))
    }
}

/// What a destination's word is worth by what was found. What is gone was moved or deleted at once, by a rule or by its
/// owner, or lies in a folder that was renumbered: that tells nothing.
fn worth(doubts: &[Doubt], found: &[Found]) -> Word {
    let right = found.iter().filter(|found| **found == Found::It).count();
    let amiss = |(found, doubt): &(&Found, &Doubt)| !doubt.merged && **found == Found::Another;
    let wrong = found.iter().zip(doubts).filter(amiss).count();
    if found.contains(&Found::Never) || wrong > right {
        Word::Bad
    } else if right > 0 {
        Word::Good
    } else {
        Word::Untried
    }
}

impl FolderJob {
    /// Takes note of a UID that was told: whether it is the one that had to come, and whether something lay there before.
    fn told(&mut self, uid: Uid) -> (bool, bool) {
        let before = uid.0 < self.opened.destination.uid_next && self.knows_uid_next();
        let merged = before || self.stored_uids.contains(uid);
        let in_turn = self.next_told == Some(uid.0) && !merged;
        self.next_told = self.next_told.max(uid.0.checked_add(1));
        self.stored_uids.insert(uid);
        (in_turn, merged)
    }

    /// UIDs at the destination of what is accounted for.
    pub(crate) fn ours(&self) -> UidSet {
        let mut ours = self.state.claimed.clone();
        for (first, last) in self.stored_uids.ranges() {
            ours.insert_range(first, last);
        }
        ours
    }
}
