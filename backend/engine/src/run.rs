//! One run for one account pair: what it is `asked` for, what it has `told` in the end, what its `lanes` share.

mod asked;
mod lanes;
mod shared;
mod stop;
mod there;
mod told;
mod unreadable;

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use mailferry_domain::{
    folder::FolderPath,
    mapping::{FolderMapping, MappedFolder, map_folders},
    run::grade,
};
use mailferry_shared::run::{Counts, RunState};

pub use self::{
    asked::{Job, RunOptions},
    told::{FolderReport, RunEnd, RunReport},
};
use self::{
    lanes::{FurtherLanes, run_lanes},
    shared::lock,
};
pub(crate) use self::{shared::Shared, stop::Stop};
use crate::{
    dry_run,
    former::Former,
    job::FolderTask,
    labels,
    lane::{Lane, LaneEnd, unless_stopped, wait_or_give_up},
    port::{Account, Binding, Connector, Entry, Ledger, ProgressEvent},
    queue::{portions, without_unchanged},
};

/// Runs `job` to its end, or until it is told to stop. Never panics on anything a server sends: a lane that panics
/// is a failed run.
pub async fn run<C: Connector, L: Ledger>(job: Job<C, L>) -> RunReport {
    let mut report = RunReport {
        end: RunEnd::Done(RunState::Succeeded),
        counts: Counts::default(),
        folders: Vec::new(),
        left_out: Vec::new(),
        left_out_messages: BTreeMap::new(),
        notes: Vec::new(),
        unfinished: Vec::new(),
    };
    let shared = Arc::new(Shared::new(job));
    match Box::pin(execute(&shared, &mut report)).await {
        Ok(end) => report.end = end,
        Err(stop) => report.end = stop.into(),
    }
    if matches!(report.end, RunEnd::Stopped(_)) && !shared.job.options.dry_run {
        // A lane that was given up may have been writing; a failure of that is no news.
        let _ = shared.job.ledger.write(Vec::new()).await;
    }
    report.notes = std::mem::take(&mut *lock(&shared.notes));
    if !shared.job.options.dry_run {
        match shared.job.ledger.totals().await {
            Ok(counts) => report.counts = counts,
            Err(error) if matches!(report.end, RunEnd::Done(_)) => report.end = RunEnd::Ledger(error),
            // The first failure is the one to tell.
            Err(_) => {}
        }
    }
    let (unfinished, errors): (_, Vec<_>) = std::mem::take(&mut *lock(&shared.unfinished)).into_iter().unzip();
    report.unfinished = unfinished;
    if let RunEnd::Done(state) = &mut report.end {
        match errors.into_iter().next() {
            Some(error) => report.end = RunEnd::Unfinished(error),
            None => *state = grade(&report.counts, lock(&shared.given_up).len()),
        }
    }
    report
}

async fn execute<C: Connector, L: Ledger>(shared: &Arc<Shared<C, L>>, report: &mut RunReport) -> Result<RunEnd, Stop> {
    let bindings = shared.job.ledger.bindings().await?;
    shared.remember_longest_append(shared.job.ledger.longest_append().await?);
    // At first there is much to do, so that no lane waits for another to connect.
    let more = if bindings.is_empty() && !shared.job.options.dry_run { shared.job.options.connections } else { 1 };
    let lanes = FurtherLanes::connect(shared, more.saturating_sub(1));
    let (mut first, mapping) = connect_and_plan(shared, &bindings).await?;
    report.left_out.clone_from(&mapping.left_out);
    if shared.job.options.dry_run {
        let counting = dry_run::count_left_out(&mut first.source, &mapping.left_out);
        report.left_out_messages = unless_stopped(shared, counting).await?;
    }
    for folder in mapping.folders.iter().filter(|folder| folder.renamed) {
        shared.note_renaming(folder).await?;
    }
    shared.job.progress.event(ProgressEvent::Folders(mapping.folders.len()));
    let order: Vec<FolderPath> = mapping.folders.iter().map(|folder| folder.source.path.clone()).collect();
    let (unfiled, tasks): (Vec<_>, Vec<_>) =
        tasks(mapping.folders, bindings).into_iter().partition(|task| task.mapped.only_unfiled);
    let finished = tasks.iter().chain(&unfiled).filter(|task| task.is_finished()).count();
    shared.finished_before.store(finished, Ordering::Relaxed);
    *lock(&shared.former) = Former::all(&tasks);
    await_new(shared, tasks.iter().chain(&unfiled)).await?;
    let tasks = if shared.job.options.dry_run {
        tasks
    } else {
        unless_stopped(shared, without_unchanged(&mut first, shared, tasks)).await??
    };
    shared.has_others.store(tasks.len() > 1, Ordering::Relaxed);
    let portions = portions(tasks, shared.job.options.connections);
    let wanted = shared.job.options.connections.clamp(1, portions.len().max(1));
    *lock(&shared.queue) = portions;
    let mut end = run_lanes(first, shared, lanes, wanted - 1).await;
    let unfiled: Vec<_> = unfiled.into_iter().filter(|task| !task.is_finished()).collect();
    if end.is_ok() && !unfiled.is_empty() {
        end = copy_unfiled(shared, unfiled).await;
    }
    if end.is_ok() {
        shared.check_all_dealt_with(order.len())?;
    }
    let mut reports = std::mem::take(&mut *lock(&shared.reports));
    report.folders = order.iter().filter_map(|path| reports.remove(path)).collect();
    if shared.job.options.dry_run {
        for folder in &report.folders {
            report.counts.add(&folder.counts);
        }
    }
    end
}

/// Writes down which folders are to be copied that no run has dealt with for good: one that this run never comes to must
/// not be forgotten. Where nothing is new, nothing is written.
async fn await_new<'t, C: Connector, L: Ledger>(
    shared: &Shared<C, L>,
    tasks: impl Iterator<Item = &'t FolderTask>,
) -> Result<(), Stop> {
    let new = |task: &&FolderTask| task.binding.as_ref().is_none_or(|binding| binding.cursor.is_none());
    let new: Vec<FolderPath> = tasks.filter(new).map(|task| task.mapped.source.path.clone()).collect();
    if new.is_empty() || shared.job.options.dry_run {
        return Ok(());
    }
    Ok(shared.job.ledger.write(vec![Entry::Awaited(new)]).await?)
}

/// Copies what lies in no other folder, once all others have been dealt with.
async fn copy_unfiled<C: Connector, L: Ledger>(
    shared: &Arc<Shared<C, L>>,
    tasks: Vec<FolderTask>,
) -> Result<RunEnd, Stop> {
    let mut attempt = 1;
    let lane = loop {
        let mut lane = Lane::connect(shared.clone()).await?;
        match unless_stopped(shared, labels::filed(&mut lane.source)).await? {
            Ok(filed) => {
                *lock(&shared.filed) = Arc::new(filed);
                break lane;
            }
            Err(error) => wait_or_give_up(shared, error, attempt).await?,
        }
        attempt += 1;
    };
    lock(&shared.queue).extend(tasks.into_iter().map(|task| vec![task]));
    lane.work().await.map(|LaneEnd| RunEnd::Done(RunState::Succeeded))
}

/// A line that is lost while folders are listed is taken up again like any other.
async fn connect_and_plan<C: Connector, L: Ledger>(
    shared: &Arc<Shared<C, L>>,
    bindings: &BTreeMap<FolderPath, Binding>,
) -> Result<(Lane<C, L>, FolderMapping), Stop> {
    let mut attempt = 1;
    loop {
        let mut lane = Lane::connect(shared.clone()).await?;
        match unless_stopped(shared, plan_folders(&mut lane, shared, bindings)).await? {
            Ok(mapping) => return Ok((lane, mapping)),
            Err(Stop::Connector(error)) => wait_or_give_up(shared, error, attempt).await?,
            Err(stop) => return Err(stop),
        }
        attempt += 1;
    }
}

async fn plan_folders<C: Connector, L: Ledger>(
    lane: &mut Lane<C, L>,
    shared: &Shared<C, L>,
    bindings: &BTreeMap<FolderPath, Binding>,
) -> Result<FolderMapping, Stop> {
    let (source, destination) = futures::join!(lane.source.folders(), lane.destination.folders());
    let (source, destination) = (source?, destination?);
    let mut options = shared.job.options.mapping.clone();
    options.labels = lane.source.has_labels();
    options.settled = bindings.iter().map(|(path, binding)| (path.clone(), binding.destination.clone())).collect();
    Ok(map_folders(&source, &destination, lane.destination.naming(), &options))
}

fn tasks(folders: Vec<MappedFolder>, mut bindings: BTreeMap<FolderPath, Binding>) -> Vec<FolderTask> {
    folders.into_iter().map(|mapped| FolderTask { binding: bindings.remove(&mapped.source.path), mapped }).collect()
}
