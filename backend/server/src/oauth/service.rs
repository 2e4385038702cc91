//! The providers' token services over HTTP: few requests at once, and none while a service wants to be left alone.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use mailferry_connectors::net::{
    Network,
    http::{ClientError, HttpAnswer, HttpClient, HttpError, HttpRequest, Method, Url, header},
};
use mailferry_domain::oauth::{Grant, Refusal, TokenAnswer, read_answer};
use mailferry_engine::port::{ConnectorError, Decision};
use mailferry_shared::{finding::FindingCode, oauth::OauthProvider};
use tokio::sync::Semaphore;

use super::assertion;
use crate::{metrics, settings::oauth::OauthSettings};

/// Requests under way at once.
const AT_ONCE: usize = 4;
/// For one request.
const TIME: Duration = Duration::from_secs(30);
/// An answer of more bytes is none.
const MOST_BYTES: usize = 64 * 1024;
/// How long a service is left alone that does not say how long.
const USUAL_WAIT: TimeDelta = TimeDelta::seconds(30);
/// And at most.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

/// Asks token services.
pub struct TokenService {
    http: HttpClient,
    settings: OauthSettings,
    permits: Semaphore,
    /// Until when a provider's service is left alone.
    paused: Mutex<HashMap<OauthProvider, DateTime<Utc>>>,
}

impl TokenService {
    /// Asks where `settings` say, by the way out of `network`.
    ///
    /// # Errors
    /// If the HTTP client cannot be built.
    pub fn new(settings: OauthSettings, network: &Network) -> Result<Self, ClientError> {
        let plaintext = [&settings.google, &settings.microsoft].iter().any(|url| url.scheme() == "http");
        let http = HttpClient::new(network, plaintext)?;
        Ok(Self { http, settings, permits: Semaphore::new(AT_ONCE), paused: Mutex::default() })
    }

    /// Where Google's is.
    pub fn google_token_url(&self) -> String {
        self.settings.google_token_url()
    }

    /// Fetches an access token for `mailbox`.
    ///
    /// # Errors
    /// [`ConnectorError`] with what to do: a service that is asked too often, or does not work, is left alone for as long
    /// as it says; a refusal waits for its owner.
    pub(super) async fn fetch(
        &self,
        grant: &Grant,
        mailbox: &str,
        now: DateTime<Utc>,
    ) -> Result<TokenAnswer, ConnectorError> {
        let provider = grant.provider();
        let Ok(_permit) = self.permits.acquire().await else {
            return Err(failure(provider, FindingCode::Internal, Decision::Retry));
        };
        if let Some(wait) = self.wait(provider, now) {
            return Err(failure(provider, FindingCode::Throttled, Decision::Wait(wait)));
        }
        let request = self.request(grant, mailbox, now)?;
        let answer = self.http.send(request).await.map_err(|error| unreachable(provider, error))?;
        let read = read_answer(grant, answer.status, &answer.body);
        metrics::token_asked(provider, read.is_ok());
        read.map_err(|refusal| match refusal {
            Refusal::Later => self.pause(provider, &answer, now),
            Refusal::For(code) => {
                let decision = match code {
                    FindingCode::ServerError | FindingCode::Internal => Decision::Retry,
                    _ => Decision::Park,
                };
                tracing::info!(%code, status = answer.status, ?provider, "a token service refused an access token");
                failure(provider, code, decision)
            }
        })
    }

    fn request(&self, grant: &Grant, mailbox: &str, now: DateTime<Utc>) -> Result<HttpRequest, ConnectorError> {
        let provider = grant.provider();
        let broken = |error: Box<dyn std::error::Error + Send + Sync>| {
            failure(provider, FindingCode::Internal, Decision::Park).caused_by(error)
        };
        let address = match provider {
            OauthProvider::Google => self.settings.google_token_url(),
            OauthProvider::Microsoft => self.settings.microsoft_token_url(grant.tenant()),
        };
        let assertion = match grant {
            Grant::ServiceAccount(account) => assertion::sign(account, &account.claims(mailbox, &address, now))
                .map_err(|error| broken(error.into()))?,
            Grant::Refresh(_) | Grant::App(_) => String::new(),
        };
        let body = serde_urlencoded::to_string(grant.request(&assertion)).map_err(|error| broken(error.into()))?;
        let mut headers = header::HeaderMap::new();
        let form = header::HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, form);
        headers.insert(header::ACCEPT, header::HeaderValue::from_static("application/json"));
        let url: Url = address.parse().map_err(|error: url::ParseError| broken(error.into()))?;
        let body = body.into_bytes();
        Ok(HttpRequest { method: Method::POST, url, headers, body, most_bytes: MOST_BYTES, time: TIME })
    }

    /// How long the service still wants to be left alone.
    fn wait(&self, provider: OauthProvider, now: DateTime<Utc>) -> Option<Duration> {
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        let left = *paused.get(&provider)? - now;
        // A time that is far ahead was set by a clock that has gone back since.
        if left <= TimeDelta::zero() || left > LONGEST_WAIT {
            paused.remove(&provider);
            return None;
        }
        left.to_std().ok()
    }

    fn pause(&self, provider: OauthProvider, answer: &HttpAnswer, now: DateTime<Utc>) -> ConnectorError {
        let told = answer.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let told = told.and_then(|text| retry_after(text, now));
        if told.is_none() && answer.status != 429 {
            return failure(provider, FindingCode::ServerError, Decision::Retry);
        }
        let wait = told.unwrap_or(USUAL_WAIT);
        let wait = wait.clamp(TimeDelta::seconds(1), LONGEST_WAIT);
        tracing::info!(
            status = answer.status,
            ?provider,
            wait_seconds = wait.num_seconds(),
            "a token service wants rest"
        );
        self.paused.lock().unwrap_or_else(PoisonError::into_inner).insert(provider, now + wait);
        failure(provider, FindingCode::Throttled, Decision::Wait(wait.to_std().unwrap_or_default()))
    }
}

/// Seconds, or a date (RFC 9110 section 10.2.3).
fn retry_after(text: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
    let seconds = || text.trim().parse().ok().and_then(TimeDelta::try_seconds);
    seconds().or_else(|| Some(DateTime::parse_from_rfc2822(text.trim()).ok()?.to_utc() - now))
}

fn failure(provider: OauthProvider, code: FindingCode, decision: Decision) -> ConnectorError {
    let whose = match provider {
        OauthProvider::Google => "Google",
        OauthProvider::Microsoft => "Microsoft",
    };
    ConnectorError::new(code, decision, format!("fetching an access token from {whose}"))
}

fn unreachable(provider: OauthProvider, error: HttpError) -> ConnectorError {
    let decision = match error {
        HttpError::Url | HttpError::Refused(_) | HttpError::CertificateMismatch | HttpError::CertificateInvalid => {
            Decision::Park
        }
        HttpError::UnknownHost | HttpError::Timeout | HttpError::TooLarge(_) | HttpError::Connection(_) => {
            Decision::Retry
        }
    };
    failure(provider, error.code(), decision).caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_seconds_or_as_a_date() {
        let now = DateTime::from_timestamp(1_445_412_480, 0).expect("a time");
        assert_eq!(retry_after("120", now), Some(TimeDelta::minutes(2)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:29:00 GMT", now), Some(TimeDelta::minutes(1)));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("99999999999999999999", now), None);
    }
}
