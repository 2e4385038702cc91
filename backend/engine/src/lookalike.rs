//! Messages that lie at the destination in other bytes than the source has, and that the ledger does not know of: a
//! server that rewrites what it stores (Cyrus 8-bit letters in headers, Exchange everything), and a ledger that was
//! restored from a backup, is gone, or belongs to another order.
//!
//! Such a message is taken for the same by its internal date, to the second, and its Message-ID, one there for one
//! here. Content comes first: a message here whose bytes are found there never takes anything else, and no other takes
//! what is its. So who takes what is decided once all messages of that second have come. Where there are several, the
//! most alike belong together.
//!
//! Two mails of one second and Message-ID may still be two: what one list has added a footer to, and what came directly.
//! So their parts must say the same, unless the destination has shown that it changes what parts say. Whether it does, is
//! tried with one such message.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::Hash,
};

use mailferry_domain::{
    item::ItemMeta,
    ledger::Settlement,
    repair::Repairs,
    uid::{Uid, UidSet},
};

use crate::{
    keeps::Kept,
    looks::{Looks, Marks},
};

/// More pairs than this are not compared one by one.
const PAIRS: usize = 4096;

/// More messages than this do not wait for what others may tell.
const MOST_HELD: usize = 5_000;

/// A message of the source whose bytes are not at the destination, until it is decided whether it is there rewritten.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) item: ItemMeta,
    pub(crate) looks: Looks,
    /// What a server might mind about it.
    pub(crate) odd: Repairs,
    /// Its outcome, should it be there.
    pub(crate) settlement: Settlement,
}

/// What was decided of messages that were held.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    /// They are there, rewritten.
    pub(crate) there: Vec<(Held, Uid)>,
    /// They are not.
    pub(crate) absent: Vec<Held>,
    /// They are, if the destination is one that changes what the parts of a message say.
    pub(crate) doubtful: Vec<Held>,
}

/// The lookalikes in a destination folder, and who waits for them.
#[derive(Debug, Default)]
pub(crate) struct Lookalikes {
    /// Unclaimed messages there, by second, ascending by UID.
    there: HashMap<i64, Vec<(Uid, Looks)>>,
    /// Messages that are yet to come from the source, by second.
    to_come: HashMap<i64, usize>,
    held: HashMap<i64, Vec<Held>>,
}

impl Held {
    /// True if a message there is this one, as far as it is known what becomes of messages there.
    fn is(&self, there: &Looks, kept: &Kept) -> bool {
        if kept.would_keep(self.odd) {
            return self.looks.is_within(there);
        }
        kept.changes_parts() || self.looks.says_the_same(there)
    }

    /// True if nothing there is this one unless the destination changes parts, and nobody knows whether it does.
    fn is_doubtful(&self, there: &[(Uid, Looks)], kept: &Kept) -> bool {
        let open = !kept.would_keep(self.odd) && !kept.is_sure_of_parts();
        open && there.iter().any(|(_, looks)| looks.marks.may_be(&self.looks.marks))
    }
}

impl Lookalikes {
    /// True if anything may be taken for the same as a message that comes.
    pub(crate) fn has_any(&self) -> bool {
        !self.to_come.is_empty()
    }

    /// A message at the destination that nothing accounts for.
    pub(crate) fn add(&mut self, uid: Uid, looks: Looks) {
        let there = self.there.entry(looks.face().second()).or_default();
        let at = there.partition_point(|(other, _)| *other < uid);
        there.insert(at, (uid, looks));
    }

    /// These are about to come from the source.
    pub(crate) fn expect(&mut self, items: &[ItemMeta]) {
        self.to_come.clear();
        for second in items.iter().filter_map(second_of).filter(|second| self.there.contains_key(second)) {
            *self.to_come.entry(second).or_default() += 1;
        }
    }

    /// True if a message there, not `taken`, may be this one, and it is not yet decided who takes it.
    pub(crate) fn may_be_there(&self, marks: &Marks, taken: &UidSet) -> bool {
        let second = marks.face().second();
        let free = |(uid, there): &(Uid, Looks)| !taken.contains(*uid) && there.marks.may_be(marks);
        self.to_come.contains_key(&second) && self.there.get(&second).is_some_and(|there| there.iter().any(free))
    }

    /// True if anything lies there that messages may be taken for.
    pub(crate) fn is_concerned(&self) -> bool {
        !self.there.is_empty()
    }

    /// True if messages wait until it is decided whether they are there.
    pub(crate) fn holds_any(&self) -> bool {
        !self.held.is_empty()
    }

    /// True if more may wait until all have come.
    pub(crate) fn may_hold_more(&self) -> bool {
        self.held.values().map(Vec::len).sum::<usize>() < MOST_HELD
    }

    /// True if a message there, not `taken`, is this one with lines added.
    pub(crate) fn is_there_extended(&self, looks: &Looks, taken: &UidSet) -> bool {
        let free = |(uid, there): &(Uid, Looks)| !taken.contains(*uid) && looks.is_within(there);
        self.there.get(&looks.face().second()).is_some_and(|there| there.iter().any(free))
    }

    /// True if what is held for a second would lie there byte for byte, each of it.
    pub(crate) fn is_certain(&self, second: i64, kept: &Kept) -> bool {
        self.held.get(&second).is_none_or(|held| held.iter().all(|held| kept.would_keep(held.odd)))
    }

    /// True if a message there, not `taken`, is what the destination makes of another.
    pub(crate) fn has_left(&self, looks: &Looks, taken: &UidSet) -> bool {
        let same = |there: &Looks| there.marks.may_be(&looks.marks) && there.says_the_same(looks);
        let free = |(uid, there): &(Uid, Looks)| !taken.contains(*uid) && same(there);
        self.there.get(&looks.face().second()).is_some_and(|there| there.iter().any(free))
    }

    pub(crate) fn hold(&mut self, held: Held) {
        self.held.entry(held.looks.face().second()).or_default().push(held);
    }

    /// A message of this second has come; true if it was the last.
    pub(crate) fn came(&mut self, second: i64) -> bool {
        let Some(left) = self.to_come.get_mut(&second) else { return false };
        *left = left.saturating_sub(1);
        if *left > 0 {
            return false;
        }
        self.to_come.remove(&second);
        true
    }

    /// The seconds that messages are held for: all that was asked for has come, or will not come.
    pub(crate) fn undecided(&mut self) -> Vec<i64> {
        self.to_come.clear();
        self.held.keys().copied().collect()
    }

    /// Decides who of those that are held for a second is there. What the destination would keep byte for byte is only
    /// there if its header was spelt anew, or lines were added to it, before it came there.
    pub(crate) fn decide(&mut self, second: i64, taken: &UidSet, kept: &Kept) -> Decided {
        let held = self.held.remove(&second).unwrap_or_default();
        let mut there = self.there.remove(&second).unwrap_or_default();
        there.retain(|(uid, _)| !taken.contains(*uid));
        let mut mine: HashMap<usize, usize> = HashMap::new();
        let mut used = HashSet::new();
        for (here, other) in pairs(&held, &there) {
            if held[here].is(&there[other].1, kept) && !mine.contains_key(&here) && used.insert(other) {
                mine.insert(here, other);
            }
        }
        let (used, left): (Vec<_>, Vec<_>) = there.into_iter().enumerate().partition(|(at, _)| used.contains(at));
        let used: HashMap<usize, Uid> = used.into_iter().map(|(at, (uid, _))| (at, uid)).collect();
        let left: Vec<(Uid, Looks)> = left.into_iter().map(|(_, left)| left).collect();
        let mut decided = Decided::default();
        for (at, held) in held.into_iter().enumerate() {
            match mine.get(&at).and_then(|other| used.get(other)) {
                Some(uid) => decided.there.push((held, *uid)),
                None if held.is_doubtful(&left, kept) => decided.doubtful.push(held),
                None => decided.absent.push(held),
            }
        }
        self.there.insert(second, left);
        decided
    }
}

/// Who may be whom, the most alike first.
fn pairs(held: &[Held], there: &[(Uid, Looks)]) -> Vec<(usize, usize)> {
    if held.len() * there.len() > PAIRS {
        let same_body = in_their_order(held, there, |looks| (looks.face(), looks.marks.body()));
        return same_body.into_iter().chain(in_their_order(held, there, |looks| looks.marks.known_by())).collect();
    }
    let mut alike: HashMap<_, Vec<usize>> = HashMap::new();
    for (at, (_, looks)) in there.iter().enumerate() {
        alike.entry(looks.marks.known_by()).or_default().push(at);
    }
    let mut pairs = Vec::new();
    for (here, held) in held.iter().enumerate() {
        pairs.extend(alike.get(&held.looks.marks.known_by()).into_iter().flatten().map(|other| (here, *other)));
    }
    pairs.sort_by_cached_key(|(here, other)| std::cmp::Reverse(held[*here].looks.likeness(&there[*other].1)));
    pairs
}

/// Of those that are alike in something, the first here with the first there, and so on.
fn in_their_order<'a, K: Eq + Hash>(
    held: &'a [Held],
    there: &'a [(Uid, Looks)],
    sign: impl Fn(&'a Looks) -> K,
) -> Vec<(usize, usize)> {
    let mut alike: HashMap<K, VecDeque<usize>> = HashMap::new();
    for (at, (_, looks)) in there.iter().enumerate() {
        alike.entry(sign(looks)).or_default().push_back(at);
    }
    let mut next = |(here, held): (usize, &'a Held)| Some((here, alike.get_mut(&sign(&held.looks))?.pop_front()?));
    held.iter().enumerate().filter_map(&mut next).collect()
}

/// The second of a message's internal date.
pub(crate) fn second_of(item: &ItemMeta) -> Option<i64> {
    item.internal_date.map(|date| date.timestamp())
}

#[cfg(test)]
mod tests;
