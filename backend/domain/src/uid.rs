//! UIDs and sets of them.

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};

/// A message's UID in its folder (RFC 9051 section 2.3.1.1), never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Uid(pub u32);

/// A folder's UIDVALIDITY: as long as it stays, UIDs keep their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UidValidity(pub u32);

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for UidValidity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A set of UIDs, kept as ranges so that a folder of 700,000 messages costs bytes, not megabytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UidSet {
    /// Inclusive, ascending, neither touching nor overlapping.
    ranges: Vec<(u32, u32)>,
}

impl UidSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one UID; cheapest in ascending order.
    pub fn insert(&mut self, uid: Uid) {
        self.insert_range(uid, uid);
    }

    /// Adds all UIDs from `first` to `last`, both included; nothing if `first > last`.
    pub fn insert_range(&mut self, first: Uid, last: Uid) {
        let (mut low, mut high) = (first.0, last.0);
        if low > high {
            return;
        }
        // The ranges that touch the new one are replaced by their union with it.
        let start = self.ranges.partition_point(|&(_, end)| end < low.saturating_sub(1));
        let stop = start + self.ranges[start..].partition_point(|&(begin, _)| begin <= high.saturating_add(1));
        if start < stop {
            low = low.min(self.ranges[start].0);
            high = high.max(self.ranges[stop - 1].1);
        }
        self.ranges.splice(start..stop, [(low, high)]);
    }

    /// True if `uid` is in the set.
    pub fn contains(&self, uid: Uid) -> bool {
        let at = self.ranges.partition_point(|&(_, end)| end < uid.0);
        self.ranges.get(at).is_some_and(|&(begin, _)| begin <= uid.0)
    }

    /// How many UIDs are in the set.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|&(begin, end)| u64::from(end - begin) + 1).sum()
    }

    /// True if it holds none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The ranges, inclusive and ascending.
    pub fn ranges(&self) -> impl Iterator<Item = (Uid, Uid)> + '_ {
        self.ranges.iter().map(|&(begin, end)| (Uid(begin), Uid(end)))
    }

    /// Every UID, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Uid> + '_ {
        self.ranges.iter().flat_map(|&(begin, end)| (begin..=end).map(Uid))
    }
}

impl FromIterator<Uid> for UidSet {
    fn from_iter<I: IntoIterator<Item = Uid>>(uids: I) -> Self {
        let mut set = Self::new();
        for uid in uids {
            set.insert(uid);
        }
        set
    }
}

/// The set as IMAP spells it (RFC 9051 section 9, `sequence-set`): `1:3,7`.
impl fmt::Display for UidSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, &(begin, end)) in self.ranges.iter().enumerate() {
            if n > 0 {
                f.write_char(',')?;
            }
            if begin == end {
                write!(f, "{begin}")?;
            } else {
                write!(f, "{begin}:{end}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbours_become_one_range() {
        let set: UidSet = [1, 3, 2, 7].map(Uid).into_iter().collect();
        assert_eq!(set.to_string(), "1:3,7");
    }

    proptest! {
        #[test]
        fn a_uid_set_is_a_set(uids in prop::collection::vec(1u32..60, 0..80), ranges in prop::collection::vec((1u32..60, 0u32..9), 0..6)) {
            let mut set: UidSet = uids.iter().copied().map(Uid).collect();
            let mut model: BTreeSet<u32> = uids.into_iter().collect();
            for (begin, length) in ranges {
                set.insert_range(Uid(begin), Uid(begin + length));
                model.extend(begin..=begin + length);
            }
            prop_assert_eq!(set.iter().map(|uid| uid.0).collect::<Vec<_>>(), model.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(set.len(), model.len() as u64);
            for uid in 0..80 {
                prop_assert_eq!(set.contains(Uid(uid)), model.contains(&uid));
            }
            let ranges: Vec<_> = set.ranges().collect();
            prop_assert!(ranges.windows(2).all(|pair| pair[0].1.0 + 1 < pair[1].0.0), "ranges must not touch: {ranges:?}");
        }
    }
}
