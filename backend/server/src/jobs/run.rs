//! Runs: under a lease, with a heartbeat that renews it and listens for pause and cancel.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

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
    run::{Counts, RunKind, RunState},
};
use mailferry_store::{
    Lease, OrderRecord, RunRecord, Slots, StoreError,
    jobs::{Job, JobOutcome},
};
use tokio::{sync::watch, time::timeout_at};
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
/// Attempts in a row at a server that cannot be reached, or whose lines break, without a single message settled, before a
/// run is given up: with their waits about two hours, longer than a provider's maintenance usually takes.
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
    let claimed = Instant::now();
    let Some(lease) = context.store.claim_lease(id, &context.worker, context.settings.lease).await? else {
        return Ok(JobOutcome::Waits(context.store.now() + context.settings.lease));
    };
    let outcome = under_lease(context, job, &record, (&lease, claimed), stop).await.transpose();
    let Some(outcome) = outcome else {
        // What was sent last may still be on its way. A lease that is not given back makes the next worker wait for it.
        return Ok(JobOutcome::Waits(context.store.now() + context.settings.lease));
    };
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

/// Works as long as the lease lasts, which was claimed at the given moment; `None` if it was lost.
async fn under_lease(
    context: &JobContext,
    job: &Job,
    record: &RunRecord,
    (lease, claimed): (&Lease, Instant),
    stop: &CancellationToken,
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
    let (steer, control) = Control::new();
    let slice = Slice::begin(context, id, stop);
    let heartbeat = heartbeat(context.clone(), (lease.clone(), claimed), order.id, steer, slice.stop.clone());
    let heartbeat = tokio::spawn(heartbeat.in_current_span());
    let mut lost = control.clone();
    let working = async {
        if let Some(end) = wait_for_predecessor(lease, context.settings.lease, &ledger, control.clone()).await {
            return (end, Vec::new());
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

/// The number of this attempt: the first one again if anything was settled in it.
async fn number_of_attempt(context: &JobContext, job: &Job, before: &RunRecord) -> Result<u32, JobError> {
    let now = context.store.run(before.summary.id).await?.summary.counts;
    Ok(attempt_after(job.attempt, &before.summary.counts, &now))
}

fn attempt_after(attempt: u32, before: &Counts, now: &Counts) -> u32 {
    if now.done() > before.done() { 1 } else { attempt }
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
/// one where the destination has shown itself slower than that.
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
                () = tokio::time::sleep(ttl + longest) => None,
                command = control.stopped() => Some(RunEnd::Stopped(command)),
            }
        }
        Err(error) => Some(RunEnd::Ledger(error)),
    }
}

/// When the lease must have been renewed that was last renewed at `renewed`: before it ends, since by then everything
/// that is on its way must have come to rest.
fn deadline(renewed: Instant, ttl: Duration) -> Instant {
    renewed + ttl * 2 / 3
}

/// Renews the lease and passes on what the owner wants, until it is aborted or the lease is lost. A lease that cannot be
/// renewed in time, since the database is not reachable or does not answer, is lost too.
async fn heartbeat(
    context: JobContext,
    (lease, mut renewed): (Lease, Instant),
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
        match renewal(context.store.renew_lease(&lease, ttl), &mut renewed, ttl).await {
            Renewal::Lost => {
                steer.send_replace(Command::Abandon);
                return;
            }
            Renewal::Failed => continue,
            Renewal::Held => {}
        }
        let Ok(asked) = timeout_at(deadline(renewed, ttl).into(), context.store.order(order)).await else { continue };
        let command = match asked.map(|order| order.life.state()) {
            Ok(OrderState::Paused) => Command::Pause,
            Ok(OrderState::Cancelled | OrderState::Closed) | Err(StoreError::NotFound) => Command::Cancel,
            Ok(_) | Err(_) => continue,
        };
        steer.send_replace(command);
    }
}

/// What became of the attempt to renew a lease.
#[derive(Debug, PartialEq, Eq)]
enum Renewal {
    Held,
    /// There is time to reach the database again.
    Failed,
    Lost,
}

/// Renews a lease that was last renewed at `renewed`, and waits for no answer that comes too late.
async fn renewal(renew: impl Future<Output = Result<(), StoreError>>, renewed: &mut Instant, ttl: Duration) -> Renewal {
    let asked = Instant::now();
    // Whoever stood still may ask once more.
    let until = deadline(*renewed, ttl).max(asked + ttl / HEARTBEATS);
    match timeout_at(until.into(), renew).await {
        Ok(Ok(())) => {
            *renewed = asked;
            Renewal::Held
        }
        Ok(Err(StoreError::Fenced)) | Err(_) => Renewal::Lost,
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a lease could not be renewed");
            if Instant::now() < deadline(*renewed, ttl) { Renewal::Failed } else { Renewal::Lost }
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
async fn conclude(context: &JobContext, attempt: u32, lease: &Lease, end: RunEnd) -> Result<JobOutcome, JobError> {
    let (store, id) = (&context.store, lease.run_id);
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
            return Ok(waits(attempt, postpone(context, lease, error.finding(), wait).await?));
        }
        RunEnd::Failed(error) => {
            tracing::info!(code = %error.code, cause = ?error.source, attempt, "a run could not work");
            if matches!(error.decision, Decision::Retry | Decision::Wait(_)) && attempt < ATTEMPTS {
                return later(context, attempt, lease, &error).await;
            }
            store.change_run(id, RunState::Failed, Some(&error.finding()), Some(lease)).await?;
        }
        RunEnd::Unfinished(error) => {
            tracing::info!(code = %error.code, cause = ?error.source, attempt, "a run left folders");
            if attempt < ATTEMPTS {
                return later(context, attempt, lease, &error).await;
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
            return Ok(waits(attempt, store.now()));
        }
        // Another worker has it; nothing of this is ours any more.
        RunEnd::Stopped(Command::Abandon) | RunEnd::Ledger(LedgerError::Fenced) => {}
        RunEnd::Ledger(error @ LedgerError::Unavailable(_)) => return Err(JobError(Box::new(error))),
    }
    Ok(JobOutcome::Done)
}

/// The job is put back; this attempt did not fail.
fn waits(attempt: u32, at: DateTime<Utc>) -> JobOutcome {
    JobOutcome::After { at, failures: attempt.saturating_sub(1) }
}

/// Puts the run back into the queue for a known time; its owner sees why, and until when. That is no failed attempt.
async fn postpone(
    context: &JobContext,
    lease: &Lease,
    finding: Finding,
    wait: Duration,
) -> Result<DateTime<Utc>, JobError> {
    let at = context.store.now() + wait;
    let finding = match finding.code {
        FindingCode::WaitingForTurn => finding,
        _ => finding.with(FindingDetail { until: Some(at), ..FindingDetail::default() }),
    };
    context.store.requeue_run(lease.run_id, at, Some(&finding), Some(lease)).await?;
    Ok(at)
}

/// Puts the run back into the queue; whoever watches sees what it waits for.
async fn later(
    context: &JobContext,
    attempt: u32,
    lease: &Lease,
    error: &ConnectorError,
) -> Result<JobOutcome, JobError> {
    let wait = match error.decision {
        Decision::Wait(wait) => wait.max(backoff(attempt)),
        _ => backoff(attempt),
    };
    let at = context.store.now() + wait;
    context.store.requeue_run(lease.run_id, at, Some(&error.finding()), Some(lease)).await?;
    Ok(JobOutcome::After { at, failures: attempt })
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use chrono::TimeDelta;

    use super::*;

    const TTL: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn a_lease_that_nobody_renews_in_time_is_lost_before_it_ends() {
        let claimed = Instant::now();
        let mut renewed = claimed;
        assert_eq!(renewal(async { Ok(()) }, &mut renewed, TTL).await, Renewal::Held);
        assert!(renewed >= claimed, "its time begins anew");
        // A database that takes the question and never answers.
        assert_eq!(renewal(pending(), &mut renewed, TTL).await, Renewal::Lost);
        assert!(renewed.elapsed() >= TTL / 2, "it was waited for");
        // One that another worker has by now.
        renewed = Instant::now();
        assert_eq!(renewal(async { Err(StoreError::Fenced) }, &mut renewed, TTL).await, Renewal::Lost);
        // An error is no reason as long as there is time, and one afterwards.
        renewed = Instant::now() + TTL;
        assert_eq!(renewal(async { Err(StoreError::NotFound) }, &mut renewed, TTL).await, Renewal::Failed);
        renewed = claimed.checked_sub(TTL).expect("a moment");
        assert_eq!(renewal(async { Err(StoreError::NotFound) }, &mut renewed, TTL).await, Renewal::Lost);
    }

    #[test]
    fn only_attempts_without_any_progress_count() {
        let settled = |stored, failed| Counts { stored, failed, listed: 9, ..Counts::default() };
        assert_eq!(attempt_after(29, &settled(3, 1), &settled(3, 1)), 29);
        assert_eq!(attempt_after(29, &settled(3, 1), &settled(4, 1)), 1);
        assert_eq!(attempt_after(29, &settled(3, 1), &settled(3, 2)), 1);
        let at = DateTime::UNIX_EPOCH;
        assert_eq!(waits(1, at), JobOutcome::After { at, failures: 0 }, "it waits, and what went before is forgotten");
    }

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
