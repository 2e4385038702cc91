//! What is known of one folder while it is copied.

use std::collections::{BTreeMap, HashMap, HashSet};

use mailferry_domain::{
    folder::FolderStatus,
    item::{ContentKey, ItemMeta},
    ledger::{Cursor, FolderState, OpenIntent, Outcome, Settlement},
    mapping::MappedFolder,
    plan::{FolderPlan, ItemFilter, plan_folder},
    uid::{Uid, UidSet},
};
use mailferry_shared::{finding::FindingCode, run::Counts};

use crate::{
    keeps::Sample,
    lookalike::second_of,
    port::{Binding, FolderBinding, FolderFetch, FolderStart, LedgerFolderId, Listing, NewItem, Numbered},
    present::{Clues, Pool},
    probe::Probe,
    run::FolderReport,
};

/// Messages that have not come, any of which proves that a line is good.
const SPREAD: usize = 4;

/// A folder to be copied, and what earlier runs left behind of it.
#[derive(Debug, Clone)]
pub(crate) struct FolderTask {
    pub(crate) mapped: MappedFolder,
    pub(crate) binding: Option<Binding>,
}

impl FolderTask {
    /// Where a delta of this folder may go on: what this very run has counted is not counted as found before.
    pub(crate) fn cursor(&self) -> Option<Cursor> {
        // What lies in no other folder shows only once all of it is listed.
        let usable = |binding: &&Binding| !binding.finished_by_this_run && !self.mapped.only_unfiled;
        let binding = self.binding.as_ref().filter(usable)?;
        binding.cursor.filter(|_| binding.destination == self.mapped.destination)
    }

    /// The source's HIGHESTMODSEQ when flags were last carried over, if both sides are still those it was told of.
    pub(crate) fn flags_since(&self, source: &FolderStatus, destination: &FolderStatus) -> Option<u64> {
        let binding = self.binding.as_ref().filter(|binding| binding.destination == self.mapped.destination)?;
        let same = |cursor: &Cursor| {
            cursor.source_uid_validity == source.uid_validity
                && cursor.destination_uid_validity == destination.uid_validity
        };
        binding.cursor.filter(same)?.source_modseq
    }

    /// True if this very run has dealt with the folder before it was interrupted.
    pub(crate) fn is_finished(&self) -> bool {
        self.binding.as_ref().is_some_and(|binding| binding.finished_by_this_run)
    }

    /// Messages at the source, where the server told that with the list of folders.
    pub(crate) fn messages(&self) -> Option<u32> {
        self.mapped.source.status.map(|status| status.messages)
    }
}

/// A folder whose both sides are open and listed.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) mapped: MappedFolder,
    /// The destination folder's name on the wire.
    pub(crate) wire_name: String,
    pub(crate) destination: FolderStatus,
    pub(crate) listing: Listing,
    /// Where the listing begins; absent if it is of the whole folder.
    pub(crate) cursor: Option<Cursor>,
    /// The source's HIGHESTMODSEQ when the flags were last carried over, if that still means something.
    pub(crate) flags_since: Option<u64>,
    /// The largest message that the destination folder takes, where that is told of each folder.
    pub(crate) max_message_bytes: Option<u64>,
    /// True if the destination did not take its subscription.
    pub(crate) not_subscribed: bool,
}

impl Opened {
    /// At the source, as it was listed.
    pub(crate) fn source(&self) -> Numbered<'_> {
        Numbered { wire_name: &self.mapped.source.wire_name, uid_validity: self.listing.status.uid_validity }
    }

    pub(crate) fn binding(&self) -> FolderBinding {
        FolderBinding {
            source: self.mapped.source.path.clone(),
            destination: self.mapped.destination.clone(),
            source_uid_validity: self.listing.status.uid_validity,
            destination_uid_validity: Some(self.destination.uid_validity),
        }
    }
}

/// What is to be done with a folder, and what of that is counted already.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) plan: FolderPlan,
    /// Messages that may have been sent and are at the source no more.
    pub(crate) gone: Vec<OpenIntent>,
    pub(crate) counts: Counts,
}

impl Planned {
    pub(crate) fn new(listing: &Listing, cursor: Option<&Cursor>, state: &FolderState, filter: &ItemFilter) -> Self {
        let mut plan = plan_folder(&listing.items, state, filter);
        if let Some(cursor) = cursor {
            plan.settled_earlier.0 += cursor.messages;
            plan.settled_earlier.1 += cursor.size_bytes;
        }
        let gone = gone(&plan, state);
        let counts = planned_counts(&plan, &gone);
        Self { plan, gone, counts }
    }
}

/// What a plan says of a folder's totals.
pub(crate) fn start(plan: &FolderPlan, state: &FolderState, counts: &Counts) -> FolderStart {
    let (present_earlier, present_earlier_bytes) = plan.settled_earlier;
    // What this run settled and has since vanished at the source still counts as listed.
    let vanished = state.settled_by_this_run.len().saturating_sub(plan.settled_by_this_run.0);
    FolderStart {
        listed: counts.listed + vanished,
        listed_bytes: counts.listed_bytes,
        present_earlier,
        present_earlier_bytes,
    }
}

/// A folder that is being copied.
#[derive(Debug)]
pub(crate) struct FolderJob {
    pub(crate) opened: Opened,
    pub(crate) id: LedgerFolderId,
    pub(crate) state: FolderState,
    pub(crate) plan: FolderPlan,
    pub(crate) counts: Counts,
    /// What is at the destination and not accounted for.
    pub(crate) pool: Pool,
    /// Content that was settled before the source's UIDVALIDITY changed.
    pub(crate) earlier: HashMap<ContentKey, Vec<Outcome>>,
    /// Messages that may have been sent, as long as that is not decided.
    pub(crate) open: Vec<(ItemMeta, OpenIntent)>,
    /// Messages that this process has tried in vain, with the cause.
    pub(crate) failed: Vec<(ItemMeta, FindingCode)>,
    /// Messages that the protocol tells of, if their subjects are wanted.
    pub(crate) not_stored: Vec<Uid>,
    /// Messages that are sent again.
    pub(crate) resent: Vec<(ItemMeta, OpenIntent)>,
    /// True if the destination's flags are what the source's were when it was opened, or are their owner's.
    pub(crate) flags_carried: bool,
    /// Messages that the source has delivered.
    pub(crate) seen: UidSet,
    /// Messages that were thought to be at the destination rewritten, and are not: they are fetched once more.
    pub(crate) once_more: Vec<ItemMeta>,
    /// Messages that are at the destination if that changes what parts say, as long as nobody knows.
    pub(crate) doubtful: Vec<ItemMeta>,
    /// One of them that was sent, to see whether it does.
    pub(crate) probe: Probe,
    /// Messages that were taken for the same as others at the destination, by date and Message-ID.
    pub(crate) taken_for_same: u64,
    /// Some of what was stored, to see whether its bytes are kept.
    pub(crate) samples: Vec<Sample>,
    /// UIDs that this process was told for what it stored, or has adopted while it sent again.
    pub(crate) stored_uids: UidSet,
    /// Messages that the destination has taken since it was opened.
    pub(crate) arrivals: u64,
    /// The UID that the destination has to tell next, as far as that is known.
    pub(crate) next_told: Option<u32>,
    /// True once the destination took something without telling its UID, or told a wrong one.
    pub(crate) stored_untold: bool,
    pub(crate) batch: Vec<NewItem>,
    pub(crate) batch_bytes: u64,
}

impl FolderJob {
    pub(crate) fn new(opened: Opened, id: LedgerFolderId, state: FolderState, filter: &ItemFilter) -> Self {
        let filter = filter.within(opened.max_message_bytes);
        let Planned { plan, gone, counts } = Planned::new(&opened.listing, opened.cursor.as_ref(), &state, &filter);
        let gone = gone.into_iter().map(|intent| (vanished(&intent), intent));
        let untouched = state.settled.is_empty() && state.open.is_empty() && opened.cursor.is_none();
        Self {
            id,
            // Flags are fetched with the messages.
            flags_carried: untouched,
            counts,
            open: plan.resolve.iter().copied().chain(gone).collect(),
            pool: Pool::new(&state),
            earlier: by_content(&state),
            failed: Vec::new(),
            not_stored: Vec::new(),
            resent: Vec::new(),
            seen: UidSet::new(),
            once_more: Vec::new(),
            doubtful: Vec::new(),
            probe: Probe::default(),
            taken_for_same: 0,
            samples: Vec::new(),
            arrivals: 0,
            stored_uids: UidSet::new(),
            next_told: Some(opened.destination.uid_next).filter(|next| *next != u32::MAX),
            stored_untold: false,
            batch: Vec::new(),
            batch_bytes: 0,
            opened,
            state,
            plan,
        }
    }

    /// What this process has tried in vain is not tried again by it.
    pub(crate) fn without_failed(mut self, causes: &BTreeMap<Uid, FindingCode>) -> Self {
        self.failed = self.plan.copy.iter().filter_map(|item| Some((*item, *causes.get(&item.uid)?))).collect();
        self.plan.copy.retain(|item| !causes.contains_key(&item.uid));
        self
    }

    /// True if the destination told which UID comes next.
    pub(crate) fn knows_uid_next(&self) -> bool {
        self.opened.destination.uid_next != u32::MAX
    }

    pub(crate) fn start(&self) -> FolderStart {
        start(&self.plan, &self.state, &self.counts)
    }

    /// What the messages that may be at the destination already are looked for by.
    pub(crate) fn clues(&self) -> Clues {
        let copied = self.plan.copy.iter().map(|item| item.size_bytes);
        // Of what was settled once, others have been told apart then.
        let open = self.open.iter().filter(|(_, intent)| !intent.settled_before).map(|(item, _)| item);
        Clues {
            sizes: copied.chain(self.state.open.iter().map(|intent| intent.sent_key().size_bytes)).collect(),
            seconds: self.plan.copy.iter().chain(open).filter_map(second_of).collect(),
        }
    }

    /// The messages to fetch, ascending by UID.
    pub(crate) fn items(&self) -> Vec<ItemMeta> {
        let mut items: Vec<ItemMeta> =
            self.plan.copy.iter().chain(self.resent.iter().map(|(item, _)| item)).copied().collect();
        items.sort_unstable_by_key(|item| item.uid);
        items
    }

    /// The next message that has not come.
    pub(crate) fn next_missing(&self, newest_first: bool) -> Option<Uid> {
        let mut missing = self.items().into_iter().map(|item| item.uid).filter(|uid| !self.seen.contains(*uid));
        if newest_first { missing.next_back() } else { missing.next() }
    }

    /// A small message that has come.
    pub(crate) fn delivered(&self) -> Option<FolderFetch> {
        let came = self.opened.listing.items.iter().filter(|item| self.seen.contains(item.uid));
        Some(self.fetch(&[*came.min_by_key(|item| item.size_bytes)?]))
    }

    /// Messages that a good line should bring, each alone: one that came in an earlier attempt or run, and some that
    /// have not come yet, far from each other.
    pub(crate) fn proofs(&self) -> Vec<FolderFetch> {
        let settled = self.opened.listing.items.iter().filter(|item| self.state.settled.contains(item.uid));
        let came = settled.min_by_key(|item| item.size_bytes);
        let items = self.items();
        let missing: Vec<&ItemMeta> = items.iter().filter(|item| !self.seen.contains(item.uid)).collect();
        let spread = (1..=SPREAD).rev().filter_map(|n| missing.get((missing.len() * n / SPREAD).checked_sub(1)?));
        came.into_iter().chain(spread.copied()).map(|item| self.fetch(&[*item])).collect()
    }

    pub(crate) fn fetch(&self, items: &[ItemMeta]) -> FolderFetch {
        FolderFetch {
            wire_name: self.opened.mapped.source.wire_name.clone(),
            uid_validity: self.opened.listing.status.uid_validity,
            items: items.iter().map(|item| (item.uid, item.size_bytes)).collect(),
        }
    }

    /// What has to be fetched once more, ascending by UID: as if it had not come yet. What is in doubt comes after all that
    /// is not, so that a second's messages are decided together.
    pub(crate) fn take_once_more(&mut self) -> Vec<ItemMeta> {
        let mut items = std::mem::take(&mut self.once_more);
        if items.is_empty() {
            items = self.take_doubtful();
        }
        items.sort_unstable_by_key(|item| item.uid);
        let again: HashSet<Uid> = items.iter().map(|item| item.uid).collect();
        self.seen = self.seen.iter().filter(|uid| !again.contains(uid)).collect();
        items
    }

    /// Where the next delta may go on: only if everything that is there has been dealt with for good.
    pub(crate) fn next_cursor(&self) -> Option<Cursor> {
        let status = self.opened.listing.status;
        let listed = self.opened.cursor.map_or(0, |cursor| cursor.messages) + self.opened.listing.items.len() as u64;
        let settled = self.counts.stored + self.counts.present;
        let all_settled = settled == listed && self.counts.listed == listed && listed == u64::from(status.messages);
        (all_settled && status.uid_next != u32::MAX).then_some(Cursor {
            source_uid_validity: status.uid_validity,
            source_uid_next: status.uid_next,
            messages: listed,
            size_bytes: self.counts.listed_bytes,
            destination_uid_validity: self.opened.destination.uid_validity,
            source_modseq: if self.flags_carried { status.highest_modseq } else { self.opened.flags_since },
        })
    }

    pub(crate) fn report(&self) -> FolderReport {
        report(&self.opened.mapped, self.counts)
    }
}

pub(crate) fn report(mapped: &MappedFolder, counts: Counts) -> FolderReport {
    FolderReport {
        source: mapped.source.path.clone(),
        destination: mapped.destination.clone(),
        counts,
        created: mapped.create,
        renamed: mapped.renamed,
        skips: BTreeMap::new(),
    }
}

/// Messages that may have been sent and are at the source no more.
fn gone(plan: &FolderPlan, state: &FolderState) -> Vec<OpenIntent> {
    let listed: HashSet<Uid> = plan.resolve.iter().map(|(item, _)| item.uid).collect();
    state.open.iter().filter(|intent| !listed.contains(&intent.source_uid)).copied().collect()
}

pub(crate) fn planned_counts(plan: &FolderPlan, gone: &[OpenIntent]) -> Counts {
    let mut counts = Counts {
        listed: plan.settled_earlier.0 + plan.settled_by_this_run.0,
        listed_bytes: plan.settled_earlier.1 + plan.settled_by_this_run.1,
        present: plan.settled_earlier.0,
        present_bytes: plan.settled_earlier.1,
        stored: plan.settled_by_this_run.0,
        stored_bytes: plan.settled_by_this_run.1,
        ..Counts::default()
    };
    let parts =
        plan.copy.iter().chain(plan.resolve.iter().map(|(item, _)| item)).chain(plan.skip.iter().map(|(item, _)| item));
    for size_bytes in parts.map(|item| item.size_bytes).chain(gone.iter().map(|intent| intent.key.size_bytes)) {
        counts.listed += 1;
        counts.listed_bytes += size_bytes;
    }
    counts
}

fn by_content(state: &FolderState) -> HashMap<ContentKey, Vec<Outcome>> {
    let mut earlier: HashMap<_, Vec<_>> = HashMap::new();
    for (key, outcome) in &state.earlier {
        earlier.entry(*key).or_default().push(*outcome);
    }
    earlier
}

/// A message that is at the source no more, but may have been sent.
pub(crate) fn vanished(intent: &OpenIntent) -> ItemMeta {
    ItemMeta { uid: intent.source_uid, size_bytes: intent.key.size_bytes, internal_date: None }
}

pub(crate) fn settlement(item: &ItemMeta, key: Option<ContentKey>, outcome: Outcome) -> Settlement {
    Settlement {
        source_uid: item.uid,
        size_bytes: item.size_bytes,
        key,
        internal_date: item.internal_date,
        message_id: None,
        traits: None,
        outcome,
    }
}
