//! `GET /links`

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use mailferry_shared::link::LinkList;

use super::view;
use crate::{
    api::{
        auth::{Acting, acting::LinksRead},
        errors, etag,
        examples::resellers as examples,
        problem::ApiError,
    },
    app::App,
};

/// The tenant's pre-configured links, newest first; revoked ones too.
#[utoipa::path(
    operation_id = "listLinks",
    tag = "links",
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, description = "The links", body = LinkList, headers(("ETag" = String, description = "To send as If-None-Match")), example = json!(examples::links())),
        (status = 304, description = "Nothing has changed"),
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["links:read"])),
)]
#[get("/links")]
pub(crate) async fn list_links(
    app: Data<App>,
    request: HttpRequest,
    acting: Acting<LinksRead>,
) -> Result<HttpResponse, ApiError> {
    let links = app.store.links(acting.0.tenant_id, acting.0.sandbox_filter()).await?;
    etag::answer(&request, &LinkList { items: links.into_iter().map(|link| view(&app, link)).collect() })
}
