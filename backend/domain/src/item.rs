//! Items (messages) and their identity.

use std::{collections::BTreeSet, fmt};

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use crate::uid::Uid;

/// SHA-256 of a message's bytes: its identity.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentHash(pub [u8; 32]);

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Size and hash: what two messages must share to be the same. The size is there to look first, cheaply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentKey {
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the bytes.
    pub hash: ContentHash,
}

/// What a listing tells of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemMeta {
    /// Its UID.
    pub uid: Uid,
    /// RFC822.SIZE, bytes. Some servers estimate it.
    pub size_bytes: u64,
    /// INTERNALDATE; `None` where the server gives none that can be read.
    pub internal_date: Option<DateTime<FixedOffset>>,
}

/// Flags and keywords of a message (RFC 9051 section 2.3.2), without `\Recent`, which belongs to the session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Flags(BTreeSet<String>);

const SYSTEM: [&str; 5] = ["\\Answered", "\\Deleted", "\\Draft", "\\Flagged", "\\Seen"];
/// Flags of one message that are kept. No server has so many; whoever tells more wants our memory.
const MOST_FLAGS: usize = 200;
/// The length of all of them, bytes.
const MOST_FLAG_BYTES: usize = 8 << 10;

impl Flags {
    /// Flags as a server lists them; `\Recent` is dropped, system flags get their standard spelling.
    pub fn new(flags: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self(flags.into_iter().filter_map(|flag| standard_spelling(flag.as_ref())).collect())
    }

    /// The same, but not more than anybody can want of one message: `\\Seen` and its like, and keywords up to a number and
    /// a length of all of them. True if some had to go.
    pub fn bounded(flags: impl IntoIterator<Item = impl AsRef<str>>) -> (Self, bool) {
        let (mut kept, mut size_bytes, mut reduced) = (BTreeSet::new(), 0, false);
        for flag in flags.into_iter().filter_map(|flag| standard_spelling(flag.as_ref())) {
            let is_known = kept.contains(&flag);
            let is_of_system = SYSTEM.contains(&flag.as_str());
            size_bytes += if is_known { 0 } else { flag.len() };
            if is_known || is_of_system || kept.len() < MOST_FLAGS && size_bytes <= MOST_FLAG_BYTES {
                kept.insert(flag);
            } else {
                reduced = true;
            }
        }
        (Self(kept), reduced)
    }

    /// Every flag and keyword, system flags first.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Those that are not among `others`.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        Self(self.0.difference(&others.0).cloned().collect())
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These flags without those that `keeps` refuses, and whether any was refused.
    pub fn permitted(&self, keeps: impl Fn(&str) -> bool) -> (Self, bool) {
        let kept: BTreeSet<String> = self.0.iter().filter(|flag| keeps(flag)).cloned().collect();
        let reduced = kept.len() < self.0.len();
        (Self(kept), reduced)
    }
}

impl From<Vec<String>> for Flags {
    fn from(flags: Vec<String>) -> Self {
        Self::new(flags)
    }
}

impl From<Flags> for Vec<String> {
    fn from(flags: Flags) -> Self {
        flags.0.into_iter().collect()
    }
}

fn standard_spelling(flag: &str) -> Option<String> {
    if flag.is_empty() || flag.eq_ignore_ascii_case("\\Recent") || flag == "\\*" {
        return None;
    }
    let standard = SYSTEM.iter().find(|system| system.eq_ignore_ascii_case(flag));
    Some(standard.map_or_else(|| flag.to_owned(), |&system| system.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_is_no_flag_of_a_message_and_spelling_is_standard() {
        let flags = Flags::new(["\\SEEN", "\\Recent", "$Forwarded"]);
        assert_eq!(flags.iter().collect::<Vec<_>>(), ["$Forwarded", "\\Seen"]);
    }

    #[test]
    fn of_flags_without_end_some_are_kept_and_those_of_the_system_always() {
        let many = (0..1_000).map(|number| format!("k{number}")).chain(["\\seen".to_owned()]);
        let (kept, reduced) = Flags::bounded(many);
        assert_eq!((kept.iter().count(), reduced), (MOST_FLAGS + 1, true));
        assert!(kept.iter().any(|flag| flag == "\\Seen"));
        let (kept, reduced) = Flags::bounded((0..100).map(|number| format!("{number:0>1000}")));
        assert_eq!((kept.iter().count(), reduced), (8, true), "nor are they long");
        let told = ["\\SEEN", "\\Recent", "k", "k"];
        assert_eq!(Flags::bounded(told), (Flags::new(told), false));
    }

    #[test]
    fn flags_the_destination_does_not_keep_are_told() {
        let (kept, reduced) = Flags::new(["\\Seen", "Projekt"]).permitted(|flag| flag.starts_with('\\'));
        assert_eq!(kept, Flags::new(["\\Seen"]));
        assert!(reduced);
    }
}
