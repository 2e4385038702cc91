//! A portion: folders that are copied together, so that one round trip and one commit serve all of them.
//!
//! Open and list both sides, plan, decide what may have been sent, transfer the rest.

use std::collections::HashSet;

use mailferry_domain::{
    ledger::{Cursor, Outcome},
    plan::ItemFilter,
    uid::Uid,
};
use mailferry_shared::finding::{Finding, FindingCode};
use tokio::sync::mpsc;

use crate::{
    decide,
    dry_run::dry_run,
    job::{FolderJob, FolderTask, Opened, settlement},
    lane::Lane,
    port::{
        Account, Connector, ConnectorError, Decision, Destination, Entry, FetchRequest, Ledger, ListRequest, Listing,
        MemoryBudget, Prepared, ProgressEvent, Source, Step, Wanted,
    },
    run::{Shared, Stop},
    writer::{Writer, lane_budget},
};

/// Copies folders, from wherever an earlier attempt left off, and takes from `tasks` what has been dealt with.
pub(crate) async fn copy<C: Connector, L: Ledger>(
    lane: &mut Lane<C, L>,
    tasks: &mut Vec<FolderTask>,
) -> Result<(), Stop> {
    let shared = lane.shared.clone();
    shared.obey()?;
    if shared.job.options.dry_run {
        while let Some(task) = tasks.first() {
            dry_run(lane, &task.mapped).await?;
            tasks.remove(0);
        }
        return Ok(());
    }
    shared.job.fault.reach(Step::CreateFolder)?;
    let opened = open(lane, &shared, tasks).await?;
    let jobs = plan(&shared, opened, filter(&shared, &lane.destination)).await?;
    shared.job.fault.reach(Step::Planned)?;
    let mut writer = Writer::new(&shared, &mut lane.destination, &mut lane.settled, jobs);
    for at in 0..writer.jobs.len() {
        for (item, reason) in std::mem::take(&mut writer.jobs[at].plan.skip) {
            writer.settle_later(at, settlement(&item, None, Outcome::Skipped(reason))).await?;
        }
    }
    decide::before_sending(&mut writer).await?;
    transfer(&mut lane.source, &mut writer).await?;
    decide::after_sending(&mut writer).await?;
    shared.job.fault.reach(Step::FinishFolder)?;
    finish(writer).await?;
    tasks.clear();
    Ok(())
}

/// Opens and lists both sides at once. A folder that is refused is noted and taken from `tasks`.
async fn open<C: Connector, L: Ledger>(
    lane: &mut Lane<C, L>,
    shared: &Shared<C, L>,
    tasks: &mut Vec<FolderTask>,
) -> Result<Vec<Opened>, Stop> {
    let wanted: Vec<Wanted> = tasks.iter().map(wanted).collect();
    let requests: Vec<ListRequest> = tasks.iter().map(|task| list_request(task, task.cursor())).collect();
    let (prepared, listings) = futures::join!(lane.destination.prepare(&wanted), lane.source.list_folders(&requests));
    let (prepared, listings) = (prepared?, listings?);
    let mut opened = Vec::with_capacity(tasks.len());
    let mut refused = HashSet::new();
    for ((task, prepared), listing) in tasks.iter().zip(prepared).zip(listings) {
        match both(prepared, listing) {
            Ok((prepared, listing)) => {
                if prepared.not_subscribed.is_some() {
                    let finding = Finding::new(FindingCode::SubscriptionRefused);
                    shared.note(finding.about(task.mapped.destination.to_string())).await?;
                }
                opened.push((task.clone(), prepared, listing));
            }
            Err(error) => {
                shared.give_up(&task.mapped, &error).await?;
                refused.insert(task.mapped.source.path.clone());
            }
        }
    }
    // Whatever goes wrong from here on, those are not tried again, and all others are.
    tasks.retain(|task| !refused.contains(&task.mapped.source.path));
    whole_listings(&mut lane.source, opened).await
}

/// Both sides of a folder, or why it cannot be copied.
fn both(
    prepared: Result<Prepared, ConnectorError>,
    listing: Result<Listing, ConnectorError>,
) -> Result<(Prepared, Listing), ConnectorError> {
    Ok((prepared?, listing?))
}

fn wanted(task: &FolderTask) -> Wanted {
    let mapped = &task.mapped;
    let there = mapped.there.as_ref();
    // Once a folder has been dealt with, whether it is subscribed to is its owner's matter.
    let subscribe = mapped.source.subscribed && task.binding.is_none() && there.is_none_or(|folder| !folder.subscribed);
    Wanted {
        path: mapped.destination.clone(),
        wire_name: there.map(|folder| folder.wire_name.clone()),
        create: mapped.create,
        subscribe,
    }
}

fn list_request(task: &FolderTask, cursor: Option<Cursor>) -> ListRequest {
    ListRequest {
        wire_name: task.mapped.source.wire_name.clone(),
        first: Uid(cursor.map_or(1, |cursor| cursor.source_uid_next)),
        messages: task.messages(),
    }
}

/// A listing from a cursor on is good only if it explains every message that is there; other folders are listed anew.
async fn whole_listings<S: Source>(
    source: &mut S,
    opened: Vec<(FolderTask, Prepared, Listing)>,
) -> Result<Vec<Opened>, Stop> {
    let mut anew = Vec::new();
    let mut all = Vec::with_capacity(opened.len());
    for (at, (task, prepared, listing)) in opened.into_iter().enumerate() {
        let cursor = task.cursor();
        let good = cursor.filter(|cursor| {
            cursor.source_uid_validity == listing.status.uid_validity
                && cursor.destination_uid_validity == prepared.status.uid_validity
                && cursor.messages + listing.items.len() as u64 == u64::from(listing.status.messages)
        });
        if cursor.is_some() && good.is_none() {
            anew.push((at, list_request(&task, None)));
        }
        all.push(Opened {
            mapped: task.mapped,
            wire_name: prepared.wire_name,
            destination: prepared.status,
            listing,
            cursor: good,
        });
    }
    if !anew.is_empty() {
        let requests: Vec<ListRequest> = anew.iter().map(|(_, request)| request.clone()).collect();
        for ((at, _), listing) in anew.iter().zip(source.list_folders(&requests).await?) {
            all[*at].listing = listing?;
        }
    }
    Ok(all)
}

/// Plans every folder and sets the run's totals for it.
async fn plan<C: Connector, L: Ledger>(
    shared: &Shared<C, L>,
    opened: Vec<Opened>,
    filter: ItemFilter,
) -> Result<Vec<FolderJob>, Stop> {
    let bindings: Vec<_> = opened.iter().map(Opened::binding).collect();
    let states = shared.job.ledger.open_folders(&bindings).await?;
    let jobs: Vec<FolderJob> = opened
        .into_iter()
        .zip(states)
        .map(|(opened, (id, state))| FolderJob::new(opened, id, state, &filter))
        .collect();
    shared.job.ledger.write(jobs.iter().map(|job| Entry::Start(job.id, job.start())).collect()).await?;
    for job in &jobs {
        shared.job.progress.event(ProgressEvent::Listed(&job.opened.mapped.source.path, &job.counts));
    }
    Ok(jobs)
}

/// The owner's filter, and the largest message that the destination takes.
pub(crate) fn filter<C, L, D: Destination>(shared: &Shared<C, L>, destination: &D) -> ItemFilter {
    let own = shared.job.options.filter;
    let limits = [own.max_size_bytes, destination.limits().max_message_bytes];
    ItemFilter { max_size_bytes: limits.into_iter().flatten().min(), ..own }
}

/// Fetches what is to be copied and stores what is not there yet, the source reading ahead as far as memory allows.
async fn transfer<C: Connector, L: Ledger>(source: &mut C::Source, writer: &mut Writer<'_, C, L>) -> Result<(), Stop> {
    let request = FetchRequest {
        folders: writer.jobs.iter().map(FolderJob::fetch).collect(),
        newest_first: writer.shared.job.options.newest_first,
        budget: MemoryBudget::new(lane_budget(writer.shared.job.options.connections)),
    };
    if request.folders.iter().all(|folder| folder.items.is_empty()) {
        return writer.commit().await;
    }
    // The budget bounds the memory; the channel only has to be long enough not to matter.
    let (sink, fetched) = mpsc::channel(4096);
    // Both go on until both have ended: cancelling a half-sent APPEND would leave its outcome unknown.
    let (read, written) = futures::join!(source.fetch(request, sink), writer.consume(fetched));
    written?;
    read?;
    for at in 0..writer.jobs.len() {
        let job = &writer.jobs[at];
        let missing: Vec<_> = job.items().into_iter().filter(|item| !job.seen.contains(item.uid)).collect();
        for item in missing {
            let outcome = Outcome::Skipped(FindingCode::MessageVanished);
            writer.settle_later(at, settlement(&item, None, outcome)).await?;
        }
    }
    writer.commit().await
}

async fn finish<C: Connector, L: Ledger>(mut writer: Writer<'_, C, L>) -> Result<(), Stop> {
    let shared = writer.shared;
    for at in 0..writer.jobs.len() {
        let entry = Entry::Finish(writer.jobs[at].id, writer.jobs[at].next_cursor());
        writer.entries.push(entry);
    }
    writer.commit().await?;
    for job in &writer.jobs {
        shared.report(job.report());
        shared.job.progress.event(ProgressEvent::FolderDone(&job.opened.mapped.source.path));
    }
    Ok(())
}

/// True if only this folder is concerned, so that the others can go on.
pub(crate) fn concerns_one_folder(error: &ConnectorError) -> bool {
    matches!(error.decision, Decision::Skip | Decision::Permanent)
}
