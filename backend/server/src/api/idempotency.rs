//! `Idempotency-Key`: a POST that is sent again with the same key is done once, and answered the same
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! It takes two: [`once`], the middleware, and [`super::json::Body`], which begins the request when its body is there
//! and is read by a handler only after it has made sure that whoever asks may. So an operation's own authorisation
//! stands before every answer, the repeated one too.
//!
//! A key belongs to who asks (API key, session, or address where anybody may) and to the operation. What holds:
//! - Same key, same path and body: the same status, body, `Location` and cookies, with `Idempotency-Replayed: true`.
//! - Another path or body: 422. While the first one is still being done: 409.
//! - Whoever hangs up does not stop what was begun.
//! - Kept are answers of success, and refusals that the operation has decided on (409, 422). What was not understood,
//!   not allowed, too fast, or failed on our side before it had an effect is forgotten: the same key may try again.
//! - After a crash before the effect's commit, the request is done by the next try (once the attempt is over); after a
//!   crash between that commit and the answer, it is never done again, and answers 409 `answer_lost`.

use std::{fmt, net::IpAddr};

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder,
    body::{BoxBody, MessageBody, to_bytes},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD};
use mailferry_shared::{ids::OrderId, problem::ProblemCode};
use mailferry_store::{AttemptSlot, Begun, Store, as_attempt};
use serde::{Deserialize, Serialize};
use tracing::Instrument;
use zeroize::Zeroizing;

use super::{
    auth::{
        console::{self, MemberClaims},
        session::order_of_cookie,
    },
    operation,
    problem::ApiError,
};
use crate::{app::App, limits::client_address};

/// The header with the key.
pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The longest key, characters.
pub const KEY_CHARS: usize = 255;

/// POSTs of others, who know their own way to send once: they take no key.
pub const OF_OTHERS: [&str; 1] = ["takePaypalEvent"];

/// Headers that are kept with an answer.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::SET_COOKIE];

/// The middleware.
pub async fn once(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let app = request.app_data::<Data<App>>().cloned();
    let (true, Some(app)) = (request.method() == Method::POST && request.headers().contains_key(KEY), app) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let slot = AttemptSlot::default();
    request.extensions_mut().insert(AttemptSlot::clone(&slot));
    let work = async move {
        let response = as_attempt(AttemptSlot::clone(&slot), next.call(request)).await?;
        settle(&app.store, &slot, response.map_into_boxed_body()).await
    };
    // A task of its own: it comes to its end even when nobody waits for the answer any more.
    actix_web::rt::spawn(work.in_current_span()).await.map_err(ApiError::internal)?
}

/// Begins a request whose body is there, if it carries a key.
///
/// # Errors
/// What is to be answered instead of doing it.
pub(super) async fn begin(request: &HttpRequest, body: &[u8]) -> Result<(), ApiError> {
    let slot = request.extensions().get::<AttemptSlot>().cloned();
    let (Some(slot), Some(app)) = (slot, request.app_data::<Data<App>>()) else { return Ok(()) };
    let scope = [operation_of(request), asker(app, request), key_of(request)?].concat();
    let scope = hmac::sign(&app.keys.idempotency, &scope);
    let asked = [request.path().as_bytes(), b"?", request.query_string().as_bytes(), b"\0", body].concat();
    let asked = hmac::sign(&app.keys.idempotency, &asked);
    match app.store.begin_request(scope.as_ref(), asked.as_ref()).await? {
        Begun::Fresh(attempt) => slot.set(attempt).map_err(|_| ApiError::internal("a request was begun twice")),
        Begun::Done(answer) => Err(ApiError::Replay(serde_json::from_slice(&answer).map_err(ApiError::internal)?)),
        Begun::OtherRequest => Err(ApiError::KeyReused),
        Begun::Running => Err(ApiError::InProgress),
        Begun::AnswerLost => Err(ApiError::AnswerLost),
    }
}

fn operation_of(request: &HttpRequest) -> Vec<u8> {
    let found = operation::find(request.method(), request.match_info().as_str());
    part(found.map_or("", |(operation, _)| &operation.id).as_bytes())
}

/// The key as it was sent: as it is, or as a string of RFC 9651 with quotes.
fn key_of(request: &HttpRequest) -> Result<Vec<u8>, ApiError> {
    const WORDS: &str = "Idempotency-Key must be one key of 1 to 255 visible ASCII characters, such as a UUID.";
    let mut values = request.headers().get_all(KEY);
    let (Some(value), None) = (values.next(), values.next()) else { return Err(ApiError::Header(WORDS)) };
    let key = value.to_str().map_err(|_| ApiError::Header(WORDS))?.trim();
    let key = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
    let good = (1..=KEY_CHARS).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if good { Ok(part(key.as_bytes())) } else { Err(ApiError::Header(WORDS)) }
}

/// Whose key it is. This opens nothing: the operation itself says who may.
fn asker(app: &App, request: &HttpRequest) -> Vec<u8> {
    if let Some(value) = request.headers().get(header::AUTHORIZATION) {
        return [b"authorization".to_vec(), part(value.as_bytes())].concat();
    }
    let mut proofs = Vec::new();
    for cookie in request.cookies().iter().flat_map(|cookies| cookies.iter()) {
        match order_of_cookie(cookie.name()) {
            // A session is prolonged by a new cookie: it is the order that stays the same.
            Some(order) if is_about(request, order) => proofs.push(format!("order {order}")),
            Some(_) => {}
            None if cookie.name() == console::COOKIE => {
                let claims = MemberClaims::from_cookie(cookie, &app.keys, app.store.now());
                proofs.extend(claims.map(|claims| format!("member {}", claims.sub.0)));
            }
            None if cookie.name().starts_with("__Host-mailferry") => proofs.push(cookie.to_string()),
            None => {}
        }
    }
    if proofs.is_empty() {
        let address: IpAddr = client_address(request, &app.settings.trust_proxy);
        proofs.push(format!("address {address}"));
    }
    proofs.sort();
    proofs.iter().flat_map(|proof| part(proof.as_bytes())).collect()
}

fn is_about(request: &HttpRequest, order: OrderId) -> bool {
    request.match_info().get("order_id").and_then(|id| id.parse().ok()) == Some(order)
}

/// Bytes with their length, so that nothing can be shifted from one to the next.
fn part(bytes: &[u8]) -> Vec<u8> {
    [bytes.len().to_be_bytes().as_slice(), bytes].concat()
}

async fn settle(
    store: &Store,
    slot: &AttemptSlot,
    response: ServiceResponse<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(attempt) = slot.get() else { return Ok(response) };
    if !is_kept(response.response()) {
        if let Err(error) = store.release_request(attempt).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a request's key stays taken for a while");
        }
        return Ok(response);
    }
    let (request, response) = response.into_parts();
    let (head, body) = response.into_parts();
    let body = to_bytes(body).await.map_err(|_| ApiError::internal("an answer broke off"))?;
    let kept = Zeroizing::new(serde_json::to_vec(&KeptAnswer::new(&head, &body))?);
    if let Err(error) = store.keep_answer(attempt, &kept).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "an answer could not be kept");
    }
    Ok(ServiceResponse::new(request, head.set_body(body).map_into_boxed_body()))
}

/// Whether the operation has decided, so that trying again must not decide anew.
fn is_kept(response: &HttpResponse) -> bool {
    let code = response.error().and_then(|error| error.as_error::<ApiError>()).map(ApiError::code);
    match response.status() {
        status if status.is_success() => true,
        StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => code != Some(ProblemCode::InvalidField),
        _ => false,
    }
}

/// An answer, to be given again.
#[derive(Serialize, Deserialize)]
pub struct KeptAnswer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl fmt::Debug for KeptAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl KeptAnswer {
    fn new(head: &HttpResponse<()>, body: &[u8]) -> Self {
        let kept = head.headers().iter().filter(|(name, _)| KEPT_HEADERS.contains(name));
        let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
        Self {
            status: head.status().as_u16(),
            headers: kept.map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: BASE64_STANDARD.encode(body),
        }
    }

    /// The answer once more.
    pub(super) fn response(&self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(StatusCode::from_u16(self.status).unwrap_or_default());
        for (name, value) in &self.headers {
            response.append_header((name.as_str(), value.as_str()));
        }
        response.insert_header((REPLAYED, "true"));
        response.body(BASE64_STANDARD.decode(&self.body).unwrap_or_default())
    }
}
