//! Query parameters: unknown ones are refused, and what is wrong names the parameter.

use actix_web::HttpRequest;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

use super::problem::ApiError;

/// The parameters of a request, each at most once.
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the query; `known` names every parameter that the operation takes.
    ///
    /// # Errors
    /// 422 for an unknown or repeated one.
    pub fn of(request: &HttpRequest, known: &[&str]) -> Result<Self, ApiError> {
        let mut all: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            let pointer = format!("/{}", name.chars().take(80).collect::<String>());
            if !known.contains(&&*name) {
                return Err(ApiError::field(pointer, "There is no such parameter here."));
            }
            if all.iter().any(|(other, _)| *other == *name) {
                return Err(ApiError::field(pointer, "Send this parameter once only."));
            }
            all.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(all))
    }

    /// A parameter's text; an empty one counts as absent.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// A parameter that is parsed; `words` say what it must be.
    ///
    /// # Errors
    /// 422 naming it.
    pub fn parsed<T: std::str::FromStr>(&self, name: &str, words: &str) -> Result<Option<T>, ApiError> {
        self.text(name).map(|text| text.parse().map_err(|_| ApiError::field(format!("/{name}"), words))).transpose()
    }

    /// A time.
    ///
    /// # Errors
    /// 422 naming it.
    pub fn time(&self, name: &str) -> Result<Option<DateTime<Utc>>, ApiError> {
        self.parsed(name, "This must be a time like 2026-11-25T16:00:00Z.")
    }

    /// Words of an enumeration, separated by commas.
    ///
    /// # Errors
    /// 422 naming it.
    pub fn words<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, ApiError> {
        let words = self.text(name).unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
        let word = |word: &str| serde_json::from_value(serde_json::Value::String(word.to_owned()));
        words.map(word).collect::<Result<_, _>>().map_err(|_| {
            ApiError::field(format!("/{name}"), "This must be one or more of the values in the API's document.")
        })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use mailferry_shared::order::OrderState;

    use super::*;

    fn of(query: &str) -> Result<Parameters, ApiError> {
        let request = TestRequest::with_uri(&format!("/x?{query}")).to_http_request();
        Parameters::of(&request, &["state", "from", "limit"])
    }

    #[test]
    fn parameters_are_read_and_unknown_ones_refused() {
        let all = of("state=active,paused&from=2026-11-25T16%3A00%3A00Z&limit=").expect("taken");
        assert_eq!(all.words::<OrderState>("state").expect("words"), [OrderState::Active, OrderState::Paused]);
        assert!(all.time("from").expect("a time").is_some());
        assert_eq!(all.parsed::<u32>("limit", "").expect("absent"), None);
        assert!(of("colour=red").is_err() && of("limit=1&limit=2").is_err());
        let wrong = of("state=x&from=now&limit=-1").expect("known");
        assert!(wrong.words::<OrderState>("state").is_err() && wrong.time("from").is_err());
        assert!(wrong.parsed::<u32>("limit", "").is_err());
    }
}
