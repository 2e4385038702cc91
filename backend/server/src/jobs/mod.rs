//! Work that no request waits for: checks, surveys, runs, verifications and mails, taken from the store's queue.
//!
//! [`dispatch`] is the one place that knows which job is done where; [`life`] is what follows from a run's begin and
//! end; [`sweeper`] repairs what a crash left behind.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    keys::Keys, mail::Transport, metrics, oauth::Tokens, pay::PayPal, providers::Providers, settings::Settings,
};
use mailferry_connectors::net::{Network, http::HttpClient};
use mailferry_store::{
    Store,
    jobs::{Job, JobHandler, JobKind, JobOutcome, WorkerOptions, caused_by},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

pub mod bound;
mod check;
mod cut_over;
mod discovery;
pub mod dispatch;
mod dry_run;
mod endpoint;
pub mod life;
mod login;
mod password_mail;
mod payment;
mod provider;
mod run;
pub mod send_mail;
mod sending;
mod slice;
mod survey;
pub mod sweeper;
mod verification;
mod visit;
mod webhook;

/// What jobs need.
#[derive(Clone)]
pub struct JobContext {
    /// The store, with the clock.
    pub store: Store,
    /// The settings.
    pub settings: Arc<Settings>,
    /// Keys for manage links.
    pub keys: Keys,
    /// The way out to mail services.
    pub network: Network,
    /// The same for HTTP.
    pub http: HttpClient,
    /// Known providers, and what they allow.
    pub providers: Arc<Providers>,
    /// Access tokens that are fetched.
    pub tokens: Tokens,
    /// The way out for mails.
    pub mail: Transport,
    /// The payment provider, if one is set up.
    pub paypal: Option<PayPal>,
    /// How long looks at mailboxes may take.
    pub bound: bound::Bound,
    /// This process, unlike any other: the holder of leases.
    pub worker: Arc<str>,
}

/// A job could not be done now; it is tried again. What it is about may be parked or failed by the job itself: that is
/// no error.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct JobError(#[from] pub Box<dyn std::error::Error + Send + Sync>);

impl From<mailferry_store::StoreError> for JobError {
    fn from(error: mailferry_store::StoreError) -> Self {
        Self(Box::new(error))
    }
}

/// Does jobs by [`dispatch`].
pub struct Handler(pub JobContext);

impl JobHandler for Handler {
    async fn handle(&self, job: &Job, stop: CancellationToken) -> JobOutcome {
        // Every line that is written on the way carries what it is about.
        let request = job.request.map(tracing::field::display);
        let span =
            tracing::info_span!("job", kind = metrics::name(job.kind), id = %job.id, attempt = job.attempt, request);
        let begun = Instant::now();
        // What follows from the job follows from the request.
        let outcome = caused_by(job.request, self.perform(job, &stop)).instrument(span).await;
        metrics::job_ended(job.kind, &outcome, begun.elapsed());
        outcome
    }
}

impl Handler {
    async fn perform(&self, job: &Job, stop: &CancellationToken) -> JobOutcome {
        // Boxed: of all kinds of jobs together it is large.
        match Box::pin(dispatch::perform(&self.0, job, stop)).await {
            Ok(outcome) => outcome,
            Err(error) => {
                let wait = backoff(job.attempt);
                tracing::warn!(
                    wait_seconds = wait.as_secs(),
                    error = &error as &dyn std::error::Error,
                    "a job failed and is tried again"
                );
                JobOutcome::Again(self.0.store.now() + wait)
            }
        }
    }
}

/// 2 s after the first failure, doubled each time, at most 5 minutes.
pub fn backoff(attempt: u32) -> Duration {
    Duration::from_secs(1u64.checked_shl(attempt.clamp(1, 16)).unwrap_or(u64::MAX).min(300))
}

/// Works until `shutdown` is cancelled, `slots` jobs at once of each kind that takes long.
pub async fn work(context: JobContext, shutdown: CancellationToken) {
    let long = context.settings.workers.max(1);
    let slots = |kind| {
        if matches!(
            kind,
            JobKind::SendMail | JobKind::PasswordMail | JobKind::CutOver | JobKind::Payment | JobKind::PaymentEvent
        ) {
            2
        } else {
            long
        }
    };
    let slots = dispatch::KINDS.iter().map(|&kind| (kind, slots(kind))).collect();
    let lease = context.settings.lease;
    let options = WorkerOptions {
        heartbeat: lease / 2,
        lock: lease * 2,
        ..WorkerOptions::new(context.worker.to_string(), slots)
    };
    let store = context.store.clone();
    let sweeper = tokio::spawn(sweeper::run(context.clone(), shutdown.clone()));
    mailferry_store::jobs::work(store, options, Arc::new(Handler(context)), shutdown).await;
    if sweeper.await.is_err() {
        tracing::error!("the sweeper has panicked");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_five_minutes() {
        assert_eq!([0, 1, 2, 3, 8, 9, 40, u32::MAX].map(|n| backoff(n).as_secs()), [2, 2, 4, 8, 256, 300, 300, 300]);
    }
}
