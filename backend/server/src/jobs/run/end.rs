//! How a run ended, or when it goes on.

use std::time::Duration;

use chrono::{DateTime, Utc};
use mailferry_engine::{
    port::{Command, ConnectorError, Decision, LedgerError},
    run::RunEnd,
};
use mailferry_shared::{
    finding::{Finding, FindingCode, FindingDetail},
    run::{Counts, RunState},
};
use mailferry_store::{
    Lease, RunRecord,
    jobs::{Job, JobOutcome},
};

use crate::jobs::{JobContext, JobError, backoff};

/// Attempts in a row at a server that cannot be reached, or whose lines break, without a single message settled, before a
/// run is given up: with their waits about two hours, longer than a provider's maintenance usually takes.
pub(super) const ATTEMPTS: u32 = 30;

/// The number of this attempt: the first one again if anything was settled in it.
pub(super) async fn number_of_attempt(context: &JobContext, job: &Job, before: &RunRecord) -> Result<u32, JobError> {
    let now = context.store.run(before.summary.id).await?.summary.counts;
    Ok(attempt_after(job.attempt, &before.summary.counts, &now))
}

fn attempt_after(attempt: u32, before: &Counts, now: &Counts) -> u32 {
    if now.done() > before.done() { 1 } else { attempt }
}

/// Writes down how the run ended, or when it goes on.
pub(super) async fn conclude(
    context: &JobContext,
    attempt: u32,
    lease: &Lease,
    end: RunEnd,
) -> Result<JobOutcome, JobError> {
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
pub(super) async fn postpone(
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
    use super::*;

    #[test]
    fn only_attempts_without_any_progress_count() {
        let settled = |stored, failed| Counts { stored, failed, listed: 9, ..Counts::default() };
        assert_eq!(attempt_after(29, &settled(3, 1), &settled(3, 1)), 29);
        assert_eq!(attempt_after(29, &settled(3, 1), &settled(4, 1)), 1);
        assert_eq!(attempt_after(29, &settled(3, 1), &settled(3, 2)), 1);
        let at = DateTime::UNIX_EPOCH;
        assert_eq!(waits(1, at), JobOutcome::After { at, failures: 0 }, "it waits, and what went before is forgotten");
    }
}
