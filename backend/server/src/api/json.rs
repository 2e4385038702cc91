//! Request bodies: bounded, JSON, unknown fields refused, every error with a JSON pointer (RFC 6901).

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header,
    web::{Bytes, BytesMut},
};
use futures::{StreamExt, future::LocalBoxFuture};
use mailferry_shared::problem::FieldError;
use serde::{Deserialize, de::DeserializeOwned};
use serde_path_to_error::{Path, Segment};

use super::{idempotency, operation, problem::ApiError, shape};

/// Bodies up to this size are taken, unless an operation says otherwise.
pub const BODY_BYTES: usize = 1_000_000;

/// A JSON body of at most `LIMIT` bytes. An absent body stands for `{}`, so that an operation all of whose fields are
/// optional can be called without one.
///
/// What is wrong with it is told by [`Body::read`] only: who may not come in must not learn whether the body would do,
/// and the framework extracts a handler's arguments side by side. For the same reason it is here that a request with an
/// idempotency key is begun, and by [`Body::read`] that its answer is given once more: every POST takes a body, if only
/// [`NoBody`], and reads it as soon as it is clear who may.
pub struct Body<T, const LIMIT: usize = BODY_BYTES>(Result<T, ApiError>);

/// The body of an operation that takes none: absent, or an empty object.
pub type NoBody = Body<Nothing, 1000>;

/// No field at all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl<T, const LIMIT: usize> Body<T, LIMIT> {
    /// The body.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(self) -> Result<T, ApiError> {
        self.0
    }
}

impl<T: DeserializeOwned + 'static, const LIMIT: usize> FromRequest for Body<T, LIMIT> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = request.headers().get(header::CONTENT_TYPE).map(|kind| kind.as_bytes().to_ascii_lowercase());
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { Ok(Self(take(&request, kind.as_deref(), payload, LIMIT).await)) })
    }
}

async fn take<T: DeserializeOwned>(
    request: &HttpRequest,
    kind: Option<&[u8]>,
    payload: Payload,
    limit: usize,
) -> Result<T, ApiError> {
    let bytes = read(payload, limit).await?;
    let body = of_kind(kind, &bytes)?;
    refuse_lists(request, &bytes)?;
    idempotency::begin(request, &bytes).await?;
    Ok(body)
}

/// Refuses a list where the document has an object.
fn refuse_lists(request: &HttpRequest, bytes: &[u8]) -> Result<(), ApiError> {
    // Nearly no body has any list at all.
    if !bytes.contains(&b'[') {
        return Ok(());
    }
    let Some((operation, _)) = operation::find(request.method(), request.match_info().as_str()) else { return Ok(()) };
    let Ok(value) = serde_json::from_slice(bytes) else { return Ok(()) };
    match shape::list_for_object(operation::document(), &operation.body, &value) {
        Some(pointer) => Err(ApiError::field(pointer, "This must be an object, not a list.")),
        None => Ok(()),
    }
}

fn of_kind<T: DeserializeOwned>(kind: Option<&[u8]>, bytes: &[u8]) -> Result<T, ApiError> {
    if bytes.is_empty() {
        return parse(b"{}");
    }
    // Also what keeps a form of another site from posting here.
    if !kind.is_some_and(|kind| kind.starts_with(b"application/json")) {
        return Err(ApiError::Malformed("Send the header Content-Type: application/json.".to_owned()));
    }
    parse(bytes)
}

/// The bytes of a body, which is too large beyond `limit`.
///
/// # Errors
/// [`ApiError::TooLarge`], or [`ApiError::Malformed`] if the line broke.
pub async fn read(mut payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|_| ApiError::Malformed("The request ended too early.".to_owned()))?;
        if bytes.len() + piece.len() > limit {
            return Err(ApiError::TooLarge(limit));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}

/// Reads `bytes` as `T`.
///
/// # Errors
/// [`ApiError::Malformed`] for what is no JSON, [`ApiError::Fields`] for what is no `T`.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| explain(&error))?;
    reader.end().map_err(|error| ApiError::Malformed(position(&error)))?;
    Ok(value)
}

fn explain(error: &serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    let inner = error.inner();
    if inner.is_syntax() || inner.is_eof() || inner.is_io() {
        return ApiError::Malformed(position(inner));
    }
    let mut pointer = pointer(error.path());
    let text = inner.to_string();
    // serde_json adds where in the text it stopped; the pointer says it better.
    let words = text.split(" at line ").next().unwrap_or(&text);
    if let Some(field) = quoted_field(words)
        && !pointer.ends_with(&format!("/{field}"))
    {
        pointer = format!("{pointer}/{}", escape(field));
    }
    ApiError::Fields(vec![FieldError { pointer, message: message(words) }])
}

fn position(error: &serde_json::Error) -> String {
    format!("The body is not valid JSON at line {}, column {}.", error.line(), error.column())
}

/// The field that serde names in "missing field `x`" and "unknown field `x`, expected …".
pub(super) fn quoted_field(words: &str) -> Option<&str> {
    let rest = words.strip_prefix("missing field `").or_else(|| words.strip_prefix("unknown field `"))?;
    rest.split('`').next()
}

/// What serde says may quote a value, and a value may be a password: only words that hold none are passed on.
pub(super) fn message(words: &str) -> String {
    if let Some(field) = words.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        return format!("The field “{field}” is missing.");
    }
    if let Some(rest) = words.strip_prefix("unknown field `") {
        let field: String = rest.split('`').next().unwrap_or_default().chars().take(80).collect();
        return format!("There is no field “{field}” here.");
    }
    if words.starts_with("invalid type") || words.starts_with("invalid value") {
        let expected = words.rsplit_once("expected ").map_or("another value", |(_, expected)| expected);
        return format!("This must be {expected}.");
    }
    if let Some((_, expected)) = words.strip_prefix("unknown variant").and_then(|rest| rest.split_once("expected ")) {
        return format!("This must be {}.", expected.replace('`', ""));
    }
    // The parsers of shared explain themselves in words that quote at most a host name.
    words.to_owned()
}

/// Where in the value, as a JSON pointer.
pub(super) fn pointer(path: &Path) -> String {
    path.iter().fold(String::new(), |text, segment| match segment {
        Segment::Seq { index } => format!("{text}/{index}"),
        Segment::Map { key } => format!("{text}/{}", escape(key)),
        Segment::Enum { variant } => format!("{text}/{}", escape(variant)),
        Segment::Unknown => text,
    })
}

/// A part of a JSON pointer.
pub(super) fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use mailferry_shared::{account::AccountCreate, order::OrderCreate};

    use super::*;

    fn field<T: DeserializeOwned>(text: &str) -> (String, String) {
        match parse::<T>(text.as_bytes()) {
            Err(ApiError::Fields(mut fields)) => {
                let field = fields.remove(0);
                (field.pointer, field.message)
            }
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("taken"),
        }
    }

    #[test]
    fn unknown_missing_and_wrong_fields_are_pointed_at() {
        let (pointer, message) = field::<OrderCreate>(r#"{"accepted_terms":"1","colour":"red"}"#);
        assert_eq!((pointer.as_str(), message.as_str()), ("/colour", "There is no field “colour” here."));
        let (pointer, _) = field::<OrderCreate>(r"{}");
        assert_eq!(pointer, "/accepted_terms");
        let (pointer, message) =
            field::<OrderCreate>(r#"{"accepted_terms":"1","source":{"endpoint":{"host":"imap example","port":993}}}"#);
        assert_eq!(pointer, "/source/endpoint/host");
        assert!(message.contains("is not a host name"), "{message}");
        let (pointer, message) =
            field::<OrderCreate>(r#"{"accepted_terms":"1","source":{"endpoint":{"host":"a.b","port":70000}}}"#);
        assert_eq!((pointer.as_str(), message.as_str()), ("/source/endpoint/port", "This must be u16."));
    }

    #[test]
    fn a_password_of_the_wrong_type_is_not_repeated() {
        let text = r#"{"source":{"user":"a","password":["canary"]},"destination":{"user":"b"}}"#;
        let (pointer, message) = field::<AccountCreate>(text);
        assert_eq!(pointer, "/source/password");
        assert!(!message.contains("canary"), "{message}");
        let text = r#"{"source":"canary","destination":{"user":"b"}}"#;
        assert!(!field::<AccountCreate>(text).1.contains("canary"));
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        for text in ["", "{", "{} x", "\u{1}"] {
            assert!(matches!(parse::<OrderCreate>(text.as_bytes()), Err(ApiError::Malformed(_) | ApiError::Fields(_))));
        }
        assert!(matches!(parse::<OrderCreate>(b"{"), Err(ApiError::Malformed(_))));
    }
}
