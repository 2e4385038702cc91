//! Payments: whatever state one is in, this job asks PayPal what is true and goes one step further.

use std::time::Duration;

use mailferry_shared::{ids::PaymentId, payment::PaymentState};
use mailferry_store::{MailKind, PaymentEventId, PaymentRecord, StoreError, jobs::JobOutcome};

use super::{JobContext, JobError, life};
use crate::pay::{PayError, PayPal, Remote, paypal::Event};

/// How often a payment is looked at that PayPal holds back.
const PENDING: Duration = Duration::from_secs(3600);

/// Goes one step further.
///
/// # Errors
/// [`JobError`] if the store or PayPal is not available; it is tried again.
pub(super) async fn perform(context: &JobContext, id: PaymentId) -> Result<JobOutcome, JobError> {
    let payment = match context.store.payment_record(id).await {
        Err(StoreError::NotFound) => return Ok(JobOutcome::Done),
        other => other?,
    };
    let Some(paypal) = &context.paypal else {
        tracing::warn!(payment = %id, "PayPal is not set up any more; the payment waits");
        return Ok(JobOutcome::Waits(context.store.now() + PENDING));
    };
    match step(context, paypal, &payment).await {
        Ok(outcome) => Ok(outcome),
        Err(StepError::Pay(error)) if error.is_permanent() => {
            tracing::error!(payment = %id, state = ?payment.state, %error, "a payment came to nothing");
            give_up(context, &payment).await
        }
        Err(StepError::Pay(error)) => Err(JobError(Box::new(error))),
        Err(StepError::Job(error)) => Err(error),
    }
}

#[derive(Debug)]
enum StepError {
    Pay(PayError),
    Job(JobError),
}

impl From<PayError> for StepError {
    fn from(error: PayError) -> Self {
        Self::Pay(error)
    }
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        Self::Job(error.into())
    }
}

async fn step(context: &JobContext, paypal: &PayPal, payment: &PaymentRecord) -> Result<JobOutcome, StepError> {
    let (store, now) = (&context.store, context.store.now());
    match (payment.state, payment.remote_order.as_deref(), payment.remote_capture.as_deref()) {
        (PaymentState::Creating, _, _) => {
            let order = match store.order(payment.order_id).await {
                Err(StoreError::NotFound) => return give_up(context, payment).await.map_err(StepError::Job),
                other => other?,
            };
            let page = format!("{}/orders/{}", context.settings.public_url, order.id);
            let (remote, url) = paypal.create(payment, &page, order.language, now).await?;
            store.payment_created(payment.id, &remote, &url).await?;
            Ok(JobOutcome::Done)
        }
        (PaymentState::Capturing, Some(remote), _) => {
            let found = paypal.capture(payment, remote, now).await?;
            follow(context, payment, found).await
        }
        (PaymentState::Refunding, _, Some(capture)) => {
            let part = payment.refund_minor.is_some();
            match paypal.refund(payment, capture, now).await {
                Ok(false) => return Ok(JobOutcome::Waits(now + PENDING)),
                Ok(true) if part => store.part_refunded(payment.id, true).await?,
                Ok(true) => store.payment_refunded(payment.id).await?,
                Err(error) if part && error.is_permanent() => {
                    tracing::error!(payment = %payment.id, %error, "a part of a payment is not paid back");
                    store.part_refunded(payment.id, false).await?;
                    // Perhaps since more was paid back at PayPal itself than is known here: that is read now.
                    return Ok(JobOutcome::Waits(now));
                }
                Err(error) => return Err(error.into()),
            }
            tracing::info!(payment = %payment.id, order = %payment.order_id, part, "a payment was paid back");
            Ok(JobOutcome::Done)
        }
        (PaymentState::Refunded | PaymentState::Mismatched, _, _)
        | (_, None, _)
        | (PaymentState::Refunding, _, None) => Ok(JobOutcome::Done),
        // Pending, or something has happened at PayPal without us: also to one that was given up too early.
        (
            PaymentState::AwaitingApproval
            | PaymentState::Declined
            | PaymentState::Pending
            | PaymentState::Paid
            | PaymentState::Failed,
            Some(remote),
            _,
        ) => {
            let found = paypal.read(payment, remote, now).await?;
            follow(context, payment, found).await
        }
    }
}

/// What PayPal says becomes the payment's state.
async fn follow(context: &JobContext, payment: &PaymentRecord, found: Remote) -> Result<JobOutcome, StepError> {
    let (store, id) = (&context.store, payment.id);
    tracing::info!(payment = %id, order = %payment.order_id, state = ?payment.state, ?found, "PayPal told of a payment");
    let taking = payment.state == PaymentState::Capturing;
    match found {
        Remote::Completed { capture, refunded_minor } => {
            settle(context, id, &capture).await?;
            if store.refunds_seen(id, refunded_minor).await? {
                tracing::info!(payment = %id, order = %payment.order_id, "a part was paid back at PayPal itself");
            }
        }
        Remote::Pending => {
            store.payment_not_settled(id, PaymentState::Pending).await?;
            return Ok(JobOutcome::Waits(store.now() + PENDING));
        }
        Remote::Declined => store.payment_not_settled(id, PaymentState::Declined).await?,
        Remote::NotApproved if taking => store.payment_not_settled(id, PaymentState::AwaitingApproval).await?,
        Remote::Void => store.payment_not_settled(id, PaymentState::Failed).await?,
        Remote::Mismatch { capture, captured } => {
            if store.payment_mismatched(id, capture.as_deref(), captured).await? {
                tracing::error!(
                    payment = %id,
                    order = %payment.order_id,
                    capture,
                    ?captured,
                    "PayPal took another amount than was asked for, or for something else: look at it there, and pay it back"
                );
            }
        }
        Remote::Refunded => store.payment_refunded(id).await?,
        // The capture is asked for by whoever comes back, not by us.
        Remote::NotApproved | Remote::Approved => {}
    }
    Ok(JobOutcome::Done)
}

async fn settle(context: &JobContext, id: PaymentId, capture: &str) -> Result<(), StoreError> {
    let settled = context.store.payment_settled(id, capture).await?;
    let Some(order) = settled.order else { return Ok(()) };
    // Each is told once for its occasion, also if this job is repeated because it died in between.
    life::tell(&context.store, &order, MailKind::Receipt, &id.to_string()).await?;
    if settled.started || order.life.state() == mailferry_shared::order::OrderState::Scheduled {
        life::tell(&context.store, &order, MailKind::Submitted, life::occasion(&order)).await?;
    }
    Ok(())
}

async fn give_up(context: &JobContext, payment: &PaymentRecord) -> Result<JobOutcome, JobError> {
    match payment.state {
        // Nothing was taken, or nothing that could be told.
        PaymentState::Creating | PaymentState::Capturing | PaymentState::AwaitingApproval | PaymentState::Declined => {
            context.store.payment_not_settled(payment.id, PaymentState::Failed).await?;
            Ok(JobOutcome::Done)
        }
        // Money is involved: somebody must look, and it is tried again meanwhile.
        PaymentState::Pending
        | PaymentState::Paid
        | PaymentState::Refunding
        | PaymentState::Refunded
        | PaymentState::Mismatched
        | PaymentState::Failed => Ok(JobOutcome::Waits(context.store.now() + PENDING)),
    }
}

/// Has a notification verified by PayPal itself, then its payment looked at.
///
/// # Errors
/// [`JobError`] if the store or PayPal is not available; it is tried again.
pub(super) async fn verify(context: &JobContext, id: PaymentEventId) -> Result<JobOutcome, JobError> {
    let (Some(event), Some(paypal)) = (context.store.payment_event(id).await?, &context.paypal) else {
        return Ok(JobOutcome::Done);
    };
    let genuine = paypal.verify(&event.headers, &event.body, context.store.now()).await;
    let genuine = genuine.map_err(|error| JobError(Box::new(error)))?;
    let parsed = serde_json::from_str::<Event>(&event.body);
    match parsed.ok().filter(|_| genuine) {
        Some(known) => {
            let first = context.store.payment_event_verified(id, &known.id).await?;
            tracing::info!(payment = %event.payment_id, first, "a notification of PayPal's");
        }
        None => {
            tracing::warn!(payment = %event.payment_id, "a notification that PayPal does not vouch for");
            context.store.payment_event_forged(id).await?;
        }
    }
    Ok(JobOutcome::Done)
}
