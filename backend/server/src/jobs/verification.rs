//! Verifications: the destination of each pair is fetched again and compared with what the ledger says.
//!
//! Nothing is written at the destination, and no lease is taken: a run comes first. A pair that is being copied waits,
//! and what was found while a run began is thrown away and looked for again.

use std::{io::BufWriter, sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use mailferry_domain::manifest::{FORMAT, ManifestHead, VERSION};
use mailferry_engine::{
    manifest::Manifest,
    port::{Command, ConnectorError, Control, Decision},
    verify::{VerifyEnd, VerifyJob, VerifyOptions, VerifyReport, verify},
};
use mailferry_shared::{
    account::SideName,
    finding::{Finding, FindingCode},
    ids::{OrderId, PairId, VerificationId},
    order::OrderState,
    verification::{Verification, VerificationState},
};
use mailferry_store::{
    LedgerUse, StoreError, VerifiedPair,
    jobs::{Job, JobOutcome},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    JobContext, JobError, backoff,
    bound::Moves,
    endpoint,
    login::{Gate, GuardedReader},
    visit::{TURN, visit},
};

/// Pairs compared at once.
const PARALLEL: usize = 4;
/// Connections for one pair at most.
const CONNECTIONS: u32 = 2;
/// Messages of a pair that are named.
const NAMED: usize = 500;
/// How often it is looked whether a run has begun.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// A pair that is being copied is looked at again after this long.
const BUSY: Duration = Duration::from_secs(15);
/// Attempts at a server that cannot be reached, or whose lines break.
const ATTEMPTS: u32 = 8;

/// What became of one pair.
enum Ended {
    /// It has a result.
    Saved,
    /// It must be looked at again, after this long: it was not its turn.
    Again(Duration),
    /// The same, since its server could not be reached.
    Failed(Duration),
}

/// Compares every pair that has no result yet.
///
/// # Errors
/// [`JobError`] if the store is not available; the verification goes on with the pairs that are left.
pub(super) async fn perform(context: &JobContext, job: &Job, stop: &CancellationToken) -> Result<JobOutcome, JobError> {
    let id = VerificationId(job.id);
    let verification = match context.store.verification_work(id).await {
        // Its order was deleted.
        Err(StoreError::NotFound) => return Ok(JobOutcome::Done),
        other => other?,
    };
    let open = |state| matches!(state, VerificationState::Queued | VerificationState::Running);
    let pairs: Vec<PairId> =
        verification.pairs.iter().filter(|pair| open(pair.state)).map(|pair| pair.pair_id).collect();
    let compare = |pair| compare_pair(context, &verification, pair, job.attempt, stop);
    let mut ended = stream::iter(pairs).map(compare).buffer_unordered(PARALLEL);
    let (mut again, mut has_failed): (Option<Duration>, bool) = (None, false);
    while let Some(result) = ended.next().await {
        let wait = match result? {
            Ended::Saved => continue,
            Ended::Again(wait) => wait,
            Ended::Failed(wait) => {
                has_failed = true;
                wait
            }
        };
        again = Some(again.map_or(wait, |other| other.min(wait)));
    }
    Ok(match again.map(|wait| context.store.now() + wait) {
        None => JobOutcome::Done,
        Some(at) if has_failed => JobOutcome::Again(at),
        Some(at) => JobOutcome::Waits(at),
    })
}

async fn compare_pair(
    context: &JobContext,
    verification: &Verification,
    pair: PairId,
    attempt: u32,
    stop: &CancellationToken,
) -> Result<Ended, JobError> {
    let (id, store) = (verification.id, &context.store);
    let before = store.ledger_use(pair).await?;
    if before.held {
        return Ok(Ended::Again(BUSY));
    }
    let access = store.pair_access(pair).await?;
    let side = match endpoint::login(context, SideName::Destination, &access.destination) {
        Ok(side) => side,
        Err(code) => return failed(context, id, pair, vec![Finding::new(code)]).await,
    };
    let certificate = side.told_of_certificate();
    let Some(visiting) = visit(context, CONNECTIONS, &[&side.login], stop).await? else {
        return Ok(Ended::Again(TURN));
    };
    store.change_verification(id, pair, VerificationState::Running).await?;
    let manifest = manifest(context, pair).await?;
    let (steer, control) = Control::new();
    let watching = tokio::spawn(watch_out(context.clone(), verification.order_id, pair, before, steer, stop.clone()));
    let moves = Moves::default();
    let moved = moves.clone();
    let comparing = verify(VerifyJob {
        account: GuardedReader { network: context.network.clone(), side, gate: Gate::of(context) },
        manifest,
        options: VerifyOptions { connections: visiting.connections(), named: NAMED, ..VerifyOptions::default() },
        control,
        progress: Arc::new(move |_| moved.come_further()),
    });
    let report = Box::pin(context.bound.keep(&moves, comparing)).await;
    watching.abort();
    visiting.end().await?;
    // Between the last look and now a run may have begun.
    if store.ledger_use(pair).await?.fence != before.fence {
        return queued_again(context, id, pair, BUSY).await;
    }
    match report {
        Ok(report) => conclude(context, (id, pair), attempt, report, certificate).await,
        Err(too_slow) => failed(context, id, pair, once_connected(too_slow.finding(), certificate)).await,
    }
}

/// What is told of a pair that could not be compared: why, and under which certificate it was tried.
fn once_connected(why: Finding, certificate: Option<Finding>) -> Vec<Finding> {
    std::iter::once(why).chain(certificate).collect()
}

async fn conclude(
    context: &JobContext,
    (id, pair): (VerificationId, PairId),
    attempt: u32,
    report: VerifyReport,
    certificate: Option<Finding>,
) -> Result<Ended, JobError> {
    match report.end {
        VerifyEnd::Done => {
            let found = VerifiedPair {
                counts: report.counts,
                findings: certificate.into_iter().chain(report.unread).collect(),
                items: report.items,
                items_total: report.items_total,
            };
            context.store.save_verification(id, pair, VerificationState::Finished, &found).await?;
            Ok(Ended::Saved)
        }
        VerifyEnd::Failed(error) => {
            tracing::info!(code = %error.code, cause = ?error.source, attempt, "a destination could not be compared");
            match wait_for(&error).filter(|_| attempt < ATTEMPTS) {
                Some(wait) => {
                    let wait = wait.max(backoff(attempt));
                    queued_again(context, id, pair, wait).await?;
                    Ok(Ended::Failed(wait))
                }
                None => failed(context, id, pair, once_connected(error.finding(), certificate)).await,
            }
        }
        VerifyEnd::Stopped(Command::Cancel) => {
            let why = Finding::new(FindingCode::Interrupted);
            failed(context, id, pair, once_connected(why, certificate)).await
        }
        VerifyEnd::Stopped(_) => queued_again(context, id, pair, BUSY).await,
    }
}

/// How long to wait before another attempt makes sense, if it ever does.
fn wait_for(error: &ConnectorError) -> Option<Duration> {
    match error.decision {
        Decision::Retry => Some(Duration::ZERO),
        Decision::Wait(wait) | Decision::Postpone(wait) => Some(wait),
        Decision::Park | Decision::Skip | Decision::Permanent => None,
    }
}

async fn queued_again(
    context: &JobContext,
    id: VerificationId,
    pair: PairId,
    wait: Duration,
) -> Result<Ended, JobError> {
    context.store.change_verification(id, pair, VerificationState::Queued).await?;
    Ok(Ended::Again(wait))
}

async fn failed(
    context: &JobContext,
    id: VerificationId,
    pair: PairId,
    findings: Vec<Finding>,
) -> Result<Ended, JobError> {
    let found = VerifiedPair { findings, ..VerifiedPair::default() };
    context.store.save_verification(id, pair, VerificationState::Failed, &found).await?;
    Ok(Ended::Saved)
}

/// What the ledger knows, in a file without a name: however large it is, memory stays flat, and the database is free.
async fn manifest(context: &JobContext, pair: PairId) -> Result<Manifest, JobError> {
    let unnamed = |error: std::io::Error| JobError(Box::new(error));
    let file = tempfile::tempfile().map_err(unnamed)?;
    let head = ManifestHead {
        format: FORMAT.to_owned(),
        version: VERSION,
        created_at: context.store.now(),
        source: String::new(),
        destination: String::new(),
        messages: 0,
        left_out: Vec::new(),
        not_proven: Vec::new(),
    };
    let mut out = BufWriter::with_capacity(256 << 10, &file);
    context.store.write_manifest(pair, head, &mut out).await?;
    std::io::Write::flush(&mut out).map_err(unnamed)?;
    drop(out);
    Manifest::open(file).map_err(|error| JobError(Box::new(error)))
}

/// Stops the comparison when a run begins, when the order is over, or when this process ends; until it is aborted.
async fn watch_out(
    context: JobContext,
    order: OrderId,
    pair: PairId,
    before: LedgerUse,
    steer: watch::Sender<Command>,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(HEARTBEAT) => {}
            () = stop.cancelled() => {
                steer.send_replace(Command::HandOver);
                return;
            }
        }
        let begun = context.store.ledger_use(pair).await.is_ok_and(|now| now.fence != before.fence);
        let over = match context.store.order(order).await.map(|order| order.life.state()) {
            Ok(OrderState::Cancelled | OrderState::Closed) | Err(StoreError::NotFound) => true,
            Ok(_) | Err(_) => false,
        };
        if begun || over {
            steer.send_replace(if over { Command::Cancel } else { Command::Pause });
            return;
        }
    }
}
