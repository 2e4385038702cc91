//! `POST /webhooks`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::webhook::{WebhookCreate, WebhookCreated};
use mailferry_store::NewWebhook;

use super::{check_description, check_url};
use crate::{
    api::{
        auth::{Acting, acting::WebhooksWrite},
        errors,
        examples::webhooks as examples,
        json::Body,
        problem::ApiError,
        validate::Check,
    },
    app::App,
};

/// Creates a webhook endpoint.
///
/// Its secret is shown this once only. Events are posted in the form of Standard Webhooks: `webhook-id`,
/// `webhook-timestamp` and `webhook-signature` over an `Event`; what is not answered by 2xx is tried again for about three
/// days. Redirects are not followed.
#[utoipa::path(
    operation_id = "createWebhook",
    tag = "webhooks",
    request_body(content = WebhookCreate, example = json!(examples::webhook_create())),
    responses(
        (status = 201, description = "The new endpoint", body = WebhookCreated, example = json!(examples::webhook_created())),
        errors::WithBody,
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["webhooks:write"])),
)]
#[post("/webhooks")]
pub(crate) async fn create_webhook(
    app: Data<App>,
    acting: Acting<WebhooksWrite>,
    body: Body<WebhookCreate>,
) -> Result<HttpResponse, ApiError> {
    let WebhookCreate { url, description, events } = body.read()?;
    let mut check = Check::default();
    check_url(&mut check, &url);
    check_description(&mut check, &description);
    check.done()?;
    let (tenant_id, sandbox) = (acting.0.tenant_id, acting.0.is_sandbox());
    let created = app.store.create_webhook(NewWebhook { tenant_id, url, description, events, sandbox }).await?;
    Ok(HttpResponse::Created().json(created))
}
