//! Which folders are worth opening at all, and in which portions lanes take them.

use std::collections::{BTreeMap, VecDeque};

use mailferry_domain::{
    folder::{FolderPath, FolderStatus},
    ledger::Cursor,
};
use mailferry_shared::run::Counts;

use crate::{
    job::{FolderTask, report},
    lane::Lane,
    port::{Account, Connector, Entry, Ledger, LedgerFolderId, ProgressEvent},
    run::{Shared, Stop},
};

/// Messages that a portion holds, more or less, unless a single folder holds more.
const PORTION_MESSAGES: u32 = 1_000;
/// Folders of a portion at most.
const PORTION_FOLDERS: usize = 32;
/// What a folder is taken to hold whose server does not tell.
const UNKNOWN_MESSAGES: u32 = 300;

/// Leaves out what this run has finished before it was interrupted, and writes down what has not changed since its
/// cursor was written: such a folder is not even opened.
pub(crate) async fn without_unchanged<C: Connector, L: Ledger>(
    lane: &mut Lane<C, L>,
    shared: &Shared<C, L>,
    tasks: Vec<FolderTask>,
) -> Result<Vec<FolderTask>, Stop> {
    let mut tasks: Vec<FolderTask> = tasks.into_iter().filter(|task| !task.is_finished()).collect();
    ask_statuses(lane, &mut tasks).await;
    let (mut entries, mut left) = (Vec::new(), Vec::new());
    for task in tasks {
        match unchanged(&task).filter(|(_, cursor)| !shared.job.options.carry_flags || flags_unchanged(&task, cursor)) {
            Some((id, cursor)) => {
                let counts = counts_of(&cursor);
                shared.job.progress.event(ProgressEvent::Listed(&task.mapped.source.path, &counts));
                shared.job.progress.event(ProgressEvent::FolderDone(&task.mapped.source.path));
                shared.report(report(&task.mapped, counts));
                entries.push(Entry::Unchanged(id, cursor));
            }
            None => left.push(task),
        }
    }
    if !entries.is_empty() {
        shared.job.ledger.write(entries).await?;
    }
    Ok(left)
}

/// Asks both sides how those folders stand that have a cursor and whose servers did not tell with the list.
async fn ask_statuses<C: Connector, L: Ledger>(lane: &mut Lane<C, L>, tasks: &mut [FolderTask]) {
    let known = |task: &FolderTask| task.cursor().is_some() && task.mapped.there.is_some();
    let source: Vec<usize> =
        (0..tasks.len()).filter(|&at| known(&tasks[at]) && tasks[at].mapped.source.status.is_none()).collect();
    let there = |at: &usize| tasks[*at].mapped.there.as_ref().filter(|folder| folder.status.is_none());
    let destination: Vec<usize> = (0..tasks.len()).filter(|at| known(&tasks[*at]) && there(at).is_some()).collect();
    let source_names: Vec<String> = source.iter().map(|&at| tasks[at].mapped.source.wire_name.clone()).collect();
    let destination_names: Vec<String> =
        destination.iter().filter_map(|at| there(at).map(|folder| folder.wire_name.clone())).collect();
    let (at_source, at_destination) =
        futures::join!(lane.source.statuses(&source_names), lane.destination.statuses(&destination_names));
    // What does not tell, or whose line was lost, is opened: then it shows.
    for (at, status) in source.into_iter().zip(at_source.unwrap_or_default()) {
        tasks[at].mapped.source.status = status;
    }
    for (at, status) in destination.into_iter().zip(at_destination.unwrap_or_default()) {
        if let Some(folder) = &mut tasks[at].mapped.there {
            folder.status = status;
        }
    }
}

/// The folder's cursor, if nothing has come or gone since it was written: no UID was given out and as many messages
/// are there, so that they are the same ones.
fn unchanged(task: &FolderTask) -> Option<(LedgerFolderId, Cursor)> {
    let cursor = task.cursor()?;
    let source = task.mapped.source.status?;
    let destination: FolderStatus = task.mapped.there.as_ref()?.status?;
    let same = source.uid_validity == cursor.source_uid_validity
        && source.uid_next == cursor.source_uid_next
        && u64::from(source.messages) == cursor.messages
        && destination.uid_validity == cursor.destination_uid_validity;
    let id = task.binding.as_ref()?.id;
    same.then_some((id, cursor))
}

/// True if the source tells that no flag has changed since flags were last carried over. Where it keeps no
/// HIGHESTMODSEQ, that shows only in the folder itself.
fn flags_unchanged(task: &FolderTask, cursor: &Cursor) -> bool {
    let now = task.mapped.source.status.and_then(|status| status.highest_modseq);
    now.is_some() && now == cursor.source_modseq
}

fn counts_of(cursor: &Cursor) -> Counts {
    Counts {
        listed: cursor.messages,
        listed_bytes: cursor.size_bytes,
        present: cursor.messages,
        present_bytes: cursor.size_bytes,
        ..Counts::default()
    }
}

/// Cuts the work into portions, the largest first, so that no lane is left with a large one at the end. Source folders
/// that go to one destination stay together, since they share its messages, and are nobody else's portion.
pub(crate) fn portions(tasks: Vec<FolderTask>, lanes: usize) -> VecDeque<Vec<FolderTask>> {
    let mut groups = by_destination(tasks);
    groups.sort_by_key(|group| std::cmp::Reverse(weight(group)));
    let all: u32 = groups.iter().map(|group| weight(group)).fold(0, u32::saturating_add);
    // Small accounts are shared out as well.
    let share = all / u32::try_from(lanes.max(1) * 2).unwrap_or(1);
    let most = share.clamp(1, PORTION_MESSAGES);
    let mut portions: VecDeque<Vec<FolderTask>> = VecDeque::new();
    let mut open: Vec<FolderTask> = Vec::new();
    for group in groups {
        if group.len() > 1 {
            portions.push_back(group);
            continue;
        }
        if !open.is_empty() && (open.len() == PORTION_FOLDERS || weight(&open) + weight(&group) > most) {
            portions.push_back(std::mem::take(&mut open));
        }
        open.extend(group);
    }
    if !open.is_empty() {
        portions.push_back(open);
    }
    portions
}

fn weight(tasks: &[FolderTask]) -> u32 {
    tasks.iter().map(|task| task.messages().unwrap_or(UNKNOWN_MESSAGES)).fold(0, u32::saturating_add)
}

fn by_destination(tasks: Vec<FolderTask>) -> Vec<Vec<FolderTask>> {
    let mut groups: Vec<Vec<FolderTask>> = Vec::new();
    let mut places: BTreeMap<FolderPath, usize> = BTreeMap::new();
    for task in tasks {
        match places.get(&task.mapped.destination) {
            Some(&at) => groups[at].push(task),
            None => {
                places.insert(task.mapped.destination.clone(), groups.len());
                groups.push(vec![task]);
            }
        }
    }
    groups
}
