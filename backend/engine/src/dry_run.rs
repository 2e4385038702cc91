//! A dry run: tells what would be done.

use std::collections::BTreeMap;

use mailferry_domain::{
    folder::FolderPath,
    ledger::FolderState,
    mapping::{LeftOut, MappedFolder},
    plan::plan_folder,
    uid::Uid,
};
use mailferry_shared::finding::FindingCode;

use crate::{
    job::{Opened, planned_counts, report},
    labels,
    lane::Lane,
    listing::list_from,
    port::{Account, Connector, ConnectorError, Destination, Ledger, Listing, ProgressEvent, Wanted},
    portion::filter,
    run::{FolderReport, Stop},
};

/// Tells what would be done; neither the destination nor the ledger is changed, unless the folder is known already.
pub(crate) async fn dry_run<C: Connector, L: Ledger>(lane: &mut Lane<C, L>, mapped: &MappedFolder) -> Result<(), Stop> {
    let shared = lane.shared.clone();
    let status = lane.source.open(&mapped.source.wire_name).await?;
    let mut items = list_from(&mut lane.source, &status, Uid(1)).await?;
    if mapped.only_unfiled {
        labels::keep_unfiled(&mut lane.source, &mapped.source.wire_name, &mut items, &shared.filed()).await?;
    }
    let state = known_state(lane, mapped, &Listing { status, items: Vec::new() }).await?;
    let plan = plan_folder(&items, &state, &filter(&shared, &lane.destination));
    let mut counts = planned_counts(&plan, &[]);
    for item in plan.copy.iter().chain(plan.resolve.iter().map(|(item, _)| item)) {
        counts.stored += 1;
        counts.stored_bytes += item.size_bytes;
    }
    let mut skips: BTreeMap<FindingCode, (u64, u64)> = BTreeMap::new();
    for (item, reason) in &plan.skip {
        counts.skipped += 1;
        counts.skipped_bytes += item.size_bytes;
        let sum = skips.entry(*reason).or_default();
        *sum = (sum.0 + 1, sum.1 + item.size_bytes);
    }
    shared.job.progress.event(ProgressEvent::Listed(&mapped.source.path, &counts));
    shared.report(FolderReport { skips, ..report(mapped, counts) });
    Ok(())
}

/// How many messages lie in the folders that are left out. What cannot hold any, or cannot be counted, has no number, and
/// what shows messages of other folders leaves none behind. None of them is opened, and no dry run fails for them.
pub(crate) async fn count_left_out<A: Account>(
    source: &mut A,
    left_out: &[(FolderPath, LeftOut)],
) -> BTreeMap<FolderPath, u64> {
    statuses_left_out(source, left_out).await.unwrap_or_else(|error| {
        tracing::info!(error = %error, "what is left out was not counted");
        BTreeMap::new()
    })
}

async fn statuses_left_out<A: Account>(
    source: &mut A,
    left_out: &[(FolderPath, LeftOut)],
) -> Result<BTreeMap<FolderPath, u64>, ConnectorError> {
    let is_counted = |path: &FolderPath| {
        let reason = left_out.iter().find(|(known, _)| known == path).map(|(_, reason)| *reason);
        reason.is_some_and(|reason| !matches!(reason, LeftOut::NotSelectable | LeftOut::View))
    };
    if !left_out.iter().any(|(path, _)| is_counted(path)) {
        return Ok(BTreeMap::new());
    }
    let folders = source.folders().await?;
    let (told, untold): (Vec<_>, Vec<_>) = folders
        .into_iter()
        .filter(|folder| folder.selectable && is_counted(&folder.path))
        .partition(|folder| folder.status.is_some());
    let names: Vec<String> = untold.iter().map(|folder| folder.wire_name.clone()).collect();
    let asked = untold.into_iter().zip(source.statuses(&names).await?);
    let told = told.into_iter().map(|folder| (folder.path, folder.status));
    let counted = told.chain(asked.map(|(folder, status)| (folder.path, status)));
    Ok(counted.filter_map(|(path, status)| Some((path, status?.messages.into()))).collect())
}

async fn known_state<C: Connector, L: Ledger>(
    lane: &mut Lane<C, L>,
    mapped: &MappedFolder,
    listing: &Listing,
) -> Result<FolderState, Stop> {
    let ledger = lane.shared.job.ledger.clone();
    let Some(there) = &mapped.there else { return Ok(FolderState::default()) };
    if !ledger.bindings().await?.contains_key(&mapped.source.path) {
        return Ok(FolderState::default());
    }
    let wanted = Wanted {
        path: mapped.destination.clone(),
        wire_name: Some(there.wire_name.clone()),
        create: false,
        subscribe: false,
    };
    let Some(prepared) = lane.destination.prepare(&[wanted]).await?.pop() else { return Ok(FolderState::default()) };
    let prepared = prepared?;
    let opened = Opened {
        mapped: mapped.clone(),
        wire_name: prepared.wire_name,
        destination: prepared.status,
        listing: listing.clone(),
        cursor: None,
        flags_since: None,
        max_message_bytes: prepared.max_message_bytes,
        not_subscribed: false,
    };
    let mut states = ledger.open_folders(&[opened.binding()]).await?;
    Ok(states.pop().map(|(_, state)| state).unwrap_or_default())
}
