//! Access tokens that are fetched: with a refresh token, by a Google service account for each mailbox, by a Microsoft
//! application.
//!
//! [`Tokens`] keeps them in memory while they are good, asks once for all who wait for the same, and keeps a new refresh
//! token at once. `service` asks the providers' token services over HTTP, `assertion` signs for a service account. What
//! is asked and what an answer means is in `domain::oauth`.

mod assertion;
mod service;
mod tokens;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use mailferry_domain::oauth::Grant;
use mailferry_shared::{delegation::CredentialKind, oauth::OauthGrant};
use mailferry_store::CredentialAt;
use secrecy::{ExposeSecret, SecretString};

pub use assertion::{UnusableKey, check_key};
pub use service::TokenService;
pub use tokens::Tokens;

/// What access tokens are fetched with, and where it is kept.
#[derive(Debug, Clone)]
pub struct StoredGrant {
    /// What it is.
    pub kind: CredentialKind,
    /// The grant.
    pub grant: Grant,
    /// Where a new refresh token is kept.
    pub at: CredentialAt,
}

/// An access token.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The token.
    pub secret: SecretString,
    /// From when on it is renewed.
    renew_at: DateTime<Utc>,
    /// True if it was fetched for this very question: what refuses it will refuse the next as well.
    pub fresh: bool,
}

impl AccessToken {
    /// True while it need not be renewed. A time that is far ahead was set by a clock that has gone back since.
    fn holds(&self, now: DateTime<Utc>) -> bool {
        now < self.renew_at && self.renew_at < now + TimeDelta::days(1)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.secret.expose_secret() == other.secret.expose_secret()
    }
}

/// A sealed grant as it was read: the JSON of what was entered.
///
/// # Errors
/// If it cannot be used any more, as after another token service was set.
pub fn read_grant(kind: CredentialKind, text: &SecretString, google_token_url: &str) -> Result<Grant, Arc<str>> {
    let given: OauthGrant = serde_json::from_str(text.expose_secret()).map_err(|_| "it cannot be read")?;
    Grant::parse(kind, &given, Some(google_token_url))
        .map_err(|errors| errors.first().map_or("it is incomplete", |error| error.message).into())
}
