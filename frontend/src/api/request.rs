//! One request: JSON out, JSON or a problem back.

use gloo_net::http::{Request, RequestBuilder, Response};
use mailferry_shared::{
    API_PREFIX,
    problem::{Problem, ProblemCode},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{browser, i18n, state::connection, t};

/// Why a request has no result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ApiError {
    /// The service could not be reached.
    Offline,
    /// The service said what is wrong.
    Problem(Box<Problem>),
    /// The answer is not what the contract says; its HTTP status.
    Unexpected(u16),
}

impl ApiError {
    /// What went wrong, for the user.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Offline => t!("error.offline").to_owned(),
            Self::Problem(problem) => i18n::problem_text(problem),
            Self::Unexpected(status) => t!("error.unexpected", status = status),
        }
    }

    /// The stable code, where the service gave one.
    pub(crate) fn code(&self) -> Option<ProblemCode> {
        match self {
            Self::Problem(problem) => Some(problem.code),
            _ => None,
        }
    }

    /// What it says about the field at the JSON pointer.
    pub(crate) fn field(&self, pointer: &str) -> Option<String> {
        match self {
            Self::Problem(problem) => crate::forms::field_message(problem, pointer),
            _ => None,
        }
    }

    /// True if it names fields.
    pub(crate) fn names_fields(&self) -> bool {
        matches!(self, Self::Problem(problem) if !problem.errors.is_empty())
    }

    /// True if the order is unknown, foreign, or its link no longer works.
    pub(crate) fn is_locked_out(&self) -> bool {
        use ProblemCode::{Forbidden, LinkInvalid, NotFound, NotSignedIn};
        matches!(self.code(), Some(Forbidden | LinkInvalid | NotFound | NotSignedIn))
    }
}

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
    match poll(path, None).await? {
        Polled::New(value, _) => Ok(value),
        Polled::Same => Err(ApiError::Unexpected(304)),
    }
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
    let request = builder(Request::get(&url(path)));
    let request = match etag {
        Some(etag) => request.header("If-None-Match", etag),
        None => request,
    };
    let response = received(request.send().await)?;
    if response.status() == 304 {
        return Ok(Polled::Same);
    }
    let etag = response.headers().get("ETag");
    Ok(Polled::New(parsed(&good(response).await?).await?, etag))
}

/// Sends `body` and reads the answer.
pub(crate) async fn send<B: Serialize + ?Sized, T: DeserializeOwned>(
    method: Method,
    path: &str,
    body: &B,
) -> Result<T, ApiError> {
    let request = with_method(method, path).json(body).map_err(|_| ApiError::Unexpected(0))?;
    parsed(&good(received(request.send().await)?).await?).await
}

/// Sends `body`; there is nothing to read.
pub(crate) async fn send_for_nothing<B: Serialize + ?Sized>(
    method: Method,
    path: &str,
    body: &B,
) -> Result<(), ApiError> {
    let request = with_method(method, path).json(body).map_err(|_| ApiError::Unexpected(0))?;
    good(received(request.send().await)?).await.map(|_| ())
}

/// Sends no body and reads the answer.
pub(crate) async fn act<T: DeserializeOwned>(path: &str) -> Result<T, ApiError> {
    parsed(&good(received(with_method(Method::Post, path).send().await)?).await?).await
}

/// Deletes what is under `path`.
pub(crate) async fn delete(path: &str) -> Result<(), ApiError> {
    good(received(with_method(Method::Delete, path).send().await)?).await.map(|_| ())
}

/// The URL of an operation.
pub(crate) fn url(path: &str) -> String {
    format!("{API_PREFIX}{path}")
}

fn with_method(method: Method, path: &str) -> RequestBuilder {
    let url = url(path);
    builder(match method {
        Method::Post => Request::post(&url),
        Method::Patch => Request::patch(&url),
        Method::Put => Request::put(&url),
        Method::Delete => Request::delete(&url),
    })
}

fn builder(request: RequestBuilder) -> RequestBuilder {
    request.header("Accept", "application/json, application/problem+json")
}

fn received(result: Result<Response, gloo_net::Error>) -> Result<Response, ApiError> {
    connection::note(result.is_ok());
    result.map_err(|_| ApiError::Offline)
}

async fn good(response: Response) -> Result<Response, ApiError> {
    if response.ok() {
        return Ok(response);
    }
    let status = response.status();
    let problem = response.json::<Problem>().await;
    if problem.as_ref().is_ok_and(|problem| problem.code == ProblemCode::NotSignedIn) {
        connection::note_signed_out();
    }
    Err(problem.map_or(ApiError::Unexpected(status), |problem| ApiError::Problem(Box::new(problem))))
}

async fn parsed<T: DeserializeOwned>(response: &Response) -> Result<T, ApiError> {
    response.json().await.map_err(|_| ApiError::Unexpected(response.status()))
}
