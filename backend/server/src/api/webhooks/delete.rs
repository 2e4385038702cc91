//! `DELETE /webhooks/{webhook_id}`

use actix_web::{HttpResponse, delete, web::Data};

use crate::{
    api::{
        auth::{Acting, acting::WebhooksWrite},
        errors,
        path::{Ids, WebhookPath},
        problem::ApiError,
    },
    app::App,
};

/// Deletes a webhook endpoint with its deliveries.
#[utoipa::path(
    operation_id = "deleteWebhook",
    tag = "webhooks",
    params(WebhookPath),
    responses((status = 204, description = "The endpoint is gone"), errors::Guarded, errors::Always),
    security(("api_key" = ["webhooks:write"])),
)]
#[delete("/webhooks/{webhook_id}")]
pub(crate) async fn delete_webhook(
    app: Data<App>,
    acting: Acting<WebhooksWrite>,
    path: Ids<WebhookPath>,
) -> Result<HttpResponse, ApiError> {
    app.store.delete_webhook(acting.0.tenant_id, path.0.webhook_id).await?;
    Ok(HttpResponse::NoContent().finish())
}
