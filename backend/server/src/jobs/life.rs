//! What follows from a run's begin and end: the order's own state, and its status mails. Every step may be repeated.

use mailferry_shared::{
    ids::{OrderId, RunId},
    order::{OrderState, StartKind},
    run::RunState,
};
use mailferry_store::{MailKind, OrderRecord, Store, StoreError};

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
    if order.life.state() == OrderState::Active {
        match run.delta_id {
            None => tell(&context.store, &order, MailKind::Started, occasion(&order)).await?,
            // Told when it was asked for, unless that process died on the way.
            Some(delta) => tell(&context.store, &order, MailKind::DeltaStarted, &delta.to_string()).await?,
        }
    }
    Ok(order)
}

/// A run has ended or was parked: its order may be done, and its owner is told what there is to tell.
///
/// # Errors
/// If the store cannot be written.
pub async fn run_ended(context: &JobContext, run: RunId) -> Result<OrderRecord, StoreError> {
    let run = context.store.run(run).await?;
    let order = conclude(context, run.order_id).await?;
    if run.summary.state == RunState::Paused && run.summary.finding.is_some() {
        context.store.tell_stuck(order.id).await?;
    }
    Ok(order)
}

/// Completes the order if its last run has ended, and tells its owner of all that has: of a delta also while another one
/// is still under way, of the first run also if a delta has followed at once.
///
/// # Errors
/// If the store cannot be written.
pub async fn conclude(context: &JobContext, order: OrderId) -> Result<OrderRecord, StoreError> {
    let order = context.store.conclude_order(order).await?;
    if matches!(order.life.state(), OrderState::Active | OrderState::Paused | OrderState::Completed) {
        for ended in context.store.ended_rounds(&order).await? {
            match ended {
                None => tell(&context.store, &order, MailKind::Finished, &round(context, &order).await?).await?,
                Some(delta) => tell(&context.store, &order, MailKind::DeltaFinished, &delta.to_string()).await?,
            }
        }
    }
    Ok(order)
}

/// What a mail about the end of a trial or main run is about: a trial whose failures were tried again ends anew.
async fn round(context: &JobContext, order: &OrderRecord) -> Result<String, StoreError> {
    let rounds = match order.kind {
        Some(StartKind::Trial) => {
            context.store.progress(order.id).await?.iter().map(|pair| pair.runs).max().unwrap_or(1)
        }
        Some(StartKind::Main) | None => 1,
    };
    Ok(if rounds > 1 { format!("{}-{rounds}", occasion(order)) } else { occasion(order).to_owned() })
}

/// Queues a status mail, once for an occasion, if the order has an address for them.
///
/// # Errors
/// If the store cannot be written.
pub async fn tell(store: &Store, order: &OrderRecord, kind: MailKind, occasion: &str) -> Result<(), StoreError> {
    if order.notify_address.is_some() {
        store.queue_mail(order.id, kind, occasion).await?;
    }
    Ok(())
}
