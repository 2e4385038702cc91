//! One folder: open both sides, list, plan, decide what may have been sent, transfer the rest.

use std::collections::{HashMap, HashSet};

use mailferry_domain::{
    folder::FolderStatus,
    item::{ContentKey, ItemMeta},
    ledger::{FolderState, OpenIntent, Outcome, Settlement},
    mapping::MappedFolder,
    plan::{FolderPlan, ItemFilter, plan_folder},
    uid::{Uid, UidSet},
};
use mailferry_shared::{
    finding::{Finding, FindingCode},
    run::Counts,
};

use crate::{
    lane::{Lane, pause},
    listing::list_from,
    port::{Account, Connector, Decision, Destination, FolderBinding, FolderStart, Ledger, ProgressEvent, Step},
    present::Pool,
    run::{FolderReport, Shared, Stop},
    transfer::{Writer, transfer},
};

/// Copies one folder, from wherever an earlier attempt left off.
pub(crate) async fn copy<C: Connector, L: Ledger>(lane: &mut Lane<C, L>, mapped: &MappedFolder) -> Result<(), Stop> {
    let shared = lane.shared.clone();
    shared.obey()?;
    if shared.job.options.dry_run {
        return dry_run(lane, mapped).await;
    }
    shared.job.fault.reach(Step::CreateFolder)?;
    let wire_name = lane.destination.ensure_folder(&mapped.destination, mapped.create).await?;
    if mapped.source.subscribed {
        subscribe(&mut lane.destination, &wire_name, mapped, &shared).await?;
    }
    let source_status = lane.source.open(&mapped.source.wire_name).await?;
    let status = lane.destination.open(&wire_name).await?;
    let (id, state) = shared.job.ledger.open_folder(&binding(mapped, &source_status, &status)).await?;
    let listing = list_from(&mut lane.source, &source_status, Uid(1)).await?;
    let plan = plan_folder(&listing, &state, &filter(&shared, &lane.destination));
    let gone = gone(&plan, &state);
    shared.job.ledger.start_folder(id, start(&plan, &state, &gone)).await?;
    shared.job.fault.reach(Step::Planned)?;

    let mut writer = Writer {
        shared: &shared,
        destination: &mut lane.destination,
        settled: &mut lane.settled,
        mapped,
        id,
        wire_name,
        uid_next: status.uid_next,
        counts: planned_counts(&plan, &gone),
        pool: Pool::new(&state),
        resent: HashMap::new(),
        earlier: by_content(&state),
        stored_uids: UidSet::new(),
        stored_untold: false,
        batch: Vec::new(),
        batch_bytes: 0,
        outcomes: Vec::new(),
    };
    shared.job.progress.event(ProgressEvent::Listed(&mapped.source.path, &writer.counts));
    for (item, reason) in &plan.skip {
        writer.settle_later(settlement(item, None, Outcome::Skipped(*reason))).await?;
    }
    let resent = decide(&mut writer, &status, &state, &plan, gone).await?;
    let mut items: Vec<ItemMeta> = plan.copy.iter().chain(resent.iter().map(|(item, _)| item)).copied().collect();
    items.sort_unstable_by_key(|item| item.uid);
    transfer(&mut lane.source, &mut writer, &items).await?;
    report_surplus(&mut writer, &state, &resent).await?;
    let counts = writer.counts;
    shared.job.fault.reach(Step::FinishFolder)?;
    shared.job.ledger.finish_folder(id).await?;
    shared.report(report(mapped, counts));
    shared.job.progress.event(ProgressEvent::FolderDone(&mapped.source.path));
    Ok(())
}

fn binding(mapped: &MappedFolder, source: &FolderStatus, destination: &FolderStatus) -> FolderBinding {
    FolderBinding {
        source: mapped.source.path.clone(),
        destination: mapped.destination.clone(),
        source_uid_validity: source.uid_validity,
        destination_uid_validity: destination.uid_validity,
    }
}

/// The owner's filter, and the largest message that the destination takes.
fn filter<C, L, D: Destination>(shared: &Shared<C, L>, destination: &D) -> ItemFilter {
    let own = shared.job.options.filter;
    let limits = [own.max_size_bytes, destination.limits().max_message_bytes];
    ItemFilter { max_size_bytes: limits.into_iter().flatten().min(), ..own }
}

fn start(plan: &FolderPlan, state: &FolderState, gone: &[OpenIntent]) -> FolderStart {
    let counts = planned_counts(plan, gone);
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

/// Messages that may have been sent and are at the source no more.
fn gone(plan: &FolderPlan, state: &FolderState) -> Vec<OpenIntent> {
    let listed: HashSet<Uid> = plan.resolve.iter().map(|(item, _)| item.uid).collect();
    state.open.iter().filter(|intent| !listed.contains(&intent.source_uid)).copied().collect()
}

fn planned_counts(plan: &FolderPlan, gone: &[OpenIntent]) -> Counts {
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

fn by_content(state: &FolderState) -> HashMap<ContentKey, Vec<Option<Uid>>> {
    let mut earlier: HashMap<_, Vec<_>> = HashMap::new();
    for (key, uid) in &state.earlier {
        earlier.entry(*key).or_default().push(*uid);
    }
    earlier
}

pub(crate) fn settlement(item: &ItemMeta, key: Option<ContentKey>, outcome: Outcome) -> Settlement {
    Settlement {
        source_uid: item.uid,
        size_bytes: item.size_bytes,
        key,
        internal_date: item.internal_date,
        message_id: None,
        outcome,
    }
}

fn report(mapped: &MappedFolder, counts: Counts) -> FolderReport {
    FolderReport { source: mapped.source.path.clone(), destination: mapped.destination.clone(), counts }
}

async fn subscribe<C: Connector, L: Ledger>(
    destination: &mut C::Destination,
    wire_name: &str,
    mapped: &MappedFolder,
    shared: &Shared<C, L>,
) -> Result<(), Stop> {
    match destination.subscribe(wire_name).await {
        Err(error) if error.decision == Decision::Skip => {
            let finding = Finding::new(FindingCode::SubscriptionRefused).about(mapped.destination.to_string());
            Ok(shared.note(finding).await?)
        }
        other => Ok(other?),
    }
}

/// Decides what became of messages that may have been sent before. Those that are at the destination are adopted;
/// the others are returned, to be sent again, after two looks an append time-out apart have agreed.
async fn decide<C: Connector, L: Ledger>(
    writer: &mut Writer<'_, C, L>,
    status: &FolderStatus,
    state: &FolderState,
    plan: &FolderPlan,
    gone: Vec<OpenIntent>,
) -> Result<Vec<(ItemMeta, ContentKey)>, Stop> {
    let mut sizes: HashSet<u64> = plan.copy.iter().map(|item| item.size_bytes).collect();
    sizes.extend(state.open.iter().map(|intent| intent.key.size_bytes));
    if sizes.is_empty() {
        return Ok(Vec::new());
    }
    writer.pool.look(writer.destination, status, &state.claimed, &sizes).await?;
    let listed: HashSet<Uid> = plan.resolve.iter().map(|(item, _)| item.uid).collect();
    let gone = gone.into_iter().map(|intent| (vanished(&intent), intent));
    let mut open: Vec<(ItemMeta, OpenIntent)> = plan.resolve.iter().copied().chain(gone).collect();
    writer.adopt(&mut open).await?;
    let mut status = *status;
    while !open.is_empty() {
        writer.flush_outcomes().await?;
        pause(writer.shared, writer.shared.job.options.append_timeout).await?;
        status = writer.destination.open(&writer.wire_name).await?;
        if !writer.pool.look(writer.destination, &status, &state.claimed, &sizes).await? {
            break;
        }
        writer.adopt(&mut open).await?;
    }
    let (again, gone): (Vec<_>, Vec<_>) = open.into_iter().partition(|(item, _)| listed.contains(&item.uid));
    for (item, _) in gone {
        writer.settle_later(settlement(&item, None, Outcome::Skipped(FindingCode::MessageVanished))).await?;
    }
    look_for_rewritten(writer, &status, &state.claimed, &again).await?;
    Ok(again.into_iter().map(|(item, intent)| (item, intent.key)).collect())
}

/// A destination that rewrites what it stores has none of our bytes: before anything is sent again, what else has come
/// meanwhile is looked at.
async fn look_for_rewritten<C: Connector, L: Ledger>(
    writer: &mut Writer<'_, C, L>,
    status: &FolderStatus,
    claimed: &UidSet,
    again: &[(ItemMeta, OpenIntent)],
) -> Result<(), Stop> {
    let Some(from) = again.iter().map(|(_, intent)| intent.destination_uid_next).min() else { return Ok(()) };
    let dates = again.iter().filter_map(|(item, _)| Some(item.internal_date?.timestamp())).collect();
    writer.pool.look_at_faces(writer.destination, status, claimed, (from, dates)).await?;
    writer.resent = again.iter().map(|(item, intent)| (item.uid, intent.destination_uid_next)).collect();
    Ok(())
}

/// A message that is at the source no more, but may have been sent.
fn vanished(intent: &OpenIntent) -> ItemMeta {
    ItemMeta { uid: intent.source_uid, size_bytes: intent.key.size_bytes, internal_date: None }
}

/// After messages were sent again, looks once more whether the first sending arrived after all. Nothing is deleted:
/// a surplus is reported.
async fn report_surplus<C: Connector, L: Ledger>(
    writer: &mut Writer<'_, C, L>,
    state: &FolderState,
    resent: &[(ItemMeta, ContentKey)],
) -> Result<(), Stop> {
    // Without UIDs, what was just stored cannot be told from a surplus.
    if resent.is_empty() || writer.stored_untold {
        return Ok(());
    }
    let sizes = resent.iter().map(|(_, key)| key.size_bytes).collect();
    let mut ours = state.claimed.clone();
    for (first, last) in writer.stored_uids.ranges() {
        ours.insert_range(first, last);
    }
    let status = writer.destination.open(&writer.wire_name).await?;
    writer.pool.look(writer.destination, &status, &ours, &sizes).await?;
    let surplus = resent.iter().filter(|(_, key)| writer.pool.take_from(key, writer.uid_next).is_some()).count();
    if surplus > 0 {
        let subject = format!("{}: {surplus} may be there twice", writer.mapped.destination);
        writer.shared.note(Finding::new(FindingCode::MessageUncertain).about(subject)).await?;
    }
    Ok(())
}

/// Tells what would be done; neither the destination nor the ledger is changed, unless the folder is known already.
async fn dry_run<C: Connector, L: Ledger>(lane: &mut Lane<C, L>, mapped: &MappedFolder) -> Result<(), Stop> {
    let shared = lane.shared.clone();
    let source_status = lane.source.open(&mapped.source.wire_name).await?;
    let listing = list_from(&mut lane.source, &source_status, Uid(1)).await?;
    let known = shared.job.ledger.bindings().await?.contains_key(&mapped.source.path);
    let state = if known && !mapped.create {
        let wire_name = lane.destination.ensure_folder(&mapped.destination, false).await?;
        let status = lane.destination.open(&wire_name).await?;
        shared.job.ledger.open_folder(&binding(mapped, &source_status, &status)).await?.1
    } else {
        FolderState::default()
    };
    let plan = plan_folder(&listing, &state, &filter(&shared, &lane.destination));
    let mut counts = planned_counts(&plan, &[]);
    for item in plan.copy.iter().chain(plan.resolve.iter().map(|(item, _)| item)) {
        counts.stored += 1;
        counts.stored_bytes += item.size_bytes;
    }
    for (item, _) in &plan.skip {
        counts.skipped += 1;
        counts.skipped_bytes += item.size_bytes;
    }
    shared.job.progress.event(ProgressEvent::Listed(&mapped.source.path, &counts));
    shared.report(report(mapped, counts));
    Ok(())
}
