//! Sends a member the link by which they set a password.

use mailferry_shared::ids::PasswordLinkId;
use mailferry_store::{StoreError, jobs::JobOutcome};

use super::{JobContext, JobError, send_mail::next_try};
use crate::{
    api::auth::password_link,
    mail::{Sent, member, texts::Texts},
};

/// Sends the mail, or puts it off.
///
/// # Errors
/// If the store cannot be read or written.
pub(super) async fn perform(context: &JobContext, id: PasswordLinkId) -> Result<JobOutcome, JobError> {
    let store = &context.store;
    let link = match store.password_link(id).await {
        Ok(link) if link.sent_at.is_none() && link.expires_at > store.now() => link,
        // Sent, used, replaced, or too old to be of use.
        Ok(_) | Err(StoreError::NotFound) => return Ok(JobOutcome::Done),
        Err(error) => return Err(error.into()),
    };
    let texts = Texts::of(link.language).map_err(|error| JobError(Box::new(error)))?;
    let url = password_link::url(&context.keys, &context.settings.public_url, id);
    let letter = member::compose(&texts, &link, &url);
    match context.mail.send(letter, &link.mail, &id.to_string()).await {
        Ok(Sent::Yes) => {
            store.password_mail_sent(id).await?;
            tracing::info!(link = %id, member = %link.member_id, kind = ?link.kind, "link for a password sent");
            Ok(JobOutcome::Done)
        }
        Ok(Sent::Kept) => {
            tracing::warn!(link = %id, "link for a password not sent: MAILFERRY_SMTP_URL is not set");
            Ok(JobOutcome::Done)
        }
        Err(error) => {
            let attempts = match store.password_mail_failed(id).await {
                Err(StoreError::NotFound) => return Ok(JobOutcome::Done),
                other => other?,
            };
            let again = next_try(store.now(), attempts, error.is_permanent());
            tracing::warn!(
                link = %id, attempts, again = again.is_some(), error = &error as &dyn std::error::Error,
                "link for a password not sent"
            );
            let Some(again) = again else {
                store.password_mail_given_up(id).await?;
                return Ok(JobOutcome::Done);
            };
            Ok(JobOutcome::Again(again))
        }
    }
}
