//! Runs: under a lease, with a heartbeat that renews it and listens for pause and cancel.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use mailferry_domain::{folder::FolderPath, mapping::MappingOptions, plan::ItemFilter};
use mailferry_engine::{
    port::{Command, ConnectorError, Control, Decision, Entry, Ledger, LedgerError, NoFault, NoProgress},
    run::{Job as EngineJob, RunEnd, RunOptions, RunReport, run},
};
use mailferry_shared::{
    account::SideName,
    finding::{Finding, FindingCode, FindingDetail},
    ids::{PairId, RunId},
    order::{OrderOptions, OrderState},
    run::{RunKind, RunState},
};
use mailferry_store::{
    Lease, OrderRecord, RunRecord, Slots, StoreError,
    jobs::{Job, JobOutcome},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    JobContext, JobError, backoff, endpoint, life,
    login::{Gate, GuardedConnector},
    provider::permitted,
    slice::Slice,
    visit::TURN,
};
use crate::{api::service::TRIAL_DAYS, metrics};

/// The lease is renewed, and pause and cancel are looked for, so often in its time: every 2 s of 30.
const HEARTBEATS: u32 = 15;
/// A server may still work on an APPEND this long after its client is gone, as a part of the lease: 10 s of 30. Whoever
/// stood still for as long stops sending.
const APPEND_PART: u32 = 3;
/// A run that is told to wait for longer gives its worker and its connections back meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// Attempts at a server that cannot be reached, or whose lines break, before a run is given up: with their waits about
/// two hours, longer than a provider's maintenance usually takes.
const ATTEMPTS: u32 = 30;

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
    let Some(lease) = context.store.claim_lease(id, &context.worker, context.settings.lease).await? else {
        return Ok(JobOutcome::Again(context.store.now() + context.settings.lease));
    };
    let outcome = under_lease(context, job, &record, &lease, stop).await;
    if let Ok(after) = context.store.run(id).await {
        metrics::settled(&record.summary.counts, &after.summary.counts);
    }
    // A lease that could not be released runs out by itself.
    if let Err(error) = context.store.release_lease(&lease).await {
        tracing::info!(error = &error as &dyn std::error::Error, "a lease could not be released");
    }
    life::run_ended(context, id).await?;
    outcome
}

async fn under_lease(
    context: &JobContext,
    job: &Job,
    record: &RunRecord,
    lease: &Lease,
    stop: &CancellationToken,
) -> Result<JobOutcome, JobError> {
    let id = record.summary.id;
    let order = life::run_begins(context, id).await?;
    if let Some(state) = state_without_work(order.life.state()) {
        context.store.change_run(id, state, None, Some(lease)).await?;
        return Ok(JobOutcome::Done);
    }
    let connector = match connector(context, record.summary.pair_id).await? {
        Ok(connector) => connector,
        Err(code) => {
            context.store.change_run(id, RunState::Paused, Some(&Finding::new(code)), Some(lease)).await?;
            return Ok(JobOutcome::Done);
        }
    };
    let permitted = permitted(context, &connector, order.tenant_id).await?;
    if let Some(wait) = permitted.waits_for() {
        return postpone(context, id, lease, Finding::new(FindingCode::DailyLimit), wait).await;
    }
    let wanted = permitted.connections;
    let slots = context.store.take_slots(lease, wanted, &permitted.source, &permitted.destination).await?;
    let Slots::Taken(connections) = slots else {
        return postpone(context, id, lease, Finding::new(FindingCode::WaitingForTurn), TURN).await;
    };
    context.store.change_run(id, RunState::Running, None, Some(lease)).await?;
    let ledger = context.store.counting_ledger(lease, permitted.accounts.clone());
    let (steer, control) = Control::new();
    let slice = Slice::begin(context, id, stop);
    let heartbeat = heartbeat(context.clone(), lease.clone(), order.id, steer, slice.stop.clone());
    let heartbeat = tokio::spawn(heartbeat.in_current_span());
    let report = match wait_for_predecessor(lease, context.settings.lease, &ledger, control.clone()).await {
        Some(end) => Err(end),
        None => Ok(run(EngineJob {
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
        .await),
    };
    heartbeat.abort();
    let (end, unfinished) =
        report.map_or_else(|end| (end, Vec::new()), |report: RunReport| (report.end, report.unfinished));
    if matches!(end, RunEnd::Unfinished(_)) && job.attempt >= ATTEMPTS {
        let notes = unfinished.into_iter().map(Entry::Note).collect();
        ledger.write(notes).await.map_err(|error| JobError(Box::new(error)))?;
    }
    conclude(context, job, id, lease, end).await
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
/// intents are decided, another lease time and an append time-out must pass (IMAP cannot fence a stale writer).
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
            tokio::select! {
                () = tokio::time::sleep(ttl + ttl / APPEND_PART) => None,
                command = control.stopped() => Some(RunEnd::Stopped(command)),
            }
        }
        Err(error) => Some(RunEnd::Ledger(error)),
    }
}

/// Renews the lease and passes on what the owner wants, until it is aborted.
async fn heartbeat(
    context: JobContext,
    lease: Lease,
    order: mailferry_shared::ids::OrderId,
    steer: watch::Sender<Command>,
    stop: CancellationToken,
) {
    let ttl = context.settings.lease;
    loop {
        tokio::select! {
            () = tokio::time::sleep(ttl / HEARTBEATS) => {}
            () = stop.cancelled(), if *steer.borrow() == Command::Go => {
                steer.send_replace(Command::HandOver);
            }
        }
        let command = match context.store.renew_lease(&lease, ttl).await {
            Ok(()) => match context.store.order(order).await.map(|order| order.life.state()) {
                Ok(OrderState::Paused) => Some(Command::Pause),
                Ok(OrderState::Cancelled | OrderState::Closed) | Err(StoreError::NotFound) => Some(Command::Cancel),
                Ok(_) | Err(_) => None,
            },
            Err(StoreError::Fenced) => Some(Command::Abandon),
            // Until the lease has run out there is time to reach the database again; the engine stops by itself when
            // it cannot write.
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a lease could not be renewed");
                None
            }
        };
        if let Some(command) = command {
            steer.send_replace(command);
        }
    }
}

/// What to copy and how, by the order's options.
pub(super) fn options(order: &OrderRecord, kind: RunKind, now: DateTime<Utc>) -> RunOptions {
    let wanted: &OrderOptions = &order.options;
    let path = |text: &String| FolderPath::parse(text).ok();
    RunOptions {
        mapping: MappingOptions {
            leave_out: wanted.leave_out.iter().filter_map(path).collect(),
            leave_out_trash: !wanted.include_trash,
            leave_out_junk: !wanted.include_junk,
            rules: wanted
                .folder_rules
                .iter()
                .filter_map(|rule| path(&rule.source).zip(path(&rule.destination)))
                .collect(),
            ..MappingOptions::default()
        },
        filter: ItemFilter { max_size_bytes: Some(wanted.max_message_bytes), since: since(wanted.since, kind, now) },
        newest_first: wanted.newest_first,
        longest_wait: LONGEST_WAIT,
        carry_flags: wanted.carry_flags && kind == RunKind::Delta,
        show_subjects: wanted.show_subjects,
        ..RunOptions::default()
    }
}

/// Mail of this time and later is copied: of the day that the owner wants, and of a trial's last days at most.
fn since(wanted: Option<NaiveDate>, kind: RunKind, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let wanted = wanted.map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let trial = now.checked_sub_days(Days::new(TRIAL_DAYS.into())).filter(|_| kind == RunKind::Trial);
    wanted.max(trial)
}

/// Writes down how the run ended, or when it goes on.
async fn conclude(
    context: &JobContext,
    job: &Job,
    id: RunId,
    lease: &Lease,
    end: RunEnd,
) -> Result<JobOutcome, JobError> {
    let store = &context.store;
    match end {
        RunEnd::Done(state) => {
            store.change_run(id, state, None, Some(lease)).await?;
        }
        RunEnd::Parked(error) => {
            tracing::info!(code = %error.code, cause = ?error.source, "a run is parked");
            store.change_run(id, RunState::Paused, Some(&error.finding()), Some(lease)).await?;
        }
        RunEnd::Postponed(error, wait) => {
            tracing::info!(code = %error.code, cause = ?error.source, wait_seconds = wait.as_secs(), "a run waits");
            return postpone(context, id, lease, error.finding(), wait).await;
        }
        RunEnd::Failed(error) => {
            tracing::info!(code = %error.code, cause = ?error.source, attempt = job.attempt, "a run could not work");
            if matches!(error.decision, Decision::Retry | Decision::Wait(_)) && job.attempt < ATTEMPTS {
                return later(context, job, id, lease, &error).await;
            }
            store.change_run(id, RunState::Failed, Some(&error.finding()), Some(lease)).await?;
        }
        RunEnd::Unfinished(error) => {
            tracing::info!(code = %error.code, cause = ?error.source, attempt = job.attempt, "a run left folders");
            if job.attempt < ATTEMPTS {
                return later(context, job, id, lease, &error).await;
            }
            store.change_run(id, RunState::Partial, Some(&error.finding()), Some(lease)).await?;
        }
        RunEnd::Stopped(Command::Pause) => {
            store.change_run(id, RunState::Paused, None, Some(lease)).await?;
        }
        RunEnd::Stopped(Command::Cancel) => {
            store.change_run(id, RunState::Cancelled, None, Some(lease)).await?;
        }
        RunEnd::Stopped(Command::HandOver | Command::Go) | RunEnd::Interrupted(_) => {
            store.requeue_run(id, store.now(), None, Some(lease)).await?;
            return Ok(JobOutcome::Again(store.now()));
        }
        // Another worker has it; nothing of this is ours any more.
        RunEnd::Stopped(Command::Abandon) | RunEnd::Ledger(LedgerError::Fenced) => {}
        RunEnd::Ledger(error @ LedgerError::Unavailable(_)) => return Err(JobError(Box::new(error))),
    }
    Ok(JobOutcome::Done)
}

/// Puts the run back into the queue for a known time; its owner sees why, and until when. That is no failed attempt.
async fn postpone(
    context: &JobContext,
    id: RunId,
    lease: &Lease,
    finding: Finding,
    wait: Duration,
) -> Result<JobOutcome, JobError> {
    let at = context.store.now() + wait;
    let finding = match finding.code {
        FindingCode::WaitingForTurn => finding,
        _ => finding.with(FindingDetail { until: Some(at), ..FindingDetail::default() }),
    };
    context.store.requeue_run(id, at, Some(&finding), Some(lease)).await?;
    Ok(JobOutcome::Again(at))
}

/// Puts the run back into the queue; whoever watches sees what it waits for.
async fn later(
    context: &JobContext,
    job: &Job,
    id: RunId,
    lease: &Lease,
    error: &ConnectorError,
) -> Result<JobOutcome, JobError> {
    let wait = match error.decision {
        Decision::Wait(wait) => wait.max(backoff(job.attempt)),
        _ => backoff(job.attempt),
    };
    let at = context.store.now() + wait;
    context.store.requeue_run(id, at, Some(&error.finding()), Some(lease)).await?;
    Ok(JobOutcome::Again(at))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_trial_copies_the_mail_of_the_last_10_days() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(100);
        let ten_days_ago = Some(DateTime::UNIX_EPOCH + TimeDelta::days(90));
        let day = |days| Some((DateTime::UNIX_EPOCH + TimeDelta::days(days)).date_naive());
        assert_eq!(since(None, RunKind::Trial, now), ten_days_ago);
        assert_eq!(since(day(3), RunKind::Trial, now), ten_days_ago, "however much is wanted");
        assert_eq!(since(day(95), RunKind::Trial, now), Some(DateTime::UNIX_EPOCH + TimeDelta::days(95)));
        assert_eq!(since(None, RunKind::Main, now), None);
    }
}
