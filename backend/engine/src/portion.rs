//! A portion: folders that are copied together, so that one round trip and one commit serve all of them.
//!
//! Open and list both sides, plan, decide what may have been sent, transfer the rest.

use std::{collections::BTreeSet, pin::pin};

use futures::future::{Either, select};
use mailferry_domain::{item::ItemMeta, ledger::Outcome, plan::ItemFilter};
use mailferry_shared::finding::{Finding, FindingCode, FindingDetail};
use tokio::sync::mpsc;

use crate::{
    decide,
    dry_run::dry_run,
    flags,
    job::{FolderJob, FolderTask, Opened, settlement},
    labels,
    lane::{Lane, unless_stopped},
    missing,
    patience::within_patience,
    port::{
        Account, Care, Command, Connector, ConnectorError, Decision, Destination, Entry, FetchRequest, Ledger,
        ListRequest, Listing, MemoryBudget, Prepared, ProgressEvent, Step, Wanted,
    },
    probe,
    refused::{self, Refused},
    run::{Shared, Stop},
    sides::{Sides, Whole, list_request, whole_listings},
    subjects, undated,
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
            unless_stopped(&shared, dry_run(lane, &task.mapped)).await??;
            tasks.remove(0);
        }
        return Ok(());
    }
    shared.job.fault.reach(Step::CreateFolder)?;
    let opened = unless_stopped(&shared, open(lane, &shared, tasks)).await??;
    let jobs = plan(&shared, opened, filter(&shared, &lane.destination)).await?;
    shared.job.fault.reach(Step::Planned)?;
    let mut writer = Writer::new(&shared, &mut lane.destination, &mut lane.settled, jobs);
    let worked = match within_patience(&shared, work(&mut lane.source, &mut writer)).await {
        Ok(worked) => worked,
        // Without the lease nothing may be written.
        Err(Stop::Command(Command::Abandon)) => Err(Stop::Command(Command::Abandon)),
        Err(stop) => {
            writer.leave().await?;
            Err(stop)
        }
    };
    match worked {
        Err(Stop::Connector(error)) if tasks.len() == 1 && concerns_one_folder(&error) => {
            let Some(job) = writer.jobs.pop() else { return Err(error.into()) };
            let filter = filter(&shared, &lane.destination);
            let refused = Refused::by_either_side(job.opened, &error);
            unless_stopped(&shared, refused::count(&shared, &mut lane.source, refused, &filter)).await??;
        }
        other => other?,
    }
    tasks.clear();
    Ok(())
}

/// Does what is planned.
async fn work<C: Connector, L: Ledger>(source: &mut C::Source, writer: &mut Writer<'_, C, L>) -> Result<(), Stop> {
    for at in 0..writer.jobs.len() {
        let job = &writer.jobs[at];
        // Every attempt says the same of these: that is no progress.
        writer.told_again += (job.plan.skip.len() + job.failed.len()) as u64;
        for (item, reason) in std::mem::take(&mut writer.jobs[at].plan.skip) {
            writer.settle_later(at, settlement(&item, None, Outcome::Skipped(reason))).await?;
        }
        for (item, cause) in std::mem::take(&mut writer.jobs[at].failed) {
            writer.settle_later(at, settlement(&item, None, Outcome::Failed(cause))).await?;
        }
    }
    unless_stopped(writer.shared, undated::date(source, writer)).await??;
    unless_stopped(writer.shared, decide::before_sending(writer)).await??;
    transfer(source, writer).await?;
    writer.note_taken_for_same();
    // What is settled is not told of again: these notes outlast whatever ends the rest.
    writer.commit().await?;
    decide::after_sending(writer).await?;
    if writer.shared.job.options.carry_flags {
        unless_stopped(writer.shared, flags::carry(source, writer)).await??;
    }
    if writer.shared.wants_subjects() {
        writer.commit().await?;
        unless_stopped(writer.shared, subjects::tell(source, writer)).await??;
    }
    writer.shared.job.fault.reach(Step::FinishFolder)?;
    finish(writer).await
}

/// Opens and lists both sides at once. A folder that is refused is noted, its messages are counted, and it is taken
/// from `tasks`: whatever goes wrong from then on, it is not tried again, and all others are.
async fn open<C: Connector, L: Ledger>(
    lane: &mut Lane<C, L>,
    shared: &Shared<C, L>,
    tasks: &mut Vec<FolderTask>,
) -> Result<Vec<Opened>, Stop> {
    let wanted: Vec<Wanted> = tasks.iter().map(wanted).collect();
    // One that is copied alone may break the line by what is read from it: that has to show where messages are fetched.
    let several = tasks.len() > 1;
    let request = |task: &FolderTask| ListRequest {
        soon: several && is_fetched_soon(shared, task),
        ..list_request(task, task.cursor())
    };
    let requests: Vec<ListRequest> = tasks.iter().map(request).collect();
    let (prepared, listings) = futures::join!(lane.destination.prepare(&wanted), lane.source.list_folders(&requests));
    let (mut prepared, mut listings) = (prepared?, listings?);
    only_unfiled(lane, shared, tasks, &mut listings).await?;
    under_other_names(lane, shared, tasks, &mut prepared).await?;
    let mut readable = Vec::with_capacity(tasks.len());
    for ((task, prepared), listing) in std::mem::take(tasks).into_iter().zip(prepared).zip(listings) {
        match listing {
            Err(error) if concerns_one_folder(&error) => refused::unreadable(lane, &task, &error).await?,
            listing => {
                tasks.push(task.clone());
                readable.push((task, prepared, listing));
            }
        }
    }
    let mut sides = Vec::with_capacity(readable.len());
    for (task, prepared, listing) in readable {
        sides.push(Sides { task, prepared, listing: listing? });
    }
    let Whole { opened, refused, short } = whole_listings(&mut lane.source, sides).await?;
    for (mapped, note) in short {
        shared.give_up(&mapped, note).await?;
    }
    for refused in refused {
        let path = refused.mapped.source.path.clone();
        let filter = filter(shared, &lane.destination);
        refused::count(shared, &mut lane.source, refused, &filter).await?;
        tasks.retain(|task| task.mapped.source.path != path);
    }
    Ok(opened)
}

/// Of a folder that shows every message, only those are left that lie in no other.
async fn only_unfiled<C: Connector, L: Ledger>(
    lane: &mut Lane<C, L>,
    shared: &Shared<C, L>,
    tasks: &[FolderTask],
    listings: &mut [Result<Listing, ConnectorError>],
) -> Result<(), Stop> {
    for (task, listing) in tasks.iter().zip(listings).filter(|(task, _)| task.mapped.only_unfiled) {
        if let Ok(listing) = listing {
            let wire_name = &task.mapped.source.wire_name;
            labels::keep_unfiled(&mut lane.source, wire_name, &mut listing.items, &shared.filed()).await?;
        }
    }
    Ok(())
}

/// Tries folders whose names were refused once more, under names that hardly any server minds.
async fn under_other_names<C: Connector, L: Ledger>(
    lane: &mut Lane<C, L>,
    shared: &Shared<C, L>,
    tasks: &mut [FolderTask],
    prepared: &mut [Result<Prepared, ConnectorError>],
) -> Result<(), Stop> {
    let (mut places, mut again) = (Vec::new(), Vec::new());
    for (at, (task, prepared)) in tasks.iter().zip(prepared.iter()).enumerate() {
        let not_made = prepared.as_ref().is_err_and(|error| error.code == FindingCode::FolderRefused);
        if let Some(substitute) = task.mapped.substitute.as_ref().filter(|_| not_made && task.mapped.create) {
            places.push(at);
            again.push(Wanted { path: substitute.clone(), ..wanted(task) });
        }
    }
    if again.is_empty() {
        return Ok(());
    }
    for ((at, wanted), result) in places.into_iter().zip(&again).zip(lane.destination.prepare(&again).await?) {
        if result.is_ok() {
            let mapped = &mut tasks[at].mapped;
            mapped.destination = wanted.path.clone();
            mapped.renamed = true;
            shared.note_renaming(mapped).await?;
        }
        prepared[at] = result;
    }
    Ok(())
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

/// True if every message of the folder will be fetched, and nothing counts what passes.
fn is_fetched_soon<C, L>(shared: &Shared<C, L>, task: &FolderTask) -> bool {
    let filter = &shared.job.options.filter;
    let fresh = task.binding.is_none() && !task.mapped.only_unfiled;
    fresh && filter.max_size_bytes.is_none() && filter.since.is_none() && !shared.meter.counts()
}

/// Plans every folder and sets the run's totals for it.
async fn plan<C: Connector, L: Ledger>(
    shared: &Shared<C, L>,
    opened: Vec<Opened>,
    filter: ItemFilter,
) -> Result<Vec<FolderJob>, Stop> {
    for folder in opened.iter().filter(|folder| folder.not_subscribed) {
        let subject = folder.mapped.destination.to_string();
        shared.note(Finding::new(FindingCode::SubscriptionRefused).about(subject)).await?;
    }
    let bindings: Vec<_> = opened.iter().map(Opened::binding).collect();
    let states = shared.job.ledger.open_folders(&bindings).await?;
    let jobs: Vec<FolderJob> = opened
        .into_iter()
        .zip(states)
        .map(|(opened, (id, state))| {
            let failed = shared.failed_in(&opened.mapped.source.path);
            FolderJob::new(opened, id, state, &filter).without_failed(&failed)
        })
        .collect();
    note_size_limit(shared, &jobs, &filter).await?;
    shared.job.ledger.write(jobs.iter().map(|job| Entry::Start(job.id, job.start())).collect()).await?;
    for job in &jobs {
        shared.job.progress.event(ProgressEvent::Listed(&job.opened.mapped.source.path, &job.counts));
    }
    Ok(jobs)
}

/// Of messages that are too large, each tells its own size in the protocol; this tells the limit.
async fn note_size_limit<C: Connector, L: Ledger>(
    shared: &Shared<C, L>,
    jobs: &[FolderJob],
    filter: &ItemFilter,
) -> Result<(), Stop> {
    let too_large = |job: &&FolderJob| job.plan.skip.iter().any(|(_, reason)| *reason == FindingCode::MessageTooLarge);
    let limit = |job: &FolderJob| filter.within(job.opened.max_message_bytes).max_size_bytes;
    let limits: BTreeSet<u64> = jobs.iter().filter(too_large).filter_map(limit).collect();
    for limit in limits {
        let detail = FindingDetail { limit_bytes: Some(limit), ..FindingDetail::default() };
        shared.note(Finding::new(FindingCode::MessageTooLarge).with(detail)).await?;
    }
    Ok(())
}

/// The owner's filter, and the largest message that the destination takes.
pub(crate) fn filter<C, L, D: Destination>(shared: &Shared<C, L>, destination: &D) -> ItemFilter {
    shared.job.options.filter.within(destination.limits().max_message_bytes)
}

/// Fetches what is to be copied and stores what is not there yet.
async fn transfer<C: Connector, L: Ledger>(source: &mut C::Source, writer: &mut Writer<'_, C, L>) -> Result<(), Stop> {
    let mut items: Vec<Vec<ItemMeta>> = writer.jobs.iter().map(FolderJob::items).collect();
    for (job, items) in writer.jobs.iter_mut().zip(&items) {
        job.pool.lookalikes.expect(items);
    }
    while items.iter().any(|items| !items.is_empty()) {
        pass_on(source, writer, &items).await?;
        writer.decide_the_rest().await?;
        probe::probe(source, writer).await?;
        items = writer.jobs.iter_mut().map(FolderJob::take_once_more).collect();
    }
    unless_stopped(writer.shared, missing::settle(source, writer)).await??;
    writer.commit().await
}

/// Fetches and stores, the source reading ahead as far as memory allows.
pub(crate) async fn pass_on<C: Connector, L: Ledger>(
    source: &mut C::Source,
    writer: &mut Writer<'_, C, L>,
    items: &[Vec<ItemMeta>],
) -> Result<(), Stop> {
    let shared = writer.shared;
    let request = FetchRequest {
        folders: writer.jobs.iter().zip(items).map(|(job, items)| job.fetch(items)).collect(),
        newest_first: shared.job.options.newest_first,
        budget: MemoryBudget::new(lane_budget(shared.job.options.connections)),
        care: care(shared, &writer.jobs),
    };
    shared.meter.may_fetch()?;
    // The budget bounds the memory; the channel only has to be long enough not to matter.
    let (sink, fetched) = mpsc::channel(4096);
    let (read, written) = read_and_write(pin!(source.fetch(request, sink)), pin!(writer.consume(fetched))).await;
    if let Some(delivered) = writer.jobs.iter().find_map(FolderJob::delivered) {
        shared.has_delivered(delivered);
    }
    written?;
    if let Err(error) = read {
        if let ([job], Decision::Retry) = (writer.jobs.as_slice(), error.decision) {
            let next = job.next_missing(shared.job.options.newest_first);
            shared.stuck_at(&job.opened.mapped.source.path, &error, next, job.proofs());
        }
        return Err(error.into());
    }
    Ok(())
}

/// Both go on until both have ended: cancelling a half-sent APPEND would leave its outcome unknown. But whoever was told to
/// stop does not wait for what a slow source is about to say; that session is of no use any more.
async fn read_and_write<R, W>(reading: R, writing: W) -> (Result<(), ConnectorError>, Result<(), Stop>)
where
    R: Future<Output = Result<(), ConnectorError>> + Unpin,
    W: Future<Output = Result<(), Stop>> + Unpin,
{
    match select(reading, writing).await {
        Either::Left((read, writing)) => (read, writing.await),
        Either::Right((stopped @ Err(Stop::Command(_)), _)) => (Ok(()), stopped),
        Either::Right((written, reading)) => (reading.await, written),
    }
}

/// Lines break at single messages: of a folder where that may be so, they are asked for one at a time.
fn care<C, L>(shared: &Shared<C, L>, jobs: &[FolderJob]) -> Care {
    match jobs {
        [job] if shared.suspect(&job.opened.mapped.source.path, |suspect| suspect.one_by_one()) => Care::OneByOne,
        _ => Care::Each,
    }
}

async fn finish<C: Connector, L: Ledger>(writer: &mut Writer<'_, C, L>) -> Result<(), Stop> {
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
