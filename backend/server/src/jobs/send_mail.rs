//! Sends one status mail. It is composed now, so that it tells how things stand, not how they stood.

use chrono::{DateTime, TimeDelta, Utc};
use mailferry_shared::{ids::RunId, order::LinkScope, progress::PairProgress, run::RunState};
use mailferry_store::{MailId, MailKind, MailRecord, OrderRecord, StoreError, jobs::JobOutcome};

use super::{JobContext, JobError};
use crate::{
    api::auth::link,
    mail::{
        Facts, Letter, Sent, compose,
        facts::{Receipt, Request},
        operator,
        texts::Texts,
    },
};

/// After so many tries a mail is given up: most of a day. The sweeper knows the same number.
const ATTEMPTS: u32 = 12;
/// What is older was kept while there was no mail server, and is news no more.
const NEWS: TimeDelta = TimeDelta::days(3);

/// Sends the mail, or puts it off.
///
/// # Errors
/// If the store cannot be read or written.
pub async fn perform(context: &JobContext, id: MailId) -> Result<JobOutcome, JobError> {
    let Some((mail, order)) = find(context, id).await? else { return Ok(JobOutcome::Done) };
    let desk = &context.settings.desk;
    let address = if mail.kind.is_for_operator() { &desk.address } else { &order.notify_address };
    let Some(address) = address.clone() else {
        tracing::debug!(mail = %id.0, "there is no address for this mail");
        context.store.mail_given_up(id).await?;
        return Ok(JobOutcome::Done);
    };
    if context.store.now() - mail.created_at > NEWS {
        context.store.mail_given_up(id).await?;
        tracing::info!(mail = %id.0, order = %order.id, kind = ?mail.kind, "mail not sent: it is too old");
        return Ok(JobOutcome::Done);
    }
    let stuck = if mail.kind == MailKind::ActionNeeded { stuck_runs(context, &order).await? } else { Vec::new() };
    if mail.kind == MailKind::ActionNeeded && stuck.is_empty() {
        context.store.mail_needless(id).await?;
        tracing::info!(mail = %id.0, order = %order.id, "mail not sent: what it was to tell of goes on by now");
        return Ok(JobOutcome::Done);
    }
    let letter = if mail.kind.is_for_operator() {
        for_operator(context, &order).await?
    } else {
        letter(context, &mail, &order).await?
    };
    match context.mail.send(letter, &address, &id.0.to_string()).await {
        Ok(Sent::Yes) => {
            match context.store.mail_about_runs_sent(id, &stuck).await {
                // What it told of was taken back while it was on its way.
                Ok(()) | Err(StoreError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
            tracing::info!(mail = %id.0, order = %order.id, kind = ?mail.kind, "mail sent");
            Ok(JobOutcome::Done)
        }
        Ok(Sent::Kept) => {
            tracing::warn!(mail = %id.0, order = %order.id, kind = ?mail.kind, "mail not sent: MAILFERRY_SMTP_URL is not set");
            Ok(JobOutcome::Done)
        }
        Err(error) => {
            let attempts = context.store.mail_failed(id).await?;
            let again = next_try(context.store.now(), attempts, error.is_permanent());
            tracing::warn!(
                mail = %id.0, order = %order.id, attempts, again = again.is_some(),
                error = &error as &dyn std::error::Error, "mail not sent"
            );
            let Some(again) = again else {
                context.store.mail_given_up(id).await?;
                return Ok(JobOutcome::Done);
            };
            Ok(JobOutcome::Again(again))
        }
    }
}

/// The runs that wait until their owner has mended something. Read before the mail is composed: what is parked in between
/// is named, and told once more rather than never.
async fn stuck_runs(context: &JobContext, order: &OrderRecord) -> Result<Vec<RunId>, JobError> {
    let progress = context.store.progress(order.id).await?;
    let runs = progress.iter().filter_map(|pair| pair.run.as_ref());
    Ok(runs.filter(|run| run.state == RunState::Paused && run.finding.is_some()).map(|run| run.id).collect())
}

/// The mail and its order; `None` if it was sent already, or the order is gone.
async fn find(context: &JobContext, id: MailId) -> Result<Option<(MailRecord, OrderRecord)>, JobError> {
    let mail = match context.store.mail(id).await {
        Ok(mail) if mail.sent_at.is_none() => mail,
        Ok(_) | Err(StoreError::NotFound) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match context.store.order(mail.order_id).await {
        Ok(order) => Ok(Some((mail, order))),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn letter(context: &JobContext, mail: &MailRecord, order: &OrderRecord) -> Result<Letter, JobError> {
    let progress = progress(context, mail, order).await?;
    let public_url = &context.settings.public_url;
    let link = link::url(&context.keys, public_url, order.id, LinkScope::Manage, order.link_version);
    let texts = Texts::of(order.language).map_err(|error| JobError(Box::new(error)))?;
    let mut facts = Facts::new(order, link, &progress, context.store.now());
    if mail.kind == MailKind::Receipt {
        facts.receipt = receipt(context, mail).await?;
    }
    facts.request = request(context, order).await?;
    Ok(compose(&texts, mail.kind, &facts))
}

/// The accounts that the mail is about: those of its delta, or all.
async fn progress(context: &JobContext, mail: &MailRecord, order: &OrderRecord) -> Result<Vec<PairProgress>, JobError> {
    let mut progress = context.store.progress(order.id).await?;
    let of_delta = matches!(mail.kind, MailKind::DeltaStarted | MailKind::DeltaFinished);
    if let Some(delta) = of_delta.then(|| mail.occasion.parse().ok()).flatten() {
        match context.store.delta(order.id, delta).await {
            Ok(delta) => progress.retain(|pair| delta.runs.iter().any(|run| run.pair_id == pair.pair_id)),
            Err(StoreError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(progress)
}

/// What the operator is told of a request.
async fn for_operator(context: &JobContext, order: &OrderRecord) -> Result<Letter, JobError> {
    let request = context.store.request_of_order(order.id).await?;
    let texts = Texts::of(context.settings.desk.language).map_err(|error| JobError(Box::new(error)))?;
    Ok(operator::compose(&texts, &request, &operator::url(&context.settings.public_url, &request)))
}

/// What the operator was asked to do.
async fn request(context: &JobContext, order: &OrderRecord) -> Result<Option<Request>, JobError> {
    match context.store.request_of_order(order.id).await {
        Ok(request) => Ok(Some(Request { wished_start: request.wished_start, reason: request.reason })),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The payment that the mail is about.
async fn receipt(context: &JobContext, mail: &MailRecord) -> Result<Option<Receipt>, JobError> {
    let Ok(id) = mail.occasion.parse() else { return Ok(None) };
    let payment = match context.store.payment_record(id).await {
        Err(StoreError::NotFound) => return Ok(None),
        other => other?,
    };
    let reference = payment.remote_capture.unwrap_or_default();
    Ok(payment.paid_at.map(|paid_at| Receipt { amount: payment.amount, paid_at, reference }))
}

/// When to try again after `attempts` failures; `None` when it is given up.
pub(super) fn next_try(now: DateTime<Utc>, attempts: u32, permanent: bool) -> Option<DateTime<Utc>> {
    if permanent || attempts >= ATTEMPTS {
        return None;
    }
    // From a minute on, doubled up to four hours.
    let half_minutes = 2i64.checked_pow(attempts).unwrap_or(i64::MAX).min(480);
    Some(now + TimeDelta::seconds(30 * half_minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_tried_for_most_of_a_day_unless_refused_for_good() {
        let start = DateTime::UNIX_EPOCH;
        let (mut now, mut tries) = (start, 0);
        while let Some(next) = next_try(now, tries + 1, false) {
            tries += 1;
            now = next;
        }
        assert_eq!(tries + 1, ATTEMPTS);
        assert!((12..24).contains(&(now - start).num_hours()), "{}", now - start);
        assert_eq!(next_try(start, 1, true), None);
    }
}
