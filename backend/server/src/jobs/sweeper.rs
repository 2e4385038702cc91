//! Repairs what a crash left behind, closes orders whose link has expired and says so before, and deletes the personal
//! data of those that ended long ago. Any number of processes may do it.

use std::time::Duration;

use mailferry_store::{
    MailKind, StoreError,
    jobs::{JobKind, JobQueue},
};
use tokio_util::sync::CancellationToken;

use super::{JobContext, life};

/// How often.
const PERIOD: Duration = Duration::from_secs(60);
/// How long a search for a mail service's settings is kept.
const KEPT_DISCOVERIES: Duration = Duration::from_secs(3600);
/// Orders closed at once.
const BATCH: u32 = 100;

/// Sweeps until `shutdown` is cancelled.
pub async fn run(context: JobContext, shutdown: CancellationToken) {
    let mut tick = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = sweep(&context).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not look for what was left behind");
        }
    }
}

/// Looks once.
///
/// # Errors
/// If the store cannot be read or written.
pub async fn sweep(context: &JobContext) -> Result<(), StoreError> {
    let keeps_mails = context.mail.keeps();
    let mended = context.store.mend_delta_times().await?;
    if mended > 0 {
        tracing::warn!(orders = mended, "the clock has gone back: deltas that start by themselves wait from now on");
    }
    let mended = context.store.mend_job_times().await?;
    if mended > 0 {
        tracing::warn!(jobs = mended, "the clock has gone back: jobs that were put off by it are due");
    }
    for (kind, id) in context.store.left_behind().await? {
        if matches!(kind, JobKind::SendMail | JobKind::PasswordMail) && keeps_mails {
            continue;
        }
        tracing::info!(?kind, %id, "a job was left behind and is queued again");
        context.store.enqueue(kind, id, None).await?;
    }
    context.store.forget_connections().await?;
    context.store.forget_discoveries(context.store.now() - KEPT_DISCOVERIES).await?;
    for order in context.store.orders_to_conclude().await? {
        life::conclude(context, order).await?;
        tracing::info!(%order, "an order whose runs have ended is completed");
    }
    for order in context.store.orders_with_untold_runs().await? {
        context.store.tell_stuck(order).await?;
    }
    for (order, occasion) in context.store.links_that_end_soon().await? {
        let order = context.store.order(order).await?;
        life::tell(&context.store, &order, MailKind::LinkExpires, &occasion).await?;
    }
    for order in context.store.expire_orders(BATCH).await? {
        tracing::info!(%order, "the link of an order has expired: it is closed, its passwords are erased");
    }
    let kept = chrono::Duration::hours(context.settings.limits.answers_hours.into());
    context.store.forget_answers(context.store.now() - kept).await?;
    context.store.forget_events().await?;
    context.store.forget_payment_events().await?;
    context.store.forget_asked().await?;
    context.store.forget_failed_logins().await?;
    context.store.forget_password_links().await?;
    for order in context.store.purge_orders(BATCH).await? {
        tracing::info!(%order, "an order ended long ago: its personal data is deleted");
    }
    Ok(())
}
