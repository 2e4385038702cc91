//! Tells a tenant's server of an event, in the form of Standard Webhooks: by POST through the address guard, without
//! redirects, signed with every secret that is valid now.

use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use mailferry_connectors::net::http::{HttpClient, HttpError, HttpRequest, Method, header};
use mailferry_shared::{ids::WebhookDeliveryId, secret::Secret};
use mailferry_store::{WebhookAnswer, WebhookCall, jobs::JobOutcome};

use super::{JobContext, JobError};

/// For the whole call: connecting, posting, and the answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// An answer's body is of no interest.
const MOST_BYTES: usize = 64 * 1024;

/// Posts the event, or puts it off.
///
/// # Errors
/// [`JobError`] if the store is not available.
pub(super) async fn perform(context: &JobContext, id: WebhookDeliveryId) -> Result<JobOutcome, JobError> {
    let Some(call) = context.store.webhook_call(id).await? else { return Ok(JobOutcome::Done) };
    let (at, begun) = (context.store.now(), Instant::now());
    let (status, error) = match post(context, &call, at).await {
        Ok(status) => (Some(status), None),
        Err(error) => (None, Some(error.code().as_str().to_owned())),
    };
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let answer = WebhookAnswer { at, duration_ms, status, error };
    let again = context.store.webhook_answered(id, &answer).await?;
    tracing::debug!(delivery = %id, status, error = answer.error, again = again.is_some(), "webhook");
    Ok(again.map_or(JobOutcome::Done, JobOutcome::Again))
}

async fn post(context: &JobContext, call: &WebhookCall, at: DateTime<Utc>) -> Result<u16, HttpError> {
    // A client for each call: no connection is shared between tenants.
    let client = HttpClient::new(&context.network, false).map_err(|error| HttpError::Connection(error.into()))?;
    let url = call.url.parse().map_err(|_| HttpError::Url)?;
    let headers = headers(call, at.timestamp()).ok_or(HttpError::Url)?;
    let body = call.payload.clone().into_bytes();
    let request = HttpRequest { method: Method::POST, url, headers, body, most_bytes: MOST_BYTES, time: PATIENCE };
    match client.send(request).await {
        Ok(answer) => Ok(answer.status),
        // It has answered, more than it should.
        Err(error) => Err(error),
    }
}

fn headers(call: &WebhookCall, timestamp: i64) -> Option<header::HeaderMap> {
    let mut headers = header::HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    headers.insert("webhook-id", call.message_id.parse().ok()?);
    headers.insert("webhook-timestamp", timestamp.into());
    let signatures: Option<Vec<String>> =
        call.secrets.iter().map(|secret| signature(secret, &call.message_id, timestamp, &call.payload)).collect();
    headers.insert("webhook-signature", signatures?.join(" ").parse().ok()?);
    Some(headers)
}

/// `v1,` and the HMAC-SHA-256 over id, time and body.
fn signature(secret: &Secret, id: &str, timestamp: i64, payload: &str) -> Option<String> {
    let key = BASE64_STANDARD.decode(secret.expose().strip_prefix("whsec_")?).ok()?;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), format!("{id}.{timestamp}.{payload}").as_bytes());
    Some(format!("v1,{}", BASE64_STANDARD.encode(tag.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_specification() {
        // The example of the specification's reference libraries.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }
}
