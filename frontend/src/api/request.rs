//! One request: JSON out, JSON or a problem back.

use std::{future::Future, pin::Pin};

use gloo_net::http::Request;
use mailferry_shared::{
    API_PREFIX,
    problem::{Problem, ProblemCode},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{attempt::Attempt, error::ApiError, patience::note_retry_after};
use crate::{browser, json, state::connection};

/// The answer to a request that named what it had already.
pub(crate) enum Polled<T> {
    /// Nothing has changed (304).
    Same,
    /// The new state and its `ETag`.
    New(T, Option<String>),
}

/// Items in a page of a list.
pub(crate) const PAGE: usize = 100;

/// A page of a list; every list of the API has this shape.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Paged<T> {
    pub(crate) items: Vec<T>,
    /// Where the next page begins, if there is one.
    #[serde(default)]
    pub(crate) next_cursor: Option<String>,
}

/// Methods with a body or an effect.
#[derive(Clone, Copy)]
pub(crate) enum Method {
    Post,
    Patch,
    Put,
    Delete,
}

pub(crate) async fn get<T: DeserializeOwned>(path: &str) -> Result<T, ApiError> {
    read(&exchange(Ask::Get, path, Body::None).await?)
}

/// A page of the list under `path`: the first, or the one that begins at `cursor`; `query` is what is asked for.
pub(crate) async fn page<T: DeserializeOwned>(
    path: &str,
    query: &str,
    cursor: Option<String>,
) -> Result<Paged<T>, ApiError> {
    let cursor = cursor.map(|cursor| format!("cursor={}", browser::escaped(&cursor)));
    let parts: Vec<&str> =
        [Some(query).filter(|query| !query.is_empty()), cursor.as_deref()].into_iter().flatten().collect();
    let mark = if parts.is_empty() { "" } else { "?" };
    get(&format!("{path}{mark}{}", parts.join("&"))).await
}

/// Asks again for what was read before; `etag` is that of the last answer.
pub(crate) async fn poll<T: DeserializeOwned>(path: &str, etag: Option<&str>) -> Result<Polled<T>, ApiError> {
    let answer = exchange(Ask::Get, path, etag.map_or(Body::None, Body::Known)).await?;
    if answer.status == 304 {
        return Ok(Polled::Same);
    }
    read(&answer).map(|value| Polled::New(value, answer.etag))
}

/// Sends `body` and reads the answer.
pub(crate) async fn send<B: Serialize + ?Sized, T: DeserializeOwned>(
    method: Method,
    path: &str,
    body: &B,
) -> Result<T, ApiError> {
    read(&exchange(Ask::Do(method), path, written(body)?).await?)
}

/// Sends `body`; there is nothing to read.
pub(crate) async fn send_for_nothing<B: Serialize + ?Sized>(
    method: Method,
    path: &str,
    body: &B,
) -> Result<(), ApiError> {
    exchange(Ask::Do(method), path, written(body)?).await.map(|_| ())
}

/// Sends no body and reads the answer.
pub(crate) async fn act<T: DeserializeOwned>(path: &str) -> Result<T, ApiError> {
    read(&exchange(Ask::Do(Method::Post), path, Body::None).await?)
}

/// Deletes what is under `path`.
pub(crate) async fn delete(path: &str) -> Result<(), ApiError> {
    exchange(Ask::Do(Method::Delete), path, Body::None).await.map(|_| ())
}

/// The URL of an operation.
pub(crate) fn url(path: &str) -> String {
    format!("{API_PREFIX}{path}")
}

/// What is asked of the service.
#[derive(Clone, Copy)]
enum Ask {
    Get,
    Do(Method),
}

/// What goes along.
enum Body<'a> {
    None,
    /// The `ETag` of what is known already.
    Known(&'a str),
    Json(String),
}

impl Body<'_> {
    fn json(&self) -> Option<&str> {
        match self {
            Self::Json(text) => Some(text),
            Self::None | Self::Known(_) => None,
        }
    }
}

/// What came back, before its text is read.
struct Answer {
    status: u16,
    etag: Option<String>,
    text: String,
}

/// One request and its answer, which is good or not modified. Boxed, and of one kind for every operation: so it is in
/// the module once.
fn exchange<'a>(
    ask: Ask,
    path: &'a str,
    body: Body<'a>,
) -> Pin<Box<dyn Future<Output = Result<Answer, ApiError>> + 'a>> {
    Box::pin(async move {
        let url = url(path);
        let request = match ask {
            Ask::Get => Request::get(&url),
            Ask::Do(Method::Post) => Request::post(&url),
            Ask::Do(Method::Patch) => Request::patch(&url),
            Ask::Do(Method::Put) => Request::put(&url),
            Ask::Do(Method::Delete) => Request::delete(&url),
        };
        let request = request.header("Accept", "application/json, application/problem+json");
        // Signing in needs none: twice is as good as once.
        let is_once = matches!(ask, Ask::Do(Method::Post)) && !matches!(path, "/sessions" | "/sign-ins");
        let attempt = is_once.then(|| Attempt::of(path, body.json()));
        let request = match &attempt {
            Some(attempt) => request.header("Idempotency-Key", &attempt.key),
            None => request,
        };
        let sent = match body {
            Body::None => request.send().await,
            Body::Known(etag) => request.header("If-None-Match", etag).send().await,
            Body::Json(text) => {
                let request = request.header("Content-Type", "application/json").body(text);
                request.map_err(|_| ApiError::Unexpected(0))?.send().await
            }
        };
        connection::note(sent.is_ok());
        let response = sent.map_err(|_| ApiError::Offline)?;
        let status = response.status();
        if let Some(attempt) = attempt.filter(|_| status < 500) {
            attempt.answered();
        }
        note_retry_after(response.headers().get("Retry-After"));
        let text = response.text().await.map_err(|_| ApiError::Unexpected(status))?;
        if response.ok() || status == 304 {
            return Ok(Answer { status, etag: response.headers().get("ETag"), text });
        }
        let problem = json::read::<Problem>(&text);
        if problem.as_ref().is_ok_and(|problem| problem.code == ProblemCode::NotSignedIn) {
            connection::note_signed_out();
        }
        Err(problem.map_or(ApiError::Unexpected(status), |problem| ApiError::Problem(Box::new(problem))))
    })
}

fn written<B: Serialize + ?Sized>(body: &B) -> Result<Body<'static>, ApiError> {
    serde_json::to_string(body).map(Body::Json).map_err(|_| ApiError::Unexpected(0))
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, ApiError> {
    json::read(&answer.text).map_err(|_| ApiError::Unexpected(answer.status))
}
