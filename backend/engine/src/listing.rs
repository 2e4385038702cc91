//! Listing a folder in ranges of UIDs, never with one command for all of it.

use mailferry_domain::{
    folder::FolderStatus,
    item::ItemMeta,
    uid::{Uid, UidSet},
};

use crate::port::{Account, ConnectorError};

/// Messages that one command should list, more or less.
pub const PAGE: u64 = 5_000;

/// Lists the open folder from `first` on, ascending by UID.
///
/// The ranges follow the folder's density, so that a folder of few messages with high UIDs costs few commands.
pub(crate) async fn list_from<A: Account>(
    account: &mut A,
    status: &FolderStatus,
    first: Uid,
) -> Result<Vec<ItemMeta>, ConnectorError> {
    let last = status.uid_next.saturating_sub(1);
    let mut listing = Vec::with_capacity(usize::try_from(status.messages.min(1 << 20)).unwrap_or(0));
    for (from, to) in pages(first.0, last, status.messages) {
        listing.extend(account.list(Uid(from), Uid(to)).await?);
    }
    listing.sort_unstable_by_key(|item: &ItemMeta| item.uid);
    listing.dedup_by_key(|item| item.uid);
    Ok(listing)
}

/// More gaps than this are listed as one.
const GAPS: usize = 64;

/// Lists what lies in the open folder from `first` on and is not in `known`. A folder that holds nothing else costs
/// no command at all.
pub(crate) async fn list_gaps<A: Account>(
    account: &mut A,
    status: &FolderStatus,
    first: Uid,
    known: &UidSet,
) -> Result<Vec<ItemMeta>, ConnectorError> {
    let last = status.uid_next.saturating_sub(1);
    let mut gaps = gaps(first.0, last, known);
    if gaps.len() > GAPS {
        gaps = vec![(first.0, last)];
    }
    let mut listing = Vec::new();
    for (from, to) in gaps {
        let gap = FolderStatus { uid_next: to.saturating_add(1), ..*status };
        listing.extend(list_from(account, &gap, Uid(from)).await?);
    }
    listing.retain(|item| !known.contains(item.uid));
    Ok(listing)
}

/// The parts of `first..=last` that are not in `known`, inclusive.
pub(crate) fn gaps(first: u32, last: u32, known: &UidSet) -> Vec<(u32, u32)> {
    let mut gaps = Vec::new();
    let mut next = first;
    for (begin, end) in known.ranges().filter(|(_, end)| end.0 >= first).take_while(|(begin, _)| begin.0 <= last) {
        if begin.0 > next {
            gaps.push((next, begin.0 - 1));
        }
        next = next.max(end.0.saturating_add(1));
    }
    if next <= last {
        gaps.push((next, last));
    }
    gaps
}

/// Inclusive ranges of UIDs that cover `first..=last` of a folder of so many messages, about [`PAGE`] in each.
pub fn pages(first: u32, last: u32, messages: u32) -> impl Iterator<Item = (u32, u32)> {
    let span = u64::from(last.max(1));
    let width = u32::try_from((span * PAGE).div_ceil(u64::from(messages.max(1)))).unwrap_or(u32::MAX).max(1);
    let first = if messages == 0 { None } else { Some(first.max(1)) };
    std::iter::successors(first, move |&from| from.checked_add(width))
        .take_while(move |&from| from <= last)
        .map(move |from| (from, from.saturating_add(width - 1).min(last)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sparse_folder_costs_few_commands() {
        assert_eq!(pages(1, u32::MAX - 1, 10).count(), 1);
        assert_eq!(pages(1, 20_000, 20_000).count(), 4);
        assert_eq!(pages(1, 0, 0).count(), 0);
    }

    #[test]
    fn only_what_is_not_known_is_listed() {
        let known: UidSet = [3, 4, 5, 9].map(Uid).into_iter().collect();
        assert_eq!(gaps(1, 12, &known), [(1, 2), (6, 8), (10, 12)]);
        assert_eq!(gaps(4, 9, &known), [(6, 8)]);
        assert_eq!(gaps(3, 5, &known), []);
        assert_eq!(gaps(1, 4, &UidSet::new()), [(1, 4)]);
    }

    proptest! {
        #[test]
        fn the_pages_cover_every_uid_once(first in 1u32..40_000, last in 0u32..40_000, messages in 0u32..40_000) {
            let ranges: Vec<_> = pages(first, last, messages).collect();
            let mut next = first;
            for (from, to) in &ranges {
                prop_assert_eq!(*from, next);
                prop_assert!(to >= from);
                next = to + 1;
            }
            if messages > 0 && first <= last {
                prop_assert_eq!(next, last + 1);
            } else {
                prop_assert!(ranges.is_empty());
            }
        }
    }
}
