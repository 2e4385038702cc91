//! PayPal's REST API: OAuth token, Orders v2 (create, capture, read), Payments v2 (refund), verification of
//! notifications. Every request that changes something carries a PayPal-Request-Id, so that it can be repeated.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use mailferry_connectors::net::{
    Network,
    http::{HttpAnswer, HttpClient, HttpError, HttpRequest, Method, Url, header},
};
use mailferry_domain::money;
use mailferry_shared::{order::Language, payment::Captured};
use mailferry_store::PaymentRecord;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Mutex;

pub use super::wire::Event;
use super::wire::{Capture, Refund, Refusal, RemoteOrder, Token, Verified};
use crate::settings::paypal::PayPalSettings;

/// For one request.
const TIME: Duration = Duration::from_secs(30);
/// A token is renewed so long before its end.
const TOKEN_MARGIN: TimeDelta = TimeDelta::seconds(60);
/// An answer of more bytes is none of PayPal's.
const MOST_BYTES: usize = 512 * 1024;
/// The header fields that a notification's signature needs.
pub const SIGNATURE_HEADERS: [&str; 5] = [
    "paypal-auth-algo",
    "paypal-cert-url",
    "paypal-transmission-id",
    "paypal-transmission-sig",
    "paypal-transmission-time",
];

/// What has become of a payment at PayPal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remote {
    /// The payer has not agreed yet.
    NotApproved,
    /// The payer has agreed; nothing was taken.
    Approved,
    /// The money is on its way.
    Pending,
    /// The money is there, less what went back since: PayPal's number of the capture, and what went back.
    Completed { capture: String, refunded_minor: u64 },
    /// The means of payment was declined.
    Declined,
    /// Money was taken, but not what was asked for: PayPal's number of the capture and what it says it took, if it was taken
    /// for this payment at all.
    Mismatch { capture: Option<String>, captured: Option<Captured> },
    /// It was paid back.
    Refunded,
    /// It cannot be paid any more.
    Void,
}

/// Why PayPal did not do it.
#[derive(Debug, thiserror::Error)]
pub enum PayError {
    /// No answer: what was asked for may or may not have been done. Ask again.
    #[error("PayPal could not be reached")]
    Unreachable(#[from] HttpError),
    /// It refuses us for now: too many requests, or a fault of its own.
    #[error("PayPal is not available: {0}")]
    Unavailable(u16),
    /// It does not take our client id and secret.
    #[error("PayPal refuses MAILFERRY_PAYPAL_CLIENT_ID and its secret")]
    Credentials,
    /// It does not take the request; its own word for the reason.
    #[error("PayPal refuses the request: {0}")]
    Refused(String),
    /// The answer is not what its documentation says.
    #[error("PayPal's answer cannot be read")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl PayError {
    /// True if the same again will fail again.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Refused(_) => true,
            Self::Unreachable(_) | Self::Unavailable(_) | Self::Credentials | Self::Unreadable(_) => false,
        }
    }
}

/// A client of PayPal. Cheap to clone.
#[derive(Clone)]
pub struct PayPal {
    http: HttpClient,
    settings: Arc<PayPalSettings>,
    token: Arc<Mutex<Option<KeptToken>>>,
}

/// An OAuth token and when it is to be renewed.
type KeptToken = (String, DateTime<Utc>);

/// A request to be made.
struct Ask<'a> {
    method: Method,
    path: &'a str,
    body: Option<Vec<u8>>,
    request_id: Option<String>,
}

impl PayPal {
    /// A client, through the address guard.
    ///
    /// # Errors
    /// If it cannot be built.
    pub fn new(settings: PayPalSettings, network: &Network) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let plaintext = settings.url.scheme() == "http";
        Ok(Self { http: HttpClient::new(network, plaintext)?, settings: Arc::new(settings), token: Arc::default() })
    }

    /// Tells PayPal of a payment; its number there, and where the payer agrees.
    ///
    /// # Errors
    /// [`PayError`].
    pub async fn create(
        &self,
        payment: &PaymentRecord,
        page: &str,
        language: Language,
        now: DateTime<Utc>,
    ) -> Result<(String, String), PayError> {
        let body = creation(payment, page, language);
        let id = payment.id.to_string();
        let order: RemoteOrder = self
            .ask(Ask { method: Method::POST, path: "/v2/checkout/orders", body: Some(body), request_id: Some(id) }, now)
            .await?;
        let link = order.links.into_iter().find(|link| matches!(link.rel.as_str(), "payer-action" | "approve"));
        let url =
            link.and_then(|link| Url::parse(&link.href).ok()).filter(|url| matches!(url.scheme(), "https" | "http"));
        let url = url.ok_or_else(|| PayError::Unreadable("no address to agree at".into()))?;
        Ok((order.id, url.into()))
    }

    /// Takes the money. Repeating it takes nothing twice.
    ///
    /// # Errors
    /// [`PayError`].
    pub async fn capture(&self, payment: &PaymentRecord, remote: &str, now: DateTime<Utc>) -> Result<Remote, PayError> {
        let path = format!("/v2/checkout/orders/{}/capture", segment(remote));
        // After a decline the payer has chosen another means: that is another request.
        let request_id = Some(format!("{}-capture-{}", payment.id, payment.declined));
        let ask = Ask { method: Method::POST, path: &path, body: Some(b"{}".to_vec()), request_id };
        match self.ask::<RemoteOrder>(ask, now).await {
            Ok(order) => Ok(state(&order, payment)),
            Err(PayError::Refused(issue)) => match issue.as_str() {
                // Taken before, and the answer was lost.
                "ORDER_ALREADY_CAPTURED" => self.read(payment, remote, now).await,
                "INSTRUMENT_DECLINED" | "PAYER_ACTION_REQUIRED" => Ok(Remote::Declined),
                "ORDER_NOT_APPROVED" => Ok(Remote::NotApproved),
                "ORDER_EXPIRED" | "RESOURCE_NOT_FOUND" | "INVALID_RESOURCE_ID" => Ok(Remote::Void),
                _ => Err(PayError::Refused(issue)),
            },
            Err(error) => Err(error),
        }
    }

    /// What has become of a payment.
    ///
    /// # Errors
    /// [`PayError`].
    pub async fn read(&self, payment: &PaymentRecord, remote: &str, now: DateTime<Utc>) -> Result<Remote, PayError> {
        let path = format!("/v2/checkout/orders/{}", segment(remote));
        match self.ask::<RemoteOrder>(Ask { method: Method::GET, path: &path, body: None, request_id: None }, now).await
        {
            Ok(order) => Ok(state(&order, payment)),
            Err(PayError::Refused(issue)) if matches!(issue.as_str(), "RESOURCE_NOT_FOUND" | "INVALID_RESOURCE_ID") => {
                Ok(Remote::Void)
            }
            Err(error) => Err(error),
        }
    }

    /// Pays back what the payment's record says; true once that is done, false while it is under way.
    ///
    /// # Errors
    /// [`PayError`].
    pub async fn refund(&self, payment: &PaymentRecord, capture: &str, now: DateTime<Utc>) -> Result<bool, PayError> {
        let path = format!("/v2/payments/captures/{}/refund", segment(capture));
        // Each refund is a request of its own; the first is called as it was before there were others.
        let request_id = Some(match payment.refunds {
            0 => format!("{}-refund", payment.id),
            n => format!("{}-refund-{n}", payment.id),
        });
        let currency = payment.amount.price.currency;
        let part = |minor| json!({"currency_code": currency.as_str(), "value": money::decimal(currency, minor)});
        // Without an amount it is all that is left.
        let body = payment.refund_minor.map_or_else(|| json!({}), |minor| json!({"amount": part(minor)}));
        let ask = Ask { method: Method::POST, path: &path, body: Some(body.to_string().into_bytes()), request_id };
        match self.ask::<Refund>(ask, now).await {
            Ok(refund) => match refund.status.as_str() {
                "COMPLETED" => Ok(true),
                "PENDING" => Ok(false),
                other => Err(PayError::Refused(other.to_owned())),
            },
            Err(PayError::Refused(issue)) if issue == "CAPTURE_FULLY_REFUNDED" => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Whether a notification is PayPal's, by PayPal's own word. Its certificate's address is passed on, never fetched.
    ///
    /// # Errors
    /// [`PayError`].
    pub async fn verify(
        &self,
        headers: &BTreeMap<String, String>,
        body: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, PayError> {
        let Some(webhook) = &self.settings.webhook_id else { return Ok(false) };
        let field = |name: &str| headers.get(name).map(String::as_str);
        let [Some(algo), Some(cert), Some(id), Some(signature), Some(time)] = SIGNATURE_HEADERS.map(field) else {
            return Ok(false);
        };
        if serde_json::from_str::<serde::de::IgnoredAny>(body).is_err() {
            return Ok(false);
        }
        let head = json!({
            "auth_algo": algo, "cert_url": cert, "transmission_id": id, "transmission_sig": signature,
            "transmission_time": time, "webhook_id": webhook,
        })
        .to_string();
        // The event must arrive as it came, byte for byte.
        let request = format!("{},\"webhook_event\":{body}}}", head.trim_end_matches('}'));
        let path = "/v1/notifications/verify-webhook-signature";
        let ask = Ask { method: Method::POST, path, body: Some(request.into_bytes()), request_id: None };
        match self.ask::<Verified>(ask, now).await {
            Ok(verified) => Ok(verified.verification_status == "SUCCESS"),
            Err(PayError::Refused(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn ask<T: DeserializeOwned>(&self, ask: Ask<'_>, now: DateTime<Utc>) -> Result<T, PayError> {
        let Ask { method, path, body, request_id } = ask;
        // A token may be withdrawn before its end: then a new one is asked for, once.
        for fresh in [false, true] {
            let token = self.token(now, fresh).await?;
            let mut headers = header::HeaderMap::new();
            let mut set = |name: &'static str, value: &str| -> Result<(), PayError> {
                let value = value.parse().map_err(|error| PayError::Unreadable(Box::new(error)))?;
                headers.insert(name, value);
                Ok(())
            };
            set("authorization", &format!("Bearer {token}"))?;
            set("content-type", "application/json")?;
            set("accept", "application/json")?;
            set("prefer", "return=representation")?;
            if let Some(id) = &request_id {
                set("paypal-request-id", id)?;
            }
            let answer = self.send(method.clone(), path, headers, body.clone().unwrap_or_default()).await?;
            match answer.status {
                200..300 => return read(&answer),
                401 if !fresh => {}
                401 | 403 => return Err(PayError::Credentials),
                // 409: the same request is still being done (PREVIOUS_REQUEST_IN_PROGRESS); its outcome comes with the next try.
                status @ (408 | 409 | 425 | 429 | 500..) => return Err(PayError::Unavailable(status)),
                _ => return Err(PayError::Refused(issue(&answer))),
            }
        }
        Err(PayError::Credentials)
    }

    async fn token(&self, now: DateTime<Utc>, fresh: bool) -> Result<String, PayError> {
        let mut kept = self.token.lock().await;
        // An end that is far ahead was set by a clock that has gone back since.
        let holds = |until: DateTime<Utc>| !fresh && until > now && until < now + TimeDelta::days(1);
        if let Some((token, _)) = kept.as_ref().filter(|(_, until)| holds(*until)) {
            return Ok(token.clone());
        }
        let who = format!("{}:{}", self.settings.client_id, self.settings.secret.expose());
        let mut headers = header::HeaderMap::new();
        let basic = format!("Basic {}", BASE64_STANDARD.encode(who));
        headers.insert("authorization", basic.parse().map_err(|_| PayError::Credentials)?);
        headers.insert("content-type", header::HeaderValue::from_static("application/x-www-form-urlencoded"));
        let body = b"grant_type=client_credentials".to_vec();
        let answer = self.send(Method::POST, "/v1/oauth2/token", headers, body).await?;
        match answer.status {
            200..300 => {}
            status @ (429 | 500..) => return Err(PayError::Unavailable(status)),
            _ => return Err(PayError::Credentials),
        }
        let token: Token = read(&answer)?;
        let life = TimeDelta::seconds(token.expires_in.clamp(0, 86_000));
        *kept = Some((token.access_token.clone(), now + life - TOKEN_MARGIN));
        Ok(token.access_token)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: header::HeaderMap,
        body: Vec<u8>,
    ) -> Result<HttpAnswer, PayError> {
        let url = self.settings.url.join(path).map_err(|error| PayError::Unreadable(Box::new(error)))?;
        Ok(self.http.send(HttpRequest { method, url, headers, body, most_bytes: MOST_BYTES, time: TIME }).await?)
    }
}

/// The request that tells PayPal of a payment. The page is where the payer comes back to.
fn creation(payment: &PaymentRecord, page: &str, language: Language) -> Vec<u8> {
    let currency = payment.amount.price.currency;
    let value = |minor| json!({"currency_code": currency.as_str(), "value": money::decimal(currency, minor)});
    let amount = &payment.amount;
    let mut total = value(amount.total_minor);
    total["breakdown"] = json!({"item_total": value(amount.net_minor), "tax_total": value(amount.tax_minor)});
    let locale = match language {
        Language::En => "en-GB",
        Language::De => "de-DE",
        Language::Nb => "no-NO",
        Language::Pt => "pt-PT",
        Language::It => "it-IT",
    };
    let body: Value = json!({
        "intent": "CAPTURE",
        "purchase_units": [{
            "reference_id": payment.order_id,
            "custom_id": payment.id,
            "invoice_id": payment.id,
            "description": format!("Mailbox migration, {} account(s)", amount.pairs),
            "amount": total,
        }],
        "payment_source": {"paypal": {"experience_context": {
            "brand_name": "Mailferry",
            "locale": locale,
            "shipping_preference": "NO_SHIPPING",
            "user_action": "PAY_NOW",
            "return_url": format!("{page}?payment={}", payment.id),
            "cancel_url": format!("{page}?payment={}&cancelled=1", payment.id),
        }}},
    });
    body.to_string().into_bytes()
}

/// A number of PayPal's as it stands in a path.
fn segment(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn read<T: DeserializeOwned>(answer: &HttpAnswer) -> Result<T, PayError> {
    serde_json::from_slice(&answer.body).map_err(|error| PayError::Unreadable(Box::new(error)))
}

/// PayPal's word for what it does not like; never more of its answer than a word.
fn issue(answer: &HttpAnswer) -> String {
    let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
    let issue = refusal.details.into_iter().map(|detail| detail.issue).find(|issue| !issue.is_empty());
    let word = issue.unwrap_or(refusal.name);
    let known: String = word.chars().filter(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '_').collect();
    if known.is_empty() { format!("STATUS_{}", answer.status) } else { known.chars().take(80).collect() }
}

/// What an order's status and its capture mean.
fn state(order: &RemoteOrder, payment: &PaymentRecord) -> Remote {
    let captures: Vec<&Capture> = order.purchase_units.iter().flat_map(|unit| &unit.payments.captures).collect();
    // Declined attempts stay on the list: what counts is whether one has succeeded.
    let of = |statuses: &[&str]| captures.iter().find(|capture| statuses.contains(&capture.status.as_str()));
    if let Some(capture) = of(&["COMPLETED", "PARTIALLY_REFUNDED"]) {
        return match (is_ours(capture, payment), is_all(capture, payment)) {
            (true, true) => {
                Remote::Completed { capture: capture.id.clone(), refunded_minor: refunded_minor(order, payment) }
            }
            (true, false) => Remote::Mismatch { capture: Some(capture.id.clone()), captured: captured(capture) },
            // What belongs to another payment is not to be paid back for this one.
            (false, _) => Remote::Mismatch { capture: None, captured: None },
        };
    }
    if of(&["REFUNDED"]).is_some() {
        return Remote::Refunded;
    }
    if of(&["PENDING"]).is_some() {
        return Remote::Pending;
    }
    if of(&["DECLINED", "FAILED"]).is_some() {
        return Remote::Declined;
    }
    match order.status.as_str() {
        "APPROVED" => Remote::Approved,
        "VOIDED" => Remote::Void,
        _ => Remote::NotApproved,
    }
}

/// What has gone back so far, whoever has paid it back.
fn refunded_minor(order: &RemoteOrder, payment: &PaymentRecord) -> u64 {
    let currency = payment.amount.price.currency;
    let refunds = order.purchase_units.iter().flat_map(|unit| &unit.payments.refunds);
    let done = refunds.filter(|refund| refund.status == "COMPLETED").filter_map(|refund| refund.amount.as_ref());
    let ours = done.filter(|amount| amount.currency_code == currency.as_str());
    ours.filter_map(|amount| money::from_decimal(currency, &amount.value)).sum()
}

/// True if it was taken for this payment.
fn is_ours(capture: &Capture, payment: &PaymentRecord) -> bool {
    capture.custom_id.as_deref().is_none_or(|id| id == payment.id.to_string())
}

/// What PayPal says it took.
fn captured(capture: &Capture) -> Option<Captured> {
    let amount = capture.amount.as_ref()?;
    let currency = amount.currency_code.parse().ok()?;
    Some(Captured { amount_minor: money::from_decimal(currency, &amount.value)?, currency })
}

/// True if it is exactly what was asked for.
fn is_all(capture: &Capture, payment: &PaymentRecord) -> bool {
    let asked = Captured { amount_minor: payment.amount.total_minor, currency: payment.amount.price.currency };
    captured(capture) == Some(asked)
}
