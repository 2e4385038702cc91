//! `POST /webhooks/{webhook_id}/secret`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::webhook::WebhookCreated;

use crate::{
    api::{
        auth::{Acting, acting::WebhooksWrite},
        errors,
        examples::webhooks as examples,
        json::NoBody,
        path::{Ids, WebhookPath},
        problem::ApiError,
    },
    app::App,
};

/// Gives a webhook endpoint a new secret, which is shown this once only.
///
/// For 24 hours the former one signs too: both signatures are sent, so that nothing is refused meanwhile.
#[utoipa::path(
    operation_id = "rotateWebhookSecret",
    tag = "webhooks",
    params(WebhookPath),
    responses(
        (status = 201, description = "The endpoint with its new secret", body = WebhookCreated, example = json!(examples::webhook_created())),
        errors::Guarded,
        errors::Always,
    ),
    security(("api_key" = ["webhooks:write"])),
)]
#[post("/webhooks/{webhook_id}/secret")]
pub(crate) async fn rotate_webhook_secret(
    app: Data<App>,
    acting: Acting<WebhooksWrite>,
    path: Ids<WebhookPath>,
    body: NoBody,
) -> Result<HttpResponse, ApiError> {
    body.read()?;
    let created = app.store.rotate_webhook_secret(acting.0.tenant_id, path.0.webhook_id).await?;
    Ok(HttpResponse::Created().json(created))
}
