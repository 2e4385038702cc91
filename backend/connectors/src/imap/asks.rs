//! What to ask a source for, command by command; no IO.

use mailferry_domain::uid::Uid;
use mailferry_engine::port::{Care, FetchRequest, FolderFetch, MemoryBudget, SPOOL_THRESHOLD_BYTES};

/// Messages of one command, and their bytes by the listed sizes.
const CHUNK_ITEMS: usize = 100;
const CHUNK_BYTES: u64 = 1 << 20;
/// Messages above this are spooled, however much memory there is.
const MOST_KEPT_BYTES: u64 = 4 << 20;
/// What a message that is spooled counts of what may be on the way: the next ones need not wait for its end.
const SPOOLED_BYTES: u64 = 1 << 20;
/// Messages above this are read in slices: half of what the guard takes at once, since sizes may be stated wrong. Others
/// are not, since a server looks for the beginning of each slice (Dovecot reads a message twice for that).
const MOST_WHOLE_BYTES: u64 = 32 << 20;
/// A slice of such a message.
pub(super) const SLICE_BYTES: u64 = 1 << 20;

/// Messages with their listed sizes, ascending by UID.
type Items<'a> = &'a [(Uid, u64)];

/// A command; folders are named by their place in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask<'a> {
    /// Open a folder for what follows.
    Open { folder: usize },
    /// Ordinary messages.
    Messages { folder: usize, items: Items<'a> },
    /// A slice of a very large message of `size_bytes`.
    Slice { folder: usize, uid: Uid, offset: u64, size_bytes: u64, last: bool },
}

impl Ask<'_> {
    pub(super) fn folder(&self) -> usize {
        match self {
            Self::Open { folder } | Self::Messages { folder, .. } | Self::Slice { folder, .. } => *folder,
        }
    }
}

/// The commands of a request, in order.
pub(super) struct Asks<'a> {
    folders: &'a [FolderFetch],
    newest_first: bool,
    /// Messages above this are spooled.
    large_bytes: u64,
    /// The folder at work, and what is left of it.
    folder: usize,
    rest: Items<'a>,
    opened: bool,
    /// The next slice: of which message, from where.
    slicing: Option<(Uid, u64, u64)>,
    /// Messages that are still to be asked for one at a time.
    alone: usize,
}

impl<'a> Asks<'a> {
    /// `is_open` tells whether a folder is open already.
    pub(super) fn new(request: &'a FetchRequest, is_open: impl Fn(&FolderFetch) -> bool) -> Self {
        let folders = request.folders.as_slice();
        let first = folders.iter().position(|folder| !folder.items.is_empty()).unwrap_or(0);
        Self {
            folders,
            newest_first: request.newest_first,
            large_bytes: most_kept(&request.budget),
            folder: first,
            rest: folders.get(first).map_or(&[], |folder| folder.items.as_slice()),
            opened: folders.get(first).is_some_and(is_open),
            slicing: None,
            alone: if request.care == Care::OneByOne { CHUNK_ITEMS } else { 0 },
        }
    }

    /// Messages above this are spooled, bytes.
    pub(super) fn large_bytes(&self) -> u64 {
        self.large_bytes
    }

    /// What a message of `size_bytes` counts of what may be on the way.
    pub(super) fn weight(&self, size_bytes: u64) -> u64 {
        if size_bytes > self.large_bytes { SPOOLED_BYTES } else { size_bytes }
    }

    /// True if what comes next is to be asked for once all else is answered.
    pub(super) fn one_by_one(&self) -> bool {
        self.alone > 0
    }

    /// No more slices of a message that the server refuses.
    pub(super) fn end_slices(&mut self, uid: Uid) {
        self.slicing.take_if(|(slicing, ..)| *slicing == uid);
    }

    /// The folder at work.
    pub(super) fn folder(&self) -> usize {
        self.folder
    }

    fn slice(&mut self, uid: Uid, size_bytes: u64, offset: u64) -> Ask<'a> {
        let last = offset + SLICE_BYTES >= size_bytes;
        self.slicing = (!last).then_some((uid, size_bytes, offset + SLICE_BYTES));
        Ask::Slice { folder: self.folder, uid, offset, size_bytes, last }
    }

    /// As many messages as one command may ask for, or a single large one.
    fn chunk(&mut self) -> Items<'a> {
        let (mut size_bytes, large_bytes) = (0, self.large_bytes);
        let mut fits = |item: &(Uid, u64)| {
            size_bytes += item.1;
            item.1 <= large_bytes && size_bytes <= CHUNK_BYTES
        };
        let length = if self.newest_first {
            self.rest.iter().rev().take(CHUNK_ITEMS).take_while(|item| fits(item)).count()
        } else {
            self.rest.iter().take(CHUNK_ITEMS).take_while(|item| fits(item)).count()
        };
        let length = if self.alone > 0 { 1 } else { length.max(1) };
        self.alone = self.alone.saturating_sub(1);
        if self.newest_first {
            let (rest, chunk) = self.rest.split_at(self.rest.len() - length);
            self.rest = rest;
            chunk
        } else {
            let (chunk, rest) = self.rest.split_at(length);
            self.rest = rest;
            chunk
        }
    }
}

/// The largest message that is kept in memory: what a writer holds back for its next batch must have room beside it, or
/// each would wait for the other.
fn most_kept(budget: &MemoryBudget) -> u64 {
    let half = budget.size_bytes() / 2 - budget.size_bytes() / 32;
    half.clamp(SPOOL_THRESHOLD_BYTES, MOST_KEPT_BYTES)
}

impl<'a> Iterator for Asks<'a> {
    type Item = Ask<'a>;

    fn next(&mut self) -> Option<Ask<'a>> {
        if let Some((uid, size_bytes, offset)) = self.slicing {
            return Some(self.slice(uid, size_bytes, offset));
        }
        while self.rest.is_empty() {
            self.folder += 1;
            self.rest = &self.folders.get(self.folder)?.items;
            self.opened = false;
        }
        if !self.opened {
            self.opened = true;
            return Some(Ask::Open { folder: self.folder });
        }
        let chunk = self.chunk();
        match chunk {
            [(uid, size_bytes)] if *size_bytes > MOST_WHOLE_BYTES => Some(self.slice(*uid, *size_bytes, 0)),
            items => Some(Ask::Messages { folder: self.folder, items }),
        }
    }
}

#[cfg(test)]
mod tests {
    use mailferry_domain::uid::UidValidity;
    use mailferry_engine::port::Care;
    use proptest::prelude::*;

    use super::*;

    fn folders() -> impl Strategy<Value = Vec<Vec<u64>>> {
        let sizes = prop_oneof![8 => 1u64..50_000, 1 => 1u64 << 20..5 << 20, 1 => 30u64 << 20..35 << 20];
        let sizes = prop::collection::vec(sizes, 0..150);
        prop::collection::vec(sizes, 0..5)
    }

    proptest! {
        #[test]
        fn every_message_is_asked_for_once_in_order_in_its_open_folder(
            folders in folders(), newest_first in any::<bool>(), alone in any::<bool>(),
        ) {
            let care = if alone { Care::OneByOne } else { Care::Each };
            let request = FetchRequest {
                folders: folders.iter().map(|sizes| FolderFetch {
                    wire_name: String::new(),
                    uid_validity: UidValidity(1),
                    items: sizes.iter().zip(1..).map(|(size, uid)| (Uid(uid), *size)).collect(),
                }).collect(),
                newest_first,
                budget: MemoryBudget::new(1),
                care,
            };
            let (mut asked, mut open, mut read) = (Vec::new(), None, 0);
            for ask in Asks::new(&request, |_| false) {
                match ask {
                    Ask::Open { folder } => open = Some(folder),
                    Ask::Messages { folder, items } => {
                        prop_assert_eq!(open, Some(folder));
                        let most = if alone && asked.len() < CHUNK_ITEMS { 1 } else { CHUNK_ITEMS };
                        prop_assert!(items.len() <= most);
                        let large = items.iter().filter(|(_, size_bytes)| *size_bytes > 1 << 20);
                        prop_assert!(large.count() == 0 || items.len() == 1, "a large one comes alone");
                        let uids = items.iter().map(|(uid, _)| (folder, uid.0));
                        if newest_first { asked.extend(uids.rev()) } else { asked.extend(uids) }
                    }
                    Ask::Slice { folder, uid, offset, size_bytes, last } => {
                        prop_assert_eq!((open, offset), (Some(folder), read));
                        prop_assert!(size_bytes > MOST_WHOLE_BYTES);
                        read += SLICE_BYTES;
                        prop_assert_eq!(last, read >= size_bytes);
                        if last {
                            asked.push((folder, uid.0));
                            read = 0;
                        }
                    }
                }
            }
            let mut expected = Vec::new();
            for (folder, sizes) in folders.iter().enumerate() {
                let uids = (1..).zip(sizes).map(|(uid, _)| (folder, uid));
                if newest_first { expected.extend(uids.collect::<Vec<_>>().into_iter().rev()) } else { expected.extend(uids) }
            }
            prop_assert_eq!(asked, expected);
        }
    }
}
