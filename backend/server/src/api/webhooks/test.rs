//! `POST /webhooks/{webhook_id}/test`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::webhook::Delivery;

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

/// Tells an endpoint of a test: an event `webhook.test` that is about no order, signed like any other.
///
/// It is sent whatever events the endpoint is told else, and tried once. What came of it is in the list of deliveries, and in
/// the endpoint's `health`. An endpoint that is switched off is not told (409 `webhook_disabled`).
#[utoipa::path(
    operation_id = "testWebhook",
    tag = "webhooks",
    params(WebhookPath),
    responses(
        (status = 201, description = "The test on its way", body = Delivery, example = json!(examples::test_delivery())),
        errors::Guarded,
        errors::OfState,
        errors::Always,
    ),
    security(("api_key" = ["webhooks:write"])),
)]
#[post("/webhooks/{webhook_id}/test")]
pub(crate) async fn test_webhook(
    app: Data<App>,
    acting: Acting<WebhooksWrite>,
    path: Ids<WebhookPath>,
    body: NoBody,
) -> Result<HttpResponse, ApiError> {
    body.read()?;
    let delivery = app.store.test_webhook(acting.0.tenant_id, path.0.webhook_id).await?;
    Ok(HttpResponse::Created().json(delivery))
}
