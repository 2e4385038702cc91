//! The OpenAPI document and a page that renders it.

use std::sync::{Arc, OnceLock};

use actix_web::{
    HttpResponse, ResponseError,
    http::header,
    web::{self, Path},
};
use utoipa_swagger_ui::Config;

use super::{problem::ApiError, security::DOCS_CSP};

/// Where the document is served.
pub const DOCUMENT_PATH: &str = "/api/openapi.json";

/// Adds both.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route(DOCUMENT_PATH, web::get().to(document))
        .route("/api/docs", web::get().to(|| async { web::Redirect::to("/api/docs/").permanent() }))
        .route("/api/docs/{file:.*}", web::get().to(page));
}

/// The document as text: what `mailferry openapi` prints and what is committed.
///
/// # Errors
/// If it cannot be written as JSON.
pub fn text() -> Result<String, serde_json::Error> {
    Ok(super::openapi().to_pretty_json()? + "\n")
}

async fn document() -> Result<HttpResponse, ApiError> {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = match TEXT.get() {
        Some(text) => text,
        None => {
            let text = text().map_err(ApiError::internal)?;
            TEXT.get_or_init(|| text)
        }
    };
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(text.as_str()))
}

async fn page(file: Path<String>) -> HttpResponse {
    let config = Arc::new(Config::from(DOCUMENT_PATH));
    match utoipa_swagger_ui::serve(&file, config) {
        Ok(Some(file)) => {
            let mut response = HttpResponse::Ok();
            if file.gzpipped {
                response.insert_header((header::CONTENT_ENCODING, "gzip"));
            }
            response
                .content_type(file.content_type)
                .insert_header((header::CONTENT_SECURITY_POLICY, DOCS_CSP))
                .insert_header((header::CACHE_CONTROL, "no-cache"))
                .body(file.bytes.into_owned())
        }
        Ok(None) => ApiError::NotFound.error_response(),
        Err(error) => ApiError::internal(error.to_string()).error_response(),
    }
}
