//! `GET /discoveries/{discovery_id}`

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use mailferry_shared::discovery::Discovery;

use crate::{
    api::{
        errors, etag,
        examples::discovery as examples,
        path::{DiscoveryPath, Ids},
        problem::ApiError,
    },
    app::App,
};

/// A search for the settings of a mail service with what was found so far.
///
/// Show host and origin before a password is sent there: they come from others.
#[utoipa::path(
    operation_id = "readDiscovery",
    tag = "service",
    params(DiscoveryPath, ("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, description = "The search", body = Discovery, headers(("ETag" = String, description = "To send as If-None-Match")), example = json!(examples::found())),
        (status = 304, description = "Nothing has changed"),
        errors::Missing,
        errors::Always,
    ),
    security(()),
)]
#[get("/discoveries/{discovery_id}")]
pub(crate) async fn read_discovery(
    app: Data<App>,
    request: HttpRequest,
    path: Ids<DiscoveryPath>,
) -> Result<HttpResponse, ApiError> {
    etag::answer(&request, &app.store.discovery(path.0.discovery_id).await?)
}
