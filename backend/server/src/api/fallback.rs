//! What no operation answers: 405 where the path has other methods, 404 for all else under `/api`.

use actix_web::{HttpRequest, HttpResponse, ResponseError};

use super::{operation, problem::ApiError};

/// Answers an unknown path or method below `/api`.
pub fn answer(request: &HttpRequest) -> HttpResponse {
    let methods = operation::methods(request.path());
    if methods.is_empty() {
        ApiError::NotFound.error_response()
    } else {
        ApiError::MethodNotAllowed(methods.into_iter().collect::<Vec<_>>().join(", ")).error_response()
    }
}
