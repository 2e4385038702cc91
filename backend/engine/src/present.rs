//! What is at the destination already: the messages that no settled entry of the ledger accounts for.
//!
//! Size selects, the hash of the bytes decides, and every message there stands for one message here (multiset).

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    io,
};

use chrono::{DateTime, FixedOffset};
use mailferry_domain::{
    folder::FolderStatus,
    header,
    item::{ContentKey, ItemMeta},
    ledger::FolderState,
    uid::{Uid, UidSet, UidValidity},
};

use tokio::sync::mpsc;

use crate::{
    keeps::Kept,
    listing::{gaps, list_gaps},
    lookalike::{Decided, Lookalikes, second_of},
    looks::{Looks, Marks},
    port::{Account, Body, Care, ConnectorError, Destination, FetchRequest, Fetched, FolderFetch, MemoryBudget},
    writer::{HEAD_BYTES, spool_error},
};

/// What is left of a message that a server rewrites while it stores it, as Cyrus does with 8-bit letters in headers:
/// internal date and Message-ID; without one, its size.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Face {
    date: i64,
    id: Result<String, u64>,
}

impl Face {
    /// `None` if there is no date to go by.
    pub(crate) fn of(date: Option<DateTime<FixedOffset>>, body: &Body) -> Option<Self> {
        let id = body.head(HEAD_BYTES).ok().as_deref().and_then(header::message_id).ok_or(body.len());
        Some(Self { date: date?.timestamp(), id })
    }

    /// Seconds since 1970.
    pub(crate) fn second(&self) -> i64 {
        self.date
    }

    pub(crate) fn has_message_id(&self) -> bool {
        self.id.is_ok()
    }
}

/// What is known of a message that was read.
pub(crate) struct Read {
    pub(crate) uid: Uid,
    pub(crate) key: ContentKey,
    pub(crate) looks: Option<Looks>,
}

impl Read {
    pub(crate) fn of(message: &Fetched) -> Result<Self, ConnectorError> {
        let looks = match Face::of(message.internal_date, &message.body) {
            Some(face) => Some(looks(face, &message.body).map_err(spool_error)?),
            None => None,
        };
        Ok(Self { uid: message.uid, key: message.body.key(), looks })
    }
}

fn looks(face: Face, body: &Body) -> io::Result<Looks> {
    Looks::of(Marks::of(face, body)?, body)
}

/// Reads messages of a folder, and keeps of each what `of` tells.
pub(crate) async fn read<A: Account, T>(
    account: &mut A,
    (wire_name, uid_validity): (&str, UidValidity),
    items: Vec<(Uid, u64)>,
    of: impl Fn(&Fetched) -> Result<T, ConnectorError>,
) -> Result<Vec<T>, ConnectorError> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let folder = FolderFetch { wire_name: wire_name.to_owned(), uid_validity, items };
    let (sink, mut fetched) = mpsc::channel::<Fetched>(64);
    let request = FetchRequest {
        folders: vec![folder],
        newest_first: false,
        budget: MemoryBudget::new(4 << 20),
        care: Care::All,
    };
    let collect = async {
        let mut messages = Vec::new();
        while let Some(message) = fetched.recv().await {
            messages.push(of(&message));
        }
        messages.into_iter().collect()
    };
    let (read, messages) = futures::join!(account.fetch(request, sink), collect);
    read?;
    messages
}

/// Which messages of the destination are worth reading, because they may be ours.
#[derive(Debug, Default)]
pub(crate) struct Clues {
    /// Sizes of messages that may lie there byte for byte.
    pub(crate) sizes: HashSet<u64>,
    /// Seconds of messages that may lie there rewritten.
    pub(crate) seconds: HashSet<i64>,
}

impl Clues {
    fn fit(&self, item: &ItemMeta) -> bool {
        self.sizes.contains(&item.size_bytes) || second_of(item).is_some_and(|second| self.seconds.contains(&second))
    }
}

/// Unclaimed messages of a destination folder, by content.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    /// UIDs descending, so that the lowest is taken first from the end.
    by_content: HashMap<ContentKey, Vec<Uid>>,
    /// Everything up to here has been looked at; the next look starts behind it.
    seen_below: u32,
    /// Settled entries whose UID is unknown, still to be found.
    unaddressed: HashMap<ContentKey, u32>,
    /// What was taken as somebody's already.
    taken: UidSet,
    /// Messages that may be ours though their bytes are not, UIDs ascending.
    by_face: HashMap<Face, Vec<(Uid, Looks)>>,
    /// Messages that may be the source's though their bytes are not, and that nobody has sent as far as is known.
    pub(crate) lookalikes: Lookalikes,
    /// Bytes that were read, for the account's daily amount.
    read_bytes: u64,
    /// Everything that was not ours, once somebody looked for content that the source does not have.
    others: Option<Vec<ItemMeta>>,
}

impl Pool {
    /// A pool that has not looked yet.
    pub(crate) fn new(state: &FolderState) -> Self {
        let mut unaddressed = HashMap::new();
        for key in &state.unaddressed {
            *unaddressed.entry(*key).or_default() += 1;
        }
        Self { seen_below: 1, unaddressed, ..Self::default() }
    }

    /// True if a folder that stands so may hold messages that nothing accounts for and that were not looked at.
    pub(crate) fn has_news(&self, status: &FolderStatus, claimed: &UidSet) -> bool {
        let last = status.uid_next.saturating_sub(1);
        status.messages > 0 && (status.uid_next == u32::MAX || !gaps(self.seen_below, last, claimed).is_empty())
    }

    /// Looks at what has come to the open folder since the last look: lists it, and reads those messages that fit the
    /// `clues`. Tells whether any of them was read.
    pub(crate) async fn look<D: Destination>(
        &mut self,
        destination: &mut D,
        (wire_name, status): (&str, &FolderStatus),
        claimed: &UidSet,
        clues: &Clues,
    ) -> Result<bool, ConnectorError> {
        if status.uid_next <= self.seen_below || status.messages == 0 {
            return Ok(false);
        }
        let listing = list_gaps(destination, status, Uid(self.seen_below), claimed).await?;
        let candidates: Vec<(Uid, u64)> =
            listing.iter().filter(|item| clues.fit(item)).map(|item| (item.uid, item.size_bytes)).collect();
        self.seen_below = status.uid_next;
        if candidates.is_empty() {
            return Ok(false);
        }
        self.read_bytes += size_of(&candidates);
        for Read { uid, key, looks } in
            read(destination, (wire_name, status.uid_validity), candidates, Read::of).await?
        {
            if self.add(uid, key)
                && let Some(looks) = looks.filter(|looks| clues.seconds.contains(&looks.face().second()))
            {
                self.lookalikes.add(uid, looks);
            }
        }
        Ok(true)
    }

    /// True if a message may be at the destination in other bytes, so that it must wait until that is decided.
    pub(crate) fn may_be_rewritten(&self, marks: &Marks) -> bool {
        self.lookalikes.may_be_there(marks, &self.taken)
    }

    /// True if something that was settled without its UID lies there, nobody knows which it is.
    pub(crate) fn is_blind(&self) -> bool {
        self.unaddressed.values().any(|waiting| *waiting > 0)
    }

    /// True if it may be at the destination although that keeps bytes: its header was spelt anew before it came there.
    pub(crate) fn may_be_extended(&self, looks: &Looks) -> bool {
        self.lookalikes.is_there_extended(looks, &self.taken)
    }

    /// Decides who of those that were held for a second is at the destination. Nothing is taken for anything that may have
    /// been settled without its UID.
    pub(crate) fn decide(&mut self, second: i64, kept: &Kept) -> Decided {
        let mut decided = self.lookalikes.decide(second, &self.taken, kept);
        if self.is_blind() {
            decided.doubtful.extend(std::mem::take(&mut decided.there).into_iter().map(|(held, _)| held));
        }
        decided.there.iter().for_each(|(_, uid)| self.taken.insert(*uid));
        decided
    }

    /// True if what the destination makes of a message lies there for no other.
    pub(crate) fn has_left(&self, looks: &Looks) -> bool {
        self.lookalikes.has_left(looks, &self.taken)
    }

    /// Bytes that were read since this was asked last.
    pub(crate) fn take_read_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.read_bytes)
    }

    /// Reads messages of a folder, and passes on what they are known by.
    pub(crate) async fn read_again<D: Destination>(
        &mut self,
        destination: &mut D,
        folder: (&str, &FolderStatus),
        items: Vec<(Uid, u64)>,
    ) -> Result<HashMap<Uid, (ContentKey, Option<Looks>)>, ConnectorError> {
        self.read_bytes += size_of(&items);
        let (wire_name, status) = folder;
        let read = read(destination, (wire_name, status.uid_validity), items, Read::of).await?;
        Ok(read.into_iter().map(|Read { uid, key, looks }| (uid, (key, looks))).collect())
    }

    /// True if the message is nobody's.
    fn add(&mut self, uid: Uid, key: ContentKey) -> bool {
        // A settled entry whose UID we never learnt has the first claim.
        if let Some(waiting) = self.unaddressed.get_mut(&key).filter(|waiting| **waiting > 0) {
            *waiting -= 1;
            self.taken.insert(uid);
            return false;
        }
        let uids = self.by_content.entry(key).or_default();
        let at = uids.partition_point(|other| *other > uid);
        uids.insert(at, uid);
        true
    }

    /// Takes a message of this content, which was not known when the folder was looked at: a message that is about to
    /// be repaired may be there, repaired, where the ledger does not know of it. `ours` lie there for others.
    pub(crate) async fn find<D: Destination>(
        &mut self,
        destination: &mut D,
        wire_name: &str,
        ours: &UidSet,
        key: &ContentKey,
    ) -> Result<Option<Uid>, ConnectorError> {
        if self.others.is_none() {
            let status = destination.open(wire_name).await?;
            let others =
                if status.messages == 0 { Vec::new() } else { list_gaps(destination, &status, Uid(1), ours).await? };
            self.others = Some(others);
        }
        let alike = |item: &&ItemMeta| {
            item.size_bytes == key.size_bytes && !self.taken.contains(item.uid) && !ours.contains(item.uid)
        };
        let candidates = self.others.iter().flatten().filter(alike);
        let candidates: Vec<(Uid, u64)> = candidates.map(|item| (item.uid, item.size_bytes)).collect();
        if candidates.is_empty() {
            return Ok(None);
        }
        destination.open(wire_name).await?;
        let waiting = self.unaddressed.get(key).copied().unwrap_or(0) as usize;
        self.read_bytes += size_of(&candidates);
        let found = destination.identify(&candidates).await?;
        let uid = found.iter().filter(|(_, found)| found == key).map(|(uid, _)| *uid).nth(waiting);
        if let Some(uid) = uid {
            self.taken.insert(uid);
        }
        Ok(uid)
    }

    /// The same, looking at the folder anew.
    pub(crate) async fn find_anew<D: Destination>(
        &mut self,
        destination: &mut D,
        wire_name: &str,
        ours: &UidSet,
        key: &ContentKey,
    ) -> Result<Option<Uid>, ConnectorError> {
        self.others = None;
        self.find(destination, wire_name, ours, key).await
    }

    /// Takes one message of this content, the lowest UID first.
    pub(crate) fn take(&mut self, key: &ContentKey) -> Option<Uid> {
        self.take_from(key, 0)
    }

    /// Takes one message of this content whose UID is `from` or higher.
    pub(crate) fn take_from(&mut self, key: &ContentKey, from: u32) -> Option<Uid> {
        let uids = self.by_content.get_mut(key)?;
        // What was taken by other means stands for no other message any more.
        uids.retain(|uid| !self.taken.contains(*uid));
        let at = uids.iter().rposition(|uid| uid.0 >= from)?;
        let uid = uids.remove(at);
        self.taken.insert(uid);
        Some(uid)
    }

    /// Reads what nobody has taken yet and has one of these internal dates, from UID `from` on: before messages are
    /// sent again that are not there byte for byte.
    pub(crate) async fn look_at_faces<D: Destination>(
        &mut self,
        destination: &mut D,
        (wire_name, status): (&str, &FolderStatus),
        claimed: &UidSet,
        (from, dates): (u32, HashSet<i64>),
    ) -> Result<(), ConnectorError> {
        if status.messages == 0 {
            return Ok(());
        }
        let listing = list_gaps(destination, status, Uid(from), claimed).await?;
        let same_date = |item: &ItemMeta| item.internal_date.is_some_and(|date| dates.contains(&date.timestamp()));
        let free = listing.iter().filter(|item| same_date(item) && !self.taken.contains(item.uid));
        let free: Vec<(Uid, u64)> = free.map(|item| (item.uid, item.size_bytes)).collect();
        self.read_bytes += size_of(&free);
        for Read { uid, looks, .. } in read(destination, (wire_name, status.uid_validity), free, Read::of).await? {
            if let Some(looks) = looks {
                self.by_face.entry(looks.face().clone()).or_default().push((uid, looks));
            }
        }
        Ok(())
    }

    /// True if a message that was sent before may be there, rewritten.
    pub(crate) fn has_face(&self, face: &Face) -> bool {
        self.by_face.contains_key(face)
    }

    /// Takes one message of the same second and Message-ID whose UID is `from` or higher, the most alike, the lowest UID
    /// of those that are equally so; and tells how it looks. That they say the same is not asked for: it has come since the
    /// message was sent, with its date, and nobody knows yet what the destination makes of messages.
    pub(crate) fn take_face(&mut self, looks: &Looks, from: u32) -> Option<(Uid, Looks)> {
        let there = self.by_face.get_mut(looks.face())?;
        let free = there.iter().enumerate().filter(|(_, (uid, _))| uid.0 >= from && !self.taken.contains(*uid));
        let at = free.max_by_key(|(_, (uid, there))| (looks.likeness(there), Reverse(*uid)))?.0;
        let (uid, there) = there.remove(at);
        self.taken.insert(uid);
        Some((uid, there))
    }
}

fn size_of(items: &[(Uid, u64)]) -> u64 {
    items.iter().map(|(_, size_bytes)| size_bytes).sum()
}

#[cfg(test)]
mod tests {
    use mailferry_domain::item::ContentHash;

    use super::*;

    fn key(byte: u8) -> ContentKey {
        ContentKey { size_bytes: 1, hash: ContentHash([byte; 32]) }
    }

    #[test]
    fn each_message_there_stands_for_one_message_here() {
        let mut pool = Pool::new(&FolderState::default());
        for uid in [7, 3, 5] {
            pool.add(Uid(uid), key(1));
        }
        assert_eq!(pool.take_from(&key(1), 4), Some(Uid(5)), "the lowest that could be ours");
        assert_eq!(pool.take(&key(1)), Some(Uid(3)));
        assert_eq!(pool.take(&key(2)), None);
        assert_eq!(pool.take(&key(1)), Some(Uid(7)));
        assert_eq!(pool.take(&key(1)), None);
    }

    #[test]
    fn a_settled_message_without_a_uid_has_the_first_claim() {
        let state = FolderState { unaddressed: vec![key(1)], ..FolderState::default() };
        let mut pool = Pool::new(&state);
        pool.add(Uid(1), key(1));
        pool.add(Uid(2), key(1));
        assert_eq!(pool.take(&key(1)), Some(Uid(2)));
        assert_eq!(pool.take(&key(1)), None);
    }
}
