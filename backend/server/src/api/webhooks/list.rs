//! `GET /webhooks`

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use mailferry_shared::webhook::WebhookList;

use crate::{
    api::{
        auth::{Acting, acting::WebhooksRead},
        errors, etag,
        examples::webhooks as examples,
        problem::ApiError,
    },
    app::App,
};

/// The tenant's webhook endpoints, without their secrets.
#[utoipa::path(
    operation_id = "listWebhooks",
    tag = "webhooks",
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, description = "The endpoints", body = WebhookList, headers(("ETag" = String, description = "To send as If-None-Match")), example = json!(examples::webhooks())),
        (status = 304, description = "Nothing has changed"),
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["webhooks:read"])),
)]
#[get("/webhooks")]
pub(crate) async fn list_webhooks(
    app: Data<App>,
    request: HttpRequest,
    acting: Acting<WebhooksRead>,
) -> Result<HttpResponse, ApiError> {
    let items = app.store.webhooks(acting.0.tenant_id, acting.0.sandbox_filter()).await?;
    etag::answer(&request, &WebhookList { items })
}
