//! Runs: under a lease, with a heartbeat that renews it and listens for pause and cancel.

mod end;
mod heartbeat;
mod wanted;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mailferry_engine::{
    port::{Command, Control, Entry, Ledger, LedgerError, NoFault, NoProgress},
    run::{Job as EngineJob, RunEnd, RunOptions, RunReport, run},
};
use mailferry_shared::{
    account::SideName,
    finding::{Finding, FindingCode},
    ids::{PairId, RunId},
    order::OrderState,
    run::RunState,
};
use mailferry_store::{
    Lease, RunRecord, Slots,
    jobs::{Job, JobOutcome},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

pub(super) use self::wanted::options;
use self::{
    end::{ATTEMPTS, conclude, number_of_attempt, postpone},
    heartbeat::heartbeat,
};
use super::{
    JobContext, JobError, endpoint, life,
    login::{Gate, GuardedConnector},
    provider::permitted,
    slice::Slice,
    visit::TURN,
};
use crate::metrics;

/// A server may still work on an APPEND this long after its client is gone, as a part of the lease: 10 s of 30. Whoever
/// stood still for as long stops sending.
const APPEND_PART: u32 = 3;
/// Takes a run as far as it will go.
///
/// # Errors
/// [`JobError`] if the store is not available.
pub(super) async fn perform(context: &JobContext, job: &Job, stop: &CancellationToken) -> Result<JobOutcome, JobError> {
    let id = RunId(job.id);
    let record = context.store.run(id).await?;
    if record.summary.state.is_final() || record.summary.state == RunState::Paused {
        return Ok(JobOutcome::Done);
    }
    let claimed = Instant::now();
    let Some(lease) = context.store.claim_lease(id, &context.worker, context.settings.lease).await? else {
        return Ok(JobOutcome::Waits(context.store.now() + context.settings.lease));
    };
    let mut at_rest = !lease.took_over;
    let outcome = under_lease(context, job, &record, (&lease, claimed), (stop, &mut at_rest)).await.transpose();
    let Some(outcome) = outcome else {
        // What was sent last may still be on its way. A lease that is not given back makes the next worker wait for it.
        return Ok(JobOutcome::Waits(context.store.now() + context.settings.lease));
    };
    if let Ok(after) = context.store.run(id).await {
        metrics::settled(&record.summary.counts, &after.summary.counts);
    }
    let store = &context.store;
    let given_back = if at_rest { store.release_lease(&lease).await } else { store.leave_lease(&lease).await };
    // A lease that could not be released runs out by itself.
    if let Err(error) = given_back {
        tracing::info!(error = &error as &dyn std::error::Error, "a lease could not be released");
    }
    life::run_ended(context, id).await?;
    outcome
}

/// Works as long as the lease lasts, which was claimed at the given moment; `None` if it was lost. `at_rest` is set once
/// nothing of a predecessor's can be on its way any more: until then, whoever follows has to wait as well.
async fn under_lease(
    context: &JobContext,
    job: &Job,
    record: &RunRecord,
    (lease, claimed): (&Lease, Instant),
    (stop, at_rest): (&CancellationToken, &mut bool),
) -> Result<Option<JobOutcome>, JobError> {
    let id = record.summary.id;
    let order = life::run_begins(context, id).await?;
    if let Some(state) = state_without_work(order.life.state()) {
        context.store.change_run(id, state, None, Some(lease)).await?;
        return Ok(Some(JobOutcome::Done));
    }
    let connector = match connector(context, record.summary.pair_id).await? {
        Ok(connector) => connector,
        Err(code) => {
            context.store.change_run(id, RunState::Paused, Some(&Finding::new(code)), Some(lease)).await?;
            return Ok(Some(JobOutcome::Done));
        }
    };
    let permitted = permitted(context, &connector, order.tenant_id).await?;
    if let Some(wait) = permitted.waits_for() {
        let at = postpone(context, lease, Finding::new(FindingCode::DailyLimit), wait).await?;
        return Ok(Some(JobOutcome::Waits(at)));
    }
    let wanted = permitted.connections;
    let slots = context.store.take_slots(lease, wanted, &permitted.source, &permitted.destination).await?;
    let Slots::Taken(connections) = slots else {
        let at = postpone(context, lease, Finding::new(FindingCode::WaitingForTurn), TURN).await?;
        return Ok(Some(JobOutcome::Waits(at)));
    };
    context.store.change_run(id, RunState::Running, None, Some(lease)).await?;
    let ledger = context.store.counting_ledger(lease, permitted.accounts.clone());
    let certificates: Vec<Entry> = connector.told_of_certificates().map(Entry::Note).collect();
    let (steer, control) = Control::new();
    let slice = Slice::begin(context, id, stop);
    let heartbeat = heartbeat(context.clone(), (lease.clone(), claimed), order.id, steer, slice.stop.clone());
    let heartbeat = tokio::spawn(heartbeat.in_current_span());
    let mut lost = control.clone();
    let working = async {
        if let Some(end) = wait_for_predecessor(lease, context.settings.lease, &ledger, control.clone()).await {
            return (end, Vec::new());
        }
        *at_rest = true;
        // Before anything is done under them.
        if !certificates.is_empty()
            && let Err(error) = ledger.write(certificates).await
        {
            return (RunEnd::Ledger(error), Vec::new());
        }
        let report: RunReport = run(EngineJob {
            connector: Arc::new(connector),
            ledger: ledger.clone(),
            options: RunOptions {
                append_timeout: context.settings.lease / APPEND_PART,
                standstill: context.settings.lease / APPEND_PART,
                ..permitted.apply(options(&order, record.summary.kind, context.store.now()), connections)
            },
            control,
            progress: Arc::new(NoProgress),
            fault: Arc::new(NoFault),
        })
        .await;
        (report.end, report.unfinished)
    };
    // Without the lease every connection is closed at once, whatever is being sent: its future is dropped.
    let (end, unfinished) = tokio::select! {
        biased;
        () = lost.abandoned() => (RunEnd::Stopped(Command::Abandon), Vec::new()),
        ended = working => ended,
    };
    heartbeat.abort();
    if matches!(end, RunEnd::Stopped(Command::Abandon) | RunEnd::Ledger(LedgerError::Fenced)) {
        tracing::warn!("the lease was lost: every connection is closed");
        return Ok(None);
    }
    let attempt = number_of_attempt(context, job, record).await?;
    if matches!(end, RunEnd::Unfinished(_)) && attempt >= ATTEMPTS {
        let notes = unfinished.into_iter().map(Entry::Note).collect();
        ledger.write(notes).await.map_err(|error| JobError(Box::new(error)))?;
    }
    conclude(context, attempt, lease, end).await.map(Some)
}

/// What becomes of the run where its order is not active.
fn state_without_work(order: OrderState) -> Option<RunState> {
    match order {
        OrderState::Active => None,
        OrderState::Paused => Some(RunState::Paused),
        OrderState::Draft
        | OrderState::AwaitingPayment
        | OrderState::Scheduled
        | OrderState::Completed
        | OrderState::Closed
        | OrderState::Cancelled => Some(RunState::Cancelled),
    }
}

/// What connects a pair, or what it lacks.
pub(super) async fn connector(
    context: &JobContext,
    pair: PairId,
) -> Result<Result<GuardedConnector, FindingCode>, JobError> {
    let access = context.store.pair_access(pair).await?;
    if endpoint::same_mailbox(&access.source, &access.destination) {
        return Ok(Err(FindingCode::SameAccount));
    }
    let source = endpoint::login(context, SideName::Source, &access.source);
    let destination = endpoint::login(context, SideName::Destination, &access.destination);
    Ok(source.and_then(|source| {
        destination.map(|destination| GuardedConnector {
            network: context.network.clone(),
            source,
            destination,
            gate: Gate::of(context),
        })
    }))
}

/// A predecessor that did not give its lease back may have sent something that is still on its way: before its open
/// intents are decided, another lease time and an append time-out must pass (IMAP cannot fence a stale writer); a longer
/// one where the destination has shown itself slower than that. What others have waited already counts.
async fn wait_for_predecessor<L: Ledger>(
    lease: &Lease,
    ttl: Duration,
    ledger: &L,
    mut control: Control,
) -> Option<RunEnd> {
    if !lease.took_over {
        return None;
    }
    match ledger.open_intents().await {
        Ok(0) => None,
        Ok(_) => {
            let longest = match ledger.longest_append().await {
                Ok(longest) => longest.max(ttl / APPEND_PART),
                Err(error) => return Some(RunEnd::Ledger(error)),
            };
            tokio::select! {
                () = tokio::time::sleep((ttl + longest).saturating_sub(lease.waited)) => None,
                command = control.stopped() => Some(RunEnd::Stopped(command)),
            }
        }
        Err(error) => Some(RunEnd::Ledger(error)),
    }
}
