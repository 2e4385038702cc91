//! Messages that lie at the destination in other bytes than the source has, and that the ledger does not know of: a
//! server that rewrites what it stores (Cyrus 8-bit letters in headers, Exchange everything), and a ledger that was
//! restored from a backup, is gone, or belongs to another order.
//!
//! Such a message is taken for the same by its internal date, to the second, and its Message-ID, one there for one
//! here. Content comes first: a message here whose bytes are found there never takes anything else, and no other takes
//! what is its. So who takes what is decided once all messages of that second have come. Where there are several, the
//! most alike belong together.

use std::collections::{HashMap, HashSet};

use mailferry_domain::{
    item::ItemMeta,
    ledger::Settlement,
    print::{BODY_HASH_BYTES, Fingerprint},
    repair::Repairs,
    uid::{Uid, UidSet},
};

use crate::present::Face;

/// More pairs than this are not compared one by one.
const PAIRS: usize = 4096;

/// More messages than this do not wait for what others may tell.
const MOST_HELD: usize = 5_000;

/// What a message is known by where its bytes are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Looks {
    pub(crate) face: Face,
    pub(crate) print: Fingerprint,
}

impl Looks {
    /// Alike in this, a server may have made the one of the other. Without a Message-ID, only the header may differ.
    fn known_by(&self) -> (&Face, Option<&[u8; BODY_HASH_BYTES]>) {
        (&self.face, (!self.face.has_message_id()).then_some(&self.print.body))
    }

    /// True if a server may have made the one of the other.
    pub(crate) fn may_be(&self, other: &Self) -> bool {
        self.known_by() == other.known_by()
    }

    /// True if the other one is this message with lines added to its header: so do tools that copy mail (mbsync), and
    /// whoever passes it on.
    fn is_within(&self, other: &Self) -> bool {
        self.may_be(other) && self.likeness(other) == (true, self.print.fields.len())
    }

    /// The same body, then as many header fields as possible.
    fn likeness(&self, other: &Self) -> (bool, usize) {
        let mut left: HashMap<u16, usize> = HashMap::new();
        for field in &self.print.fields {
            *left.entry(*field).or_default() += 1;
        }
        let mut take = |field: &u16| left.get_mut(field).filter(|left| **left > 0).map(|left| *left -= 1).is_some();
        let common = other.print.fields.iter().filter(|field| take(field)).count();
        (self.print.body == other.print.body, common)
    }
}

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

impl Lookalikes {
    /// True if anything may be taken for the same as a message that comes.
    pub(crate) fn has_any(&self) -> bool {
        !self.to_come.is_empty()
    }

    /// A message at the destination that nothing accounts for.
    pub(crate) fn add(&mut self, uid: Uid, looks: Looks) {
        let there = self.there.entry(looks.face.second()).or_default();
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
    pub(crate) fn may_be_there(&self, looks: &Looks, taken: &UidSet) -> bool {
        let second = looks.face.second();
        let free = |(uid, there): &(Uid, Looks)| !taken.contains(*uid) && there.known_by() == looks.known_by();
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
        self.there.get(&looks.face.second()).is_some_and(|there| there.iter().any(free))
    }

    /// True if what is held for a second would lie there byte for byte, each of it.
    pub(crate) fn is_certain(&self, second: i64, would_keep: impl Fn(Repairs) -> bool) -> bool {
        self.held.get(&second).is_none_or(|held| held.iter().all(|held| would_keep(held.odd)))
    }

    pub(crate) fn hold(&mut self, held: Held) {
        self.held.entry(held.looks.face.second()).or_default().push(held);
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
    /// there if lines were added to it before it came there.
    pub(crate) fn decide(&mut self, second: i64, taken: &UidSet, would_keep: impl Fn(Repairs) -> bool) -> Decided {
        let held = self.held.remove(&second).unwrap_or_default();
        let mut there = self.there.remove(&second).unwrap_or_default();
        there.retain(|(uid, _)| !taken.contains(*uid));
        let mut mine: HashMap<usize, usize> = HashMap::new();
        let mut used = HashSet::new();
        let kept: Vec<bool> = held.iter().map(|held| would_keep(held.odd)).collect();
        for (here, other) in pairs(&held, &there) {
            if kept[here] && !held[here].looks.is_within(&there[other].1) {
                continue;
            }
            if !mine.contains_key(&here) && used.insert(other) {
                mine.insert(here, other);
            }
        }
        let mut decided = Decided::default();
        for (at, held) in held.into_iter().enumerate() {
            match mine.get(&at) {
                Some(other) => decided.there.push((held, there[*other].0)),
                None => decided.absent.push(held),
            }
        }
        let left = there.into_iter().enumerate().filter(|(at, _)| !used.contains(at)).map(|(_, left)| left);
        self.there.insert(second, left.collect());
        decided
    }
}

/// Who may be whom, the most alike first.
fn pairs(held: &[Held], there: &[(Uid, Looks)]) -> Vec<(usize, usize)> {
    let mut alike: HashMap<_, Vec<usize>> = HashMap::new();
    for (at, (_, looks)) in there.iter().enumerate() {
        alike.entry(looks.known_by()).or_default().push(at);
    }
    if held.len() * there.len() > PAIRS {
        let mut next = HashMap::new();
        let in_their_order = held.iter().enumerate().filter_map(|(here, held)| {
            let known_by = held.looks.known_by();
            let turn: &mut usize = next.entry(known_by).or_default();
            *turn += 1;
            Some((here, *alike.get(&known_by)?.get(*turn - 1)?))
        });
        return in_their_order.collect();
    }
    let mut pairs = Vec::new();
    for (here, held) in held.iter().enumerate() {
        pairs.extend(alike.get(&held.looks.known_by()).into_iter().flatten().map(|other| (here, *other)));
    }
    pairs.sort_by_cached_key(|(here, other)| std::cmp::Reverse(held[*here].looks.likeness(&there[*other].1)));
    pairs
}

/// The second of a message's internal date.
pub(crate) fn second_of(item: &ItemMeta) -> Option<i64> {
    item.internal_date.map(|date| date.timestamp())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use mailferry_domain::ledger::Outcome;
    use mailferry_shared::finding::FindingCode;

    use super::*;
    use crate::{job::settlement, port::Body, print::fingerprint};

    const SECOND: i64 = 1_500_000_000;

    fn looks(text: &str) -> Looks {
        let date = DateTime::from_timestamp(SECOND, 0).map(|date| date.fixed_offset());
        let body = Body::from_bytes(text.replace('\n', "\r\n").into_bytes().into());
        let face = Face::of(date, &body).expect("a date");
        Looks { face, print: fingerprint(&body).expect("in memory") }
    }

    fn item(uid: u32) -> ItemMeta {
        let internal_date = DateTime::from_timestamp(SECOND, 0).map(|date| date.fixed_offset());
        ItemMeta { uid: Uid(uid), size_bytes: 1, internal_date }
    }

    fn held(uid: u32, text: &str) -> Held {
        let settlement = settlement(&item(uid), None, Outcome::Failed(FindingCode::Internal));
        Held { item: item(uid), looks: looks(text), odd: Repairs::default(), settlement }
    }

    /// Who of these is there, by UID at the source and at the destination, and who is not.
    fn decided(there: &[&str], here: &[&str], taken: &[u32]) -> (Vec<(u32, u32)>, Vec<u32>) {
        decided_where(false, there, here, taken)
    }

    /// The same at a destination that would keep all bytes, or of which nobody knows.
    fn decided_where(keeps: bool, there: &[&str], here: &[&str], taken: &[u32]) -> (Vec<(u32, u32)>, Vec<u32>) {
        let mut lookalikes = Lookalikes::default();
        for (uid, text) in (11..).zip(there) {
            lookalikes.add(Uid(uid), looks(text));
        }
        for (uid, text) in (1..).zip(here) {
            lookalikes.hold(held(uid, text));
        }
        let Decided { mut there, absent } =
            lookalikes.decide(SECOND, &taken.iter().copied().map(Uid).collect(), |_| keeps);
        there.sort_by_key(|(held, _)| held.item.uid);
        let pairs = there.iter().map(|(held, uid)| (held.item.uid.0, uid.0)).collect();
        (pairs, absent.iter().map(|held| held.item.uid.0).collect())
    }

    const M: &str = "Message-ID: <m@x>\nSubject: Gr\u{fc}\u{df}e\n\nbody\n";
    /// As Cyrus stores it: an X for each 8-bit byte.
    const M_REWRITTEN: &str = "Message-ID: <m@x>\nSubject: GrXXXXe\n\nbody\n";

    #[test]
    fn each_one_there_stands_for_one_here() {
        assert_eq!(decided(&[M_REWRITTEN], &[M, M], &[]), (vec![(1, 11)], vec![2]));
        assert_eq!(decided(&[M_REWRITTEN, M_REWRITTEN], &[M, M], &[]), (vec![(1, 11), (2, 12)], vec![]));
        assert_eq!(decided(&[M_REWRITTEN, M_REWRITTEN], &[M, M], &[11]), (vec![(1, 12)], vec![2]));
        let many = vec![M; 300];
        assert_eq!(decided(&vec![M_REWRITTEN; 299], &many, &[]).1, [300]);
    }

    #[test]
    fn the_most_alike_belong_together() {
        let list = "Message-ID: <m@x>\nList-Id: l\nSubject: Gr\u{fc}\u{df}e\n\nbody\n";
        let list_rewritten = "Message-ID: <m@x>\nList-Id: l\nSubject: GrXXXXe\n\nbody\n";
        let footer = "Message-ID: <m@x>\nSubject: Gr\u{fc}\u{df}e\n\nbody\nfooter\n";
        assert_eq!(decided(&[list_rewritten], &[M, list], &[]), (vec![(2, 11)], vec![1]));
        assert_eq!(decided(&[list_rewritten, M_REWRITTEN], &[M, list], &[]), (vec![(1, 12), (2, 11)], vec![]));
        assert_eq!(decided(&[M_REWRITTEN], &[footer, M], &[]), (vec![(2, 11)], vec![1]));
    }

    #[test]
    fn where_bytes_are_kept_only_lines_that_were_added_make_another_message_the_same() {
        let added = "X-TUID: 0123456789ab\nMessage-ID: <m@x>\nSubject: Gr\u{fc}\u{df}e\n\nbody\n";
        let footer = "X-TUID: 0123456789ab\nMessage-ID: <m@x>\nSubject: Gr\u{fc}\u{df}e\n\nbody\nfooter\n";
        for keeps in [false, true] {
            assert_eq!(decided_where(keeps, &[added], &[M, M], &[]), (vec![(1, 11)], vec![2]), "{keeps}");
            assert_eq!(decided_where(keeps, &[M_REWRITTEN, added], &[M], &[]), (vec![(1, 12)], vec![]), "{keeps}");
        }
        assert_eq!(decided_where(true, &[M_REWRITTEN, footer], &[M], &[]), (vec![], vec![1]));
        assert_eq!(decided_where(true, &[M], &[added], &[]), (vec![], vec![1]), "lines are missing there");
    }

    #[test]
    fn without_a_message_id_only_the_header_may_differ() {
        let (here, there) = ("Subject: \u{fc}\n\nbody\n", "Subject: XX\n\nbody\n");
        assert_eq!(decided(&[there], &[here], &[]), (vec![(1, 11)], vec![]));
        assert_eq!(decided(&["Subject: XX\n\nBody\n"], &[here], &[]), (vec![], vec![1]));
        assert_eq!(decided(&[there], &["Message-ID: <m@x>\n\nbody\n"], &[]), (vec![], vec![1]));
    }

    #[test]
    fn nothing_is_decided_before_all_of_a_second_have_come() {
        let mut lookalikes = Lookalikes::default();
        lookalikes.add(Uid(11), looks(M_REWRITTEN));
        lookalikes.expect(&[item(1), item(2)]);
        assert!(lookalikes.may_be_there(&looks(M), &UidSet::new()));
        assert!(!lookalikes.may_be_there(&looks(M), &[Uid(11)].into_iter().collect()), "it is somebody's");
        assert!(!lookalikes.may_be_there(&looks("Message-ID: <n@x>\n\nbody\n"), &UidSet::new()));
        assert_eq!([lookalikes.came(SECOND), lookalikes.came(SECOND), lookalikes.came(SECOND)], [false, true, false]);
    }
}
