//! What holds for every operation, by the document alone: it is paced, knows its query parameters, and is not sent twice
//! what it already has. An operation cannot forget any of it, and `tests/api/conventions.rs` goes over all of them.

use std::time::Instant;

use actix_web::{
    Error,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header},
    middleware::Next,
    web::Data,
};

use super::{etag, operation, problem::ApiError, query};
use crate::{app::App, metrics};

/// The middleware.
pub async fn keep(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let path = request.match_info().as_str().to_owned();
    let found = operation::find(request.method(), &path);
    let (Some((operation, _)), Some(app)) = (found, request.app_data::<Data<App>>().cloned()) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let begun = Instant::now();
    let tally = match app.limiters.count(operation, request.request(), &app).await {
        Ok(tally) => tally,
        Err(error) => return Ok(request.error_response(error).map_into_boxed_body()),
    };
    let refused = tally.refusal().map(|seconds| ApiError::TooManyRequests { retry_after_seconds: seconds });
    let refused = refused.or_else(|| query::refuse_unknown(operation, request.query_string()).err());
    let mut response = match refused {
        Some(error) => request.error_response(error).map_into_boxed_body(),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    tally.write(response.headers_mut());
    metrics::answered(&operation.id, response.status().as_u16(), begun.elapsed());
    let is_whole = response.status() == StatusCode::OK && !response.headers().contains_key(header::ETAG);
    if operation.method == Method::GET && is_whole {
        return Ok(etag::add(response));
    }
    Ok(response)
}
