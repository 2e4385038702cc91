//! A number for every request: in its log lines, in those of the jobs that it asks for, and in the answer, so that support
//! can find one by the other.

use std::time::Instant;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
    web::Data,
};
use mailferry_store::jobs::caused_by;
use tracing::Instrument;

use crate::app::App;

/// The header that tells the number.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The middleware. Only the path is logged: a query may hold a mail address.
pub async fn request(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = request.app_data::<Data<App>>().and_then(|app| app.store.new_id().ok()).unwrap_or_default();
    let span = tracing::info_span!("request", %id, method = %request.method(), path = request.path());
    let begun = Instant::now();
    let mut response = caused_by(Some(id), next.call(request)).instrument(span.clone()).await?;
    let duration_ms = begun.elapsed().as_millis();
    tracing::debug!(parent: &span, status = response.status().as_u16(), duration_ms, "answered");
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    Ok(response)
}
