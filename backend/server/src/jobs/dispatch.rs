//! Which job is done where.

use mailferry_shared::ids::{CheckId, DiscoveryId, OrderId, PasswordLinkId, PaymentId, WebhookDeliveryId};
use mailferry_store::{
    MailId, PaymentEventId,
    jobs::{Job, JobKind, JobOutcome},
};
use tokio_util::sync::CancellationToken;

use super::{
    JobContext, JobError, check, cut_over, discovery, dry_run, password_mail, payment, run, send_mail, survey,
    verification, webhook,
};

/// The kinds that this process does: those that [`perform`] has an arm for.
pub const KINDS: &[JobKind] = &[
    JobKind::Check,
    JobKind::Survey,
    JobKind::Run,
    JobKind::Verification,
    JobKind::SendMail,
    JobKind::PasswordMail,
    JobKind::CutOver,
    JobKind::Payment,
    JobKind::PaymentEvent,
    JobKind::Webhook,
    JobKind::Discovery,
    JobKind::DryRun,
];

/// Does a job. It may have been done before, in part or in whole; it comes to an end soon when `stop` is cancelled.
///
/// # Errors
/// [`JobError`] if it could not be done now.
pub async fn perform(context: &JobContext, job: &Job, stop: &CancellationToken) -> Result<JobOutcome, JobError> {
    match job.kind {
        JobKind::SendMail => send_mail::perform(context, MailId(job.id)).await,
        JobKind::PasswordMail => password_mail::perform(context, PasswordLinkId(job.id)).await,
        JobKind::Webhook => webhook::perform(context, WebhookDeliveryId(job.id)).await,
        JobKind::Check => check::perform(context, CheckId(job.id), stop).await,
        JobKind::Discovery => discovery::perform(context, DiscoveryId(job.id), stop).await,
        JobKind::DryRun => dry_run::perform(context, job, stop).await,
        JobKind::Survey => survey::perform(context, CheckId(job.id), stop).await,
        JobKind::Run => run::perform(context, job, stop).await,
        JobKind::Payment => payment::perform(context, PaymentId(job.id)).await,
        JobKind::PaymentEvent => payment::verify(context, PaymentEventId(job.id)).await,
        JobKind::CutOver => cut_over::perform(context, OrderId(job.id)).await,
        JobKind::Verification => verification::perform(context, job, stop).await,
    }
}
