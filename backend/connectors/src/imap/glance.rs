//! A first look: small messages that come with the listing of their folder, so that it need not be opened once more to
//! fetch them. No IO.
//!
//! Only the beginning of each message is asked for (`BODY.PEEK[]<0.n>`, RFC 9051 section 6.4.5), so that nobody's large
//! ones come unasked; what is longer is fetched like anything else.

use std::collections::HashMap;

use bytes::Bytes;
use mailferry_domain::uid::{Uid, UidValidity};
use mailferry_engine::port::{FolderFetch, ListRequest};

use super::fetch::Head;

/// The beginning of a message that is asked for, bytes.
pub(super) const GLANCE_BYTES: u64 = 16 << 10;
/// Folders of more messages are worth being opened for them.
const MOST_MESSAGES: u32 = 50;
/// What is kept at most; what comes beyond is fetched again.
const MOST_BYTES: u64 = 4 << 20;
/// The same in messages.
const MOST_KEPT: usize = 10_000;
/// So many beginnings tell whether the messages of an account are small.
const ENOUGH: u64 = 100;

/// Whole messages that came with listings.
#[derive(Debug, Default)]
pub(super) struct Glances {
    folders: HashMap<String, Glance>,
    /// Bytes of all that is kept.
    size_bytes: u64,
    /// Messages that were kept since anything was forgotten.
    kept: usize,
    /// Beginnings that have come over this session, and how many of them were whole messages.
    came: u64,
    whole: u64,
}

#[derive(Debug, Default)]
struct Glance {
    /// The folder's, once it is known.
    uid_validity: Option<UidValidity>,
    messages: HashMap<Uid, (Head, Bytes)>,
}

/// The beginning of a message, and what the server told with it.
pub(super) struct Beginning {
    pub(super) uid: Uid,
    /// The message's size as the server states it.
    pub(super) size_bytes: u64,
    pub(super) head: Head,
    pub(super) bytes: Bytes,
}

impl Glances {
    /// True if this folder's messages should be looked at while it is listed.
    pub(super) fn are_worth_it(&self, request: &ListRequest) -> bool {
        let small_ones = self.came < ENOUGH || self.whole * 2 >= self.came;
        request.soon && small_ones && request.messages.is_some_and(|messages| messages <= MOST_MESSAGES)
    }

    /// What was looked at before is of no use any more.
    pub(super) fn forget(&mut self) {
        self.folders.clear();
        (self.size_bytes, self.kept) = (0, 0);
    }

    /// Keeps a message of a folder if it has come whole: as long as stated, and shorter than what was asked for.
    pub(super) fn keep(&mut self, wire_name: &str, Beginning { uid, size_bytes, head, bytes }: Beginning) {
        let length = bytes.len() as u64;
        self.came += 1;
        if length != size_bytes || length >= GLANCE_BYTES {
            return;
        }
        self.whole += 1;
        if self.size_bytes + length > MOST_BYTES || self.kept >= MOST_KEPT {
            return;
        }
        if !self.folders.contains_key(wire_name) {
            self.folders.insert(wire_name.to_owned(), Glance::default());
        }
        let Some(glance) = self.folders.get_mut(wire_name) else { return };
        self.size_bytes += length;
        self.kept += 1;
        if let Some((_, before)) = glance.messages.insert(uid, (head, bytes)) {
            self.size_bytes -= before.len() as u64;
        }
    }

    /// The folder's messages were read under this UIDVALIDITY.
    pub(super) fn belong_to(&mut self, wire_name: &str, uid_validity: UidValidity) {
        if let Some(glance) = self.folders.get_mut(wire_name) {
            glance.uid_validity = Some(uid_validity);
        }
    }

    /// The message, if it has come already.
    pub(super) fn take(&mut self, folder: &FolderFetch, uid: Uid) -> Option<(Head, Bytes)> {
        let glance = self.folders.get_mut(&folder.wire_name)?;
        if glance.uid_validity != Some(folder.uid_validity) {
            return None;
        }
        let taken = glance.messages.remove(&uid)?;
        self.size_bytes -= taken.1.len() as u64;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALIDITY: UidValidity = UidValidity(7);

    fn beginning(uid: u32, stated: u64, came: usize) -> Beginning {
        Beginning { uid: Uid(uid), size_bytes: stated, head: Head::default(), bytes: vec![b'x'; came].into() }
    }

    fn glances(beginnings: impl IntoIterator<Item = Beginning>) -> Glances {
        let mut glances = Glances::default();
        beginnings.into_iter().for_each(|beginning| glances.keep("INBOX", beginning));
        glances.belong_to("INBOX", VALIDITY);
        glances
    }

    fn taken(glances: &mut Glances, uid_validity: UidValidity, uids: std::ops::RangeInclusive<u32>) -> Vec<u32> {
        let folder = FolderFetch { wire_name: "INBOX".to_owned(), uid_validity, items: Vec::new() };
        uids.filter(|uid| glances.take(&folder, Uid(*uid)).is_some()).collect()
    }

    #[test]
    fn only_what_came_whole_is_a_message() {
        let most = usize::try_from(GLANCE_BYTES).expect("small");
        let cut = [beginning(2, 11, 10), beginning(3, 10, 11), beginning(4, GLANCE_BYTES, most)];
        let mut glances = glances([beginning(1, 10, 10)].into_iter().chain(cut));
        assert_eq!(taken(&mut glances, VALIDITY, 1..=4), [1]);
        assert_eq!(taken(&mut glances, VALIDITY, 1..=4), [0; 0], "each is there once");
    }

    #[test]
    fn a_folder_that_was_renumbered_has_none() {
        let mut glances = glances([beginning(1, 10, 10)]);
        assert_eq!(taken(&mut glances, UidValidity(8), 1..=1), [0; 0]);
        assert_eq!(taken(&mut glances, VALIDITY, 1..=1), [1]);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut glances = glances((1..=1_000).map(|uid| beginning(uid, 10_000, 10_000)));
        assert_eq!(taken(&mut glances, VALIDITY, 1..=1_000).len(), 419, "4 MiB of 10,000 bytes each");
        assert_eq!(glances.size_bytes, 0);
    }

    #[test]
    fn an_account_of_large_messages_is_not_looked_at_for_long() {
        let request = |messages| ListRequest { wire_name: String::new(), first: Uid(1), messages, soon: true };
        let small = Glances::default();
        assert!(small.are_worth_it(&request(Some(50))));
        assert!(!small.are_worth_it(&request(Some(51))) && !small.are_worth_it(&request(None)));
        assert!(!small.are_worth_it(&ListRequest { soon: false, ..request(Some(1)) }));
        let large = glances((1..=100).map(|uid| beginning(uid, 100_000, 16 << 10)));
        assert!(!large.are_worth_it(&request(Some(1))));
    }
}
