//! The cut-over: looks up where the mail of an order's domains goes, and starts the delta when it is due.

use std::time::Duration;

use futures::{StreamExt, stream};
use mailferry_connectors::net::MailExchanger;
use mailferry_domain::mx::{Mx, MxAnswer, fits, is_at};
use mailferry_shared::{
    ids::OrderId,
    order::OrderState,
    schedule::{DeltaTrigger, MxRecord},
};
use mailferry_store::{MailKind, OrderRecord, StoreError, WatchedDomain, jobs::JobOutcome};

use super::{JobContext, JobError, life, sending};
use crate::sandbox;

/// Domains looked up at once.
const PARALLEL: usize = 8;
/// How often a domain is looked up whose switch an order waits for.
const PACE: Duration = Duration::from_secs(60);
/// What was looked up within this time is not looked up again.
const FRESH: Duration = Duration::from_secs(15);

/// Looks, and starts what is due.
///
/// # Errors
/// [`JobError`] if the store is not available.
pub(super) async fn perform(context: &JobContext, id: OrderId) -> Result<JobOutcome, JobError> {
    let order = match context.store.order(id).await {
        Err(StoreError::NotFound) => return Ok(JobOutcome::Done),
        other => other?,
    };
    if matches!(order.life.state(), OrderState::Closed | OrderState::Cancelled) {
        return Ok(JobOutcome::Done);
    }
    look_up_all(context, &order).await?;
    sending::look_up_all(context, &order).await?;
    let (order, started) = context.store.start_due_delta(id).await?;
    for delta in started {
        tracing::info!(order = %id, %delta, "a delta starts by itself");
        life::tell(&context.store, &order, MailKind::DeltaStarted, &delta.to_string()).await?;
    }
    Ok(next(context, &order))
}

/// When to look again; an order that waits for nothing is looked at when somebody asks.
fn next(context: &JobContext, order: &OrderRecord) -> JobOutcome {
    let now = context.store.now();
    let waits = matches!(order.life.state(), OrderState::Active | OrderState::Paused | OrderState::Completed);
    let trigger = order.delta_schedule.filter(|_| order.delta_pending && waits).map(|schedule| schedule.trigger);
    match (trigger, order.delta_at) {
        (Some(DeltaTrigger::MxChanged), _) => JobOutcome::Waits(now + PACE),
        (Some(DeltaTrigger::AfterDelay), Some(at)) => JobOutcome::Waits(if at > now { at } else { now + PACE }),
        // The end of the first run queues the job.
        (Some(DeltaTrigger::AfterDelay), None) | (None, _) => JobOutcome::Done,
    }
}

async fn look_up_all(context: &JobContext, order: &OrderRecord) -> Result<(), JobError> {
    let now = context.store.now();
    let fresh = |watched: &WatchedDomain| {
        let age = watched.mx.looked_up_at.map(|at| (now - at).abs());
        !watched.lookup_failed && age.and_then(|age| age.to_std().ok()).is_some_and(|age| age < FRESH)
    };
    let domains = context.store.watched_domains(order.id).await?;
    let stale = domains.into_iter().filter(|(domain, watched)| !fresh(watched) && !context.providers.owns(domain));
    let mut looked_up = stream::iter(stale.map(|(domain, watched)| look_up(context, order, domain, watched.mx)))
        .buffer_unordered(PARALLEL);
    while let Some(result) = looked_up.next().await {
        result?;
    }
    Ok(())
}

async fn look_up(context: &JobContext, order: &OrderRecord, domain: String, mut mx: Mx) -> Result<(), JobError> {
    let found = if order.asker.sandbox {
        Ok(sandbox::mail_exchangers(order, context.store.now()))
    } else {
        context.network.resolver().mail_exchangers_now(&domain).await
    };
    let found = found.inspect_err(|error| {
        tracing::info!(order = %order.id, cause = ?error, "the MX records of a domain could not be looked up");
    });
    let learnt = found.ok().map(|exchangers| {
        let new = order.destination.as_ref();
        let host = new.map(|choice| choice.endpoint.host.as_str());
        // Many providers take mail in elsewhere than where it is read.
        let wanted = new.and_then(|choice| context.providers.dns_wanted(choice));
        let is_wanted = |server: &str| wanted.is_some_and(|wanted| wanted.mx.iter().any(|one| fits(server, one)));
        let is_new = |server: &str| is_at(server, host) || is_wanted(server);
        mx.learn_of(answer(exchangers), is_new, context.store.now());
        mx
    });
    Ok(context.store.save_mx(order.id, &domain, learnt.as_ref()).await?)
}

fn answer(exchangers: Vec<MailExchanger>) -> MxAnswer {
    MxAnswer {
        ttl_seconds: exchangers.iter().map(|exchanger| exchanger.ttl_seconds).max().unwrap_or(0),
        records: exchangers
            .into_iter()
            .map(|exchanger| MxRecord { preference: exchanger.preference, host: exchanger.host })
            .collect(),
    }
}
