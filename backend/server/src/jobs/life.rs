//! What follows from a run's begin and end: the order's own state, and its status mails. Every step may be repeated.

use mailferry_shared::{
    ids::RunId,
    order::{OrderState, StartKind},
    run::{RunKind, RunState},
};
use mailferry_store::{MailKind, OrderRecord, StoreError};

use super::JobContext;

/// What a mail about the start or end of a trial or main run is about: each is told once.
pub fn occasion(order: &OrderRecord) -> &'static str {
    match order.kind {
        Some(StartKind::Trial) => "trial",
        Some(StartKind::Main) | None => "main",
    }
}

/// A worker has taken a run: the order's first one makes it active, and its owner is told. Call it before the run's
/// own state changes; the order tells whether the run may go on.
///
/// # Errors
/// If the store cannot be written.
pub async fn run_begins(context: &JobContext, run: RunId) -> Result<OrderRecord, StoreError> {
    let run = context.store.run(run).await?;
    let order = context.store.begin_order(run.order_id).await?;
    if order.life.state() == OrderState::Active && run.summary.kind != RunKind::Delta {
        context.store.queue_mail(order.id, MailKind::Started, occasion(&order)).await?;
    }
    Ok(order)
}

/// A run has ended or was parked: its order may be done, and its owner is told what there is to tell.
///
/// # Errors
/// If the store cannot be written.
pub async fn run_ended(context: &JobContext, run: RunId) -> Result<OrderRecord, StoreError> {
    let run = context.store.run(run).await?;
    let order = context.store.conclude_order(run.order_id).await?;
    if run.summary.state == RunState::Paused && run.summary.finding.is_some() {
        context.store.queue_mail(order.id, MailKind::ActionNeeded, &run.summary.id.to_string()).await?;
    }
    if order.life.state() == OrderState::Completed {
        match run.delta_id {
            None => context.store.queue_mail(order.id, MailKind::Finished, occasion(&order)).await?,
            Some(delta) => context.store.queue_mail(order.id, MailKind::DeltaFinished, &delta.to_string()).await?,
        };
    }
    Ok(order)
}
