//! Dry runs: both sides of each pair are looked at, and what a run would do is stored. Nothing is written at the
//! destination, and the ledger is only read.

use std::sync::Arc;

use futures::{StreamExt, stream};
use mailferry_domain::mapping::LeftOut;
use mailferry_engine::{
    port::{Command, ConnectorError, Control, Decision, NoFault},
    run::{FolderReport, Job as EngineJob, RunEnd, RunOptions, RunReport, run},
};
use mailferry_shared::{
    dry_run::{DryRun, DryRunCounts, DryRunFolder, DryRunLeftOut, DryRunSkip, DryRunState, LeftOutReason},
    finding::{Finding, FindingCode},
    ids::{DryRunId, PairId},
    order::StartKind,
    run::{Counts, RunKind},
};
use mailferry_store::{
    OrderRecord, PlannedPair, StoreError,
    jobs::{Job, JobOutcome},
};
use tokio_util::sync::CancellationToken;

use super::{
    JobContext, JobError, backoff,
    bound::Moves,
    login::GuardedConnector,
    provider::permitted,
    run::{connector, options},
    visit::{TURN, visit},
};

/// Pairs looked at at once.
const PARALLEL: usize = 4;
/// Attempts at a server that cannot be reached, or whose lines break.
const ATTEMPTS: u32 = 4;

/// Looks at every pair that has no result yet.
///
/// # Errors
/// [`JobError`] if the store is not available; the dry run goes on with the pairs that are left.
pub(super) async fn perform(context: &JobContext, job: &Job, stop: &CancellationToken) -> Result<JobOutcome, JobError> {
    let (dry_run, order) = match read(context, DryRunId(job.id)).await {
        // The order was deleted.
        Err(StoreError::NotFound) => return Ok(JobOutcome::Done),
        other => other?,
    };
    let is_open = |state| matches!(state, DryRunState::Queued | DryRunState::Running);
    let open: Vec<PairId> = dry_run.pairs.iter().filter(|pair| is_open(pair.state)).map(|pair| pair.pair_id).collect();
    let kind = match dry_run.kind {
        StartKind::Main => RunKind::Main,
        StartKind::Trial => RunKind::Trial,
    };
    let look = |pair| look_at(context, job, &order, (pair, kind), stop);
    let mut looked = stream::iter(open).map(look).buffer_unordered(PARALLEL);
    let (mut again, mut failed) = (false, false);
    while let Some(result) = looked.next().await {
        match result? {
            Looked::Done => {}
            Looked::NotItsTurn => again = true,
            Looked::Failed => failed = true,
        }
    }
    drop(looked);
    if stop.is_cancelled() {
        return Ok(JobOutcome::Waits(context.store.now()));
    }
    Ok(match context.store.now() {
        now if failed => JobOutcome::Again(now + backoff(job.attempt)),
        now if again => JobOutcome::Waits(now + TURN),
        _ => JobOutcome::Done,
    })
}

/// What became of a pair.
enum Looked {
    Done,
    /// It must be looked at again: its server has no connection free, or asks to wait.
    NotItsTurn,
    /// It must be looked at again: its server could not be reached.
    Failed,
}

async fn read(context: &JobContext, id: DryRunId) -> Result<(DryRun, OrderRecord), StoreError> {
    let dry_run = context.store.dry_run_work(id).await?;
    let order = context.store.order(dry_run.order_id).await?;
    Ok((dry_run, order))
}

/// Looks at one pair.
async fn look_at(
    context: &JobContext,
    job: &Job,
    order: &OrderRecord,
    (pair, kind): (PairId, RunKind),
    stop: &CancellationToken,
) -> Result<Looked, JobError> {
    let id = DryRunId(job.id);
    let save = async |state, planned: PlannedPair| context.store.save_dry_run(id, pair, state, &planned).await;
    if stop.is_cancelled() {
        return Ok(Looked::NotItsTurn);
    }
    let connector = match connector(context, pair).await? {
        Ok(connector) => connector,
        Err(code) => {
            save(DryRunState::Failed, failure(Finding::new(code), Vec::new())).await?;
            return Ok(Looked::Done);
        }
    };
    let certificates: Vec<Finding> = connector.told_of_certificates().collect();
    let within = permitted(context, &connector, order.tenant_id).await?;
    let logins = [&connector.source.login, &connector.destination.login];
    let Some(visiting) = visit(context, 1, &logins, stop).await? else { return Ok(Looked::NotItsTurn) };
    save(DryRunState::Running, PlannedPair::default()).await?;
    let options = RunOptions { dry_run: true, ..within.apply(options(order, kind, context.store.now()), 1) };
    let report = Box::pin(bounded(context, connector, pair, options, stop)).await;
    visiting.end().await?;
    match again_or_failed(report, job.attempt) {
        Ended::Whole(report) => save(DryRunState::Finished, planned(*report, certificates)).await?,
        Ended::Failed(finding) => save(DryRunState::Failed, failure(finding, certificates)).await?,
        Ended::Again(looked) => {
            save(DryRunState::Queued, PlannedPair::default()).await?;
            return Ok(looked);
        }
    }
    Ok(Looked::Done)
}

/// The dry run itself, unless its servers take for ever.
async fn bounded(
    context: &JobContext,
    connector: GuardedConnector,
    pair: PairId,
    options: RunOptions,
    stop: &CancellationToken,
) -> Result<RunReport, ConnectorError> {
    let moves = Moves::default();
    let (steer, control) = Control::new();
    let looking = context.bound.keep(
        &moves,
        run(EngineJob {
            connector: Arc::new(connector),
            ledger: context.store.preview_ledger(pair),
            options,
            control,
            progress: Arc::new(moves.clone()),
            fault: Arc::new(NoFault),
        }),
    );
    tokio::pin!(looking);
    tokio::select! {
        report = &mut looking => report,
        () = stop.cancelled() => {
            steer.send_replace(Command::HandOver);
            looking.await
        }
    }
}

enum Ended {
    Whole(Box<RunReport>),
    Again(Looked),
    Failed(Finding),
}

fn again_or_failed(report: Result<RunReport, ConnectorError>, attempt: u32) -> Ended {
    let of_error = |error: &ConnectorError| match error.decision {
        Decision::Retry | Decision::Wait(_) if attempt < ATTEMPTS => Ended::Again(Looked::Failed),
        _ => Ended::Failed(error.finding()),
    };
    let report = match report {
        Ok(report) => report,
        Err(too_slow) => return of_error(&too_slow),
    };
    match &report.end {
        RunEnd::Done(_) => Ended::Whole(Box::new(report)),
        RunEnd::Failed(error) | RunEnd::Unfinished(error) => of_error(error),
        RunEnd::Parked(error) => Ended::Failed(error.finding()),
        RunEnd::Stopped(_) | RunEnd::Postponed(..) => Ended::Again(Looked::NotItsTurn),
        RunEnd::Ledger(_) | RunEnd::Interrupted(_) => Ended::Failed(Finding::new(FindingCode::Internal)),
    }
}

/// Why nothing can be said, and under which certificates it was tried.
fn failure(why: Finding, certificates: Vec<Finding>) -> PlannedPair {
    PlannedPair { findings: [vec![why], certificates].concat(), ..PlannedPair::default() }
}

/// What would be done, and the certificates under which both sides were looked at.
fn planned(report: RunReport, certificates: Vec<Finding>) -> PlannedPair {
    let counted = report.left_out_messages;
    let left_out = report.left_out.into_iter().map(|(folder, reason)| DryRunLeftOut {
        messages: counted.get(&folder).copied(),
        folder: folder.to_string(),
        reason: match reason {
            LeftOut::ByOwner => LeftOutReason::Option,
            LeftOut::Trash => LeftOutReason::Trash,
            LeftOut::Junk => LeftOutReason::Junk,
            LeftOut::NotSelectable => LeftOutReason::NoMessages,
            LeftOut::View => LeftOutReason::View,
            LeftOut::Chats => LeftOutReason::Chats,
            LeftOut::NotPersonal => LeftOutReason::Shared,
        },
    });
    PlannedPair {
        findings: [certificates, report.notes].concat(),
        folders: report.folders.into_iter().map(folder).collect(),
        left_out: left_out.collect(),
    }
}

fn folder(report: FolderReport) -> DryRunFolder {
    let skip = |(code, (messages, size_bytes))| DryRunSkip { code, messages, size_bytes };
    DryRunFolder {
        source: report.source.to_string(),
        destination: report.destination.to_string(),
        create: report.created,
        renamed: report.renamed,
        counts: counts(&report.counts),
        skipped: report.skips.into_iter().map(skip).collect(),
    }
}

fn counts(counts: &Counts) -> DryRunCounts {
    DryRunCounts {
        listed: counts.listed,
        listed_bytes: counts.listed_bytes,
        copy: counts.stored,
        copy_bytes: counts.stored_bytes,
        present: counts.present,
        present_bytes: counts.present_bytes,
        skipped: counts.skipped,
        skipped_bytes: counts.skipped_bytes,
    }
}
