//! `POST /webhooks/{webhook_id}/deliveries/{delivery_id}/replay`

use actix_web::{
    post,
    web::{Data, Json},
};
use mailferry_shared::webhook::Delivery;

use crate::{
    api::{
        auth::{Acting, acting::WebhooksWrite},
        errors,
        examples::webhooks as examples,
        json::NoBody,
        path::{DeliveryPath, Ids},
        problem::ApiError,
    },
    app::App,
};

/// Has an event delivered once more, with the same `webhook-id`.
#[utoipa::path(
    operation_id = "replayDelivery",
    tag = "webhooks",
    params(DeliveryPath),
    responses(
        (status = 200, description = "The delivery, which is tried again", body = Delivery, example = json!(examples::delivery())),
        errors::Guarded,
        errors::Always,
    ),
    security(("api_key" = ["webhooks:write"])),
)]
#[post("/webhooks/{webhook_id}/deliveries/{delivery_id}/replay")]
pub(crate) async fn replay_delivery(
    app: Data<App>,
    acting: Acting<WebhooksWrite>,
    path: Ids<DeliveryPath>,
    body: NoBody,
) -> Result<Json<Delivery>, ApiError> {
    body.read()?;
    let DeliveryPath { webhook_id, delivery_id } = path.0;
    Ok(Json(app.store.replay_webhook(acting.0.tenant_id, webhook_id, delivery_id).await?))
}
