//! Query parameters: unknown ones are refused for every operation, wrong ones are named like fields of a body.

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures::future::{Ready, ready};
use mailferry_shared::problem::FieldError;
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned},
};
use url::form_urlencoded;

use super::{json, operation::Operation, problem::ApiError};

/// An operation's query parameters, as far as `T` has them: several extractors can read one query.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.query_string()).map(Self))
    }
}

/// Words of an enumeration, separated by commas: for `#[serde(deserialize_with)]`.
///
/// # Errors
/// If there is another word among them.
pub fn words<'de, D: Deserializer<'de>, T: DeserializeOwned>(reader: D) -> Result<Vec<T>, D::Error> {
    let text = String::deserialize(reader)?;
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| serde_json::from_value(word.into()).map_err(de::Error::custom)).collect()
}

/// The longest text to look for, characters.
const MAX_TEXT: usize = 200;

/// A text to look for, `q`; nothing if it is empty.
///
/// # Errors
/// [`ApiError::Fields`] if it is too long.
pub fn text(asked: Option<String>) -> Result<Option<String>, ApiError> {
    match asked.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) {
        Some(text) if text.chars().count() > MAX_TEXT => {
            Err(ApiError::field("/q", "A text to look for has at most 200 characters."))
        }
        other => Ok(other),
    }
}

/// Reads `query` as `T`.
///
/// # Errors
/// [`ApiError::Fields`] naming the parameter.
pub fn read<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let words = error.inner().to_string();
        let twice = words.strip_prefix("duplicate field `").and_then(|rest| rest.split('`').next());
        let pointer = match json::quoted_field(&words).or(twice) {
            Some(name) => format!("/{}", json::escape(name)),
            None => json::pointer(error.path()),
        };
        ApiError::field(pointer, explain(&words))
    })
}

fn explain(words: &str) -> String {
    if words.starts_with("duplicate field") {
        "This parameter stands there more than once.".to_owned()
    } else if words.contains("digit") || words.contains("number") || words.contains("integer") {
        "This must be a whole number that is not too large.".to_owned()
    } else {
        json::message(words)
    }
}

/// Refuses parameters that the operation does not know.
///
/// # Errors
/// [`ApiError::Fields`] naming each.
pub fn refuse_unknown(operation: &Operation, query: &str) -> Result<(), ApiError> {
    let names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
    let unknown: Vec<FieldError> = names
        .filter(|name| !operation.query.contains(name.as_ref()))
        .take(20)
        .map(|name| {
            let name: String = name.chars().take(80).collect();
            FieldError {
                pointer: format!("/{}", json::escape(&name)),
                message: format!("There is no parameter “{name}” here."),
            }
        })
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(ApiError::Fields(unknown)) }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::api::operation;

    #[derive(Debug, Deserialize)]
    struct Wanted {
        #[serde(default)]
        limit: Option<u32>,
    }

    fn refused(query: &str) -> (String, String) {
        match read::<Wanted>(query) {
            Err(ApiError::Fields(mut fields)) => {
                let field = fields.remove(0);
                (field.pointer, field.message)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_wrong_parameter_is_named_and_others_are_left_to_others() {
        assert_eq!(read::<Wanted>("limit=5&search=x").expect("read").limit, Some(5));
        for (query, says) in
            [("limit=x", "whole number"), ("limit=-1", "whole number"), ("limit=1&limit=2", "more than once")]
        {
            let (pointer, message) = refused(query);
            assert!(pointer == "/limit" && message.contains(says), "{query}: {pointer} {message}");
        }
    }

    #[test]
    fn unknown_parameters_are_refused_by_name() {
        let find = |path| operation::find(&actix_web::http::Method::GET, path).expect("there").0;
        assert!(refuse_unknown(find("/api/v1/providers"), "search=gmx").is_ok());
        assert!(refuse_unknown(find("/api/v1/service"), "").is_ok());
        match refuse_unknown(find("/api/v1/providers"), "search=gmx&a%2Fb=1&c") {
            Err(ApiError::Fields(fields)) => {
                let pointers: Vec<_> = fields.iter().map(|field| field.pointer.as_str()).collect();
                assert_eq!(pointers, ["/a~1b", "/c"]);
            }
            other => panic!("{other:?}"),
        }
    }
}
