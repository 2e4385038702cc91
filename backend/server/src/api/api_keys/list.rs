//! `GET /api-keys`

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use mailferry_shared::key::ApiKeyList;

use super::whose;
use crate::{
    api::{
        auth::{Acting, acting::KeysRead},
        errors, etag,
        examples::principals as examples,
        problem::ApiError,
    },
    app::App,
};

/// The API keys that are not revoked, without their secrets.
#[utoipa::path(
    operation_id = "listApiKeys",
    tag = "api-keys",
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, description = "The keys", body = ApiKeyList, headers(("ETag" = String, description = "To send as If-None-Match")), example = json!(examples::api_keys())),
        (status = 304, description = "Nothing has changed"),
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["keys:read"])),
)]
#[get("/api-keys")]
pub(crate) async fn list_api_keys(
    app: Data<App>,
    request: HttpRequest,
    acting: Acting<KeysRead>,
) -> Result<HttpResponse, ApiError> {
    let items = app.store.api_keys(acting.0.tenant_id, whose(&acting.0)).await?;
    etag::answer(&request, &ApiKeyList { items })
}
