//! `GET /webhooks/{webhook_id}/deliveries`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::webhook::DeliveryPage;
use mailferry_store::Position;

use crate::{
    api::{
        auth::{Acting, acting::WebhooksRead},
        errors,
        examples::webhooks as examples,
        page::{PageParams, Paging},
        path::{Ids, WebhookPath},
        problem::ApiError,
    },
    app::App,
};

/// The log of an endpoint: what was, or is to be, delivered, newest first.
///
/// Kept for 30 days.
#[utoipa::path(
    operation_id = "listDeliveries",
    tag = "webhooks",
    params(WebhookPath, PageParams),
    responses(
        (status = 200, description = "One page", body = DeliveryPage, example = json!(examples::deliveries())),
        errors::Guarded,
        errors::WithQuery,
        errors::Always,
    ),
    security(("api_key" = ["webhooks:read"])),
)]
#[get("/webhooks/{webhook_id}/deliveries")]
pub(crate) async fn list_deliveries(
    app: Data<App>,
    acting: Acting<WebhooksRead>,
    path: Ids<WebhookPath>,
    paging: Paging,
) -> Result<Json<DeliveryPage>, ApiError> {
    let part = paging.part();
    let after = part.after.and_then(Position::time_and_id);
    let found = app.store.webhook_deliveries(acting.0.tenant_id, path.0.webhook_id, after, part.limit).await?;
    let (items, next_cursor) = paging.cut(found, |delivery| Position::new(delivery.created_at, delivery.id.0));
    Ok(Json(DeliveryPage { items, next_cursor }))
}
