//! What to do with each message of a folder: source list + ledger in, actions out.

use chrono::{DateTime, Utc};
use mailferry_shared::finding::FindingCode;

use crate::{
    item::ItemMeta,
    ledger::{FolderState, OpenIntent},
};

/// Which messages the owner wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ItemFilter {
    /// Larger messages are skipped, bytes.
    pub max_size_bytes: Option<u64>,
    /// Messages with an earlier internal date are skipped; those without a date are copied.
    pub since: Option<DateTime<Utc>>,
}

impl ItemFilter {
    /// The same for a folder that takes no larger messages than this.
    #[must_use]
    pub fn within(self, max_size_bytes: Option<u64>) -> Self {
        let limits = [self.max_size_bytes, max_size_bytes];
        Self { max_size_bytes: limits.into_iter().flatten().min(), ..self }
    }

    /// Why a message is left out, if it is.
    pub fn skips(&self, item: &ItemMeta) -> Option<FindingCode> {
        if self.max_size_bytes.is_some_and(|limit| item.size_bytes > limit) {
            Some(FindingCode::MessageTooLarge)
        } else if self.since.zip(item.internal_date).is_some_and(|(since, date)| date < since) {
            Some(FindingCode::MessageFiltered)
        } else {
            None
        }
    }
}

/// What to do with the messages of one folder, each ascending by UID. Every listed message is in exactly one part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderPlan {
    /// Messages that have never been sent: fetch, look whether they are there, append.
    pub copy: Vec<ItemMeta>,
    /// Messages that may have been sent: look at the destination before sending again.
    pub resolve: Vec<(ItemMeta, OpenIntent)>,
    /// Messages to leave out, with the reason.
    pub skip: Vec<(ItemMeta, FindingCode)>,
    /// Messages that an earlier run settled: number and bytes.
    pub settled_earlier: (u64, u64),
    /// Messages that this very run settled before it was interrupted: number and bytes.
    pub settled_by_this_run: (u64, u64),
}

impl FolderPlan {
    /// True if nothing needs to be fetched.
    pub fn is_idle(&self) -> bool {
        self.copy.is_empty() && self.resolve.is_empty()
    }
}

/// Plans one folder from its listing (ascending by UID) and what the ledger knows.
pub fn plan_folder(listing: &[ItemMeta], state: &FolderState, filter: &ItemFilter) -> FolderPlan {
    let mut open = state.open.clone();
    open.sort_by_key(|intent| intent.source_uid);
    let mut plan = FolderPlan::default();
    for item in listing {
        if state.settled.contains(item.uid) {
            let part = if state.settled_by_this_run.contains(item.uid) {
                &mut plan.settled_by_this_run
            } else {
                &mut plan.settled_earlier
            };
            part.0 += 1;
            part.1 += item.size_bytes;
        } else if let Ok(at) = open.binary_search_by_key(&item.uid, |intent| intent.source_uid) {
            // What may have been sent is decided first, whatever the options say by now.
            plan.resolve.push((*item, open[at]));
        } else if let Some(reason) = filter.skips(item) {
            plan.skip.push((*item, reason));
        } else {
            plan.copy.push(*item);
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        item::{ContentHash, ContentKey},
        uid::{Uid, UidSet},
    };

    fn item(uid: u32, size_bytes: u64) -> ItemMeta {
        let internal_date = DateTime::from_timestamp(i64::from(uid) * 86_400, 0).map(|date| date.fixed_offset());
        ItemMeta { uid: Uid(uid), size_bytes, internal_date }
    }

    fn intent(uid: u32) -> OpenIntent {
        let key = ContentKey { size_bytes: 1, hash: ContentHash([0; 32]) };
        OpenIntent { source_uid: Uid(uid), key, destination_uid_next: 1, repaired: None, settled_before: false }
    }

    #[test]
    fn what_is_new_is_copied_what_is_settled_is_not_and_what_is_open_is_looked_at() {
        let state = FolderState {
            settled: [1, 2].map(Uid).into_iter().collect(),
            settled_by_this_run: [2].map(Uid).into_iter().collect(),
            open: vec![intent(3)],
            ..FolderState::default()
        };
        let listing = [item(1, 10), item(2, 20), item(3, 30), item(4, 40)];
        let plan = plan_folder(&listing, &state, &ItemFilter::default());
        assert_eq!(plan.copy, [item(4, 40)]);
        assert_eq!(plan.resolve, [(item(3, 30), intent(3))]);
        assert_eq!((plan.settled_earlier, plan.settled_by_this_run), ((1, 10), (1, 20)));
    }

    #[test]
    fn large_and_old_messages_are_skipped_with_the_reason() {
        let filter = ItemFilter { max_size_bytes: Some(100), since: DateTime::from_timestamp(5 * 86_400, 0) };
        let undated = ItemMeta { internal_date: None, ..item(9, 1) };
        let plan = plan_folder(&[item(4, 1), item(5, 1), item(6, 101), undated], &FolderState::default(), &filter);
        assert_eq!(
            plan.skip,
            [(item(4, 1), FindingCode::MessageFiltered), (item(6, 101), FindingCode::MessageTooLarge)]
        );
        assert_eq!(plan.copy, [item(5, 1), undated]);
    }

    #[test]
    fn messages_larger_than_50_mb_are_skipped_unless_told_otherwise() {
        let most = mailferry_shared::order::OrderOptions::default().largest_message();
        let filter = ItemFilter { max_size_bytes: Some(most), since: None };
        let plan = plan_folder(&[item(1, 50_000_000), item(2, 50_000_001)], &FolderState::default(), &filter);
        assert_eq!(
            (plan.copy, plan.skip),
            (vec![item(1, 50_000_000)], vec![(item(2, 50_000_001), FindingCode::MessageTooLarge)])
        );
    }

    proptest! {
        #[test]
        fn every_message_is_in_exactly_one_part(
            listed in prop::collection::btree_set(1u32..50, 0..40),
            settled in prop::collection::btree_set(1u32..50, 0..40),
            open in prop::collection::btree_set(1u32..50, 0..10),
            limit in 0u64..60,
        ) {
            let settled: UidSet = settled.into_iter().map(Uid).collect();
            let state = FolderState { settled, open: open.into_iter().map(intent).collect(), ..FolderState::default() };
            let listing: Vec<_> = listed.iter().map(|&uid| item(uid, u64::from(uid))).collect();
            let plan = plan_folder(&listing, &state, &ItemFilter { max_size_bytes: Some(limit), since: None });
            let parts = plan.copy.len() + plan.resolve.len() + plan.skip.len();
            prop_assert_eq!(parts as u64 + plan.settled_earlier.0 + plan.settled_by_this_run.0, listing.len() as u64);
            // Once everything is settled, there is nothing left to do.
            let done = FolderState { settled: listed.into_iter().map(Uid).collect(), ..FolderState::default() };
            let again = plan_folder(&listing, &done, &ItemFilter::default());
            prop_assert!(again.is_idle() && again.skip.is_empty());
        }
    }
}
