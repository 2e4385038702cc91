//! `PATCH /webhooks/{webhook_id}`

use actix_web::{
    patch,
    web::{Data, Json},
};
use mailferry_shared::webhook::{Webhook, WebhookChange};
use mailferry_store::WebhookUpdate;

use super::check_description;
use crate::{
    api::{
        auth::{Acting, acting::WebhooksWrite},
        errors,
        examples::webhooks as examples,
        json::Body,
        path::{Ids, WebhookPath},
        problem::ApiError,
        validate::Check,
    },
    app::App,
};

/// Changes a webhook endpoint; what is absent stays.
#[utoipa::path(
    operation_id = "changeWebhook",
    tag = "webhooks",
    params(WebhookPath),
    request_body(content = WebhookChange, example = json!({"enabled": false})),
    responses(
        (status = 200, description = "The endpoint as it is now", body = Webhook, example = json!(examples::webhook())),
        errors::Guarded,
        errors::WithBody,
        errors::Always,
    ),
    security(("api_key" = ["webhooks:write"])),
)]
#[patch("/webhooks/{webhook_id}")]
pub(crate) async fn change_webhook(
    app: Data<App>,
    acting: Acting<WebhooksWrite>,
    path: Ids<WebhookPath>,
    body: Body<WebhookChange>,
) -> Result<Json<Webhook>, ApiError> {
    let WebhookChange { description, events, enabled } = body.read()?;
    let mut check = Check::default();
    if let Some(description) = &description {
        check_description(&mut check, description);
    }
    check.done()?;
    let update = WebhookUpdate { description, events, enabled };
    Ok(Json(app.store.change_webhook(acting.0.tenant_id, path.0.webhook_id, update).await?))
}
