//! What no operation answers: 405 where the path has other methods, 404 for all else under `/api`.

use std::{collections::BTreeSet, sync::OnceLock};

use actix_web::{HttpRequest, HttpResponse, ResponseError};

use super::problem::ApiError;

/// Answers an unknown path or method below `/api`.
pub fn answer(request: &HttpRequest) -> HttpResponse {
    let methods = methods_of(request.path());
    if methods.is_empty() {
        ApiError::NotFound.error_response()
    } else {
        ApiError::MethodNotAllowed(methods.into_iter().collect::<Vec<_>>().join(", ")).error_response()
    }
}

/// The methods that a path has, by the API's own document.
fn methods_of(path: &str) -> BTreeSet<String> {
    static PATHS: OnceLock<Vec<(String, Vec<String>)>> = OnceLock::new();
    let paths = PATHS.get_or_init(|| {
        let document = serde_json::to_value(super::openapi()).unwrap_or_default();
        let paths = document["paths"].as_object().cloned().unwrap_or_default();
        let methods = |item: serde_json::Value| match item {
            serde_json::Value::Object(item) => item.into_iter().map(|(name, _)| name.to_uppercase()).collect(),
            _ => Vec::new(),
        };
        paths.into_iter().map(|(path, item)| (path, methods(item))).collect()
    });
    let fitting = paths.iter().filter(|(template, _)| fits(template, path));
    fitting.flat_map(|(_, methods)| methods.iter().cloned()).collect()
}

fn fits(template: &str, path: &str) -> bool {
    let (mut one, mut other) = (template.split('/'), path.split('/'));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(part), Some(text)) if part == text || part.starts_with('{') && !text.is_empty() => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_those_of_the_document() {
        let methods = |path: &str| methods_of(path).into_iter().collect::<Vec<_>>().join(", ");
        assert_eq!(methods("/api/v1/orders"), "GET, POST");
        assert_eq!(methods("/api/v1/orders/x"), "DELETE, GET, PATCH");
        assert_eq!(methods("/api/v1/nothing"), "");
        assert_eq!(methods("/api/v1/orders/"), "");
    }
}
