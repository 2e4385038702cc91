//! `GET /webhooks`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::webhook::WebhookList;
use mailferry_store::Position;

use crate::{
    api::{
        auth::{Acting, acting::WebhooksRead},
        errors,
        examples::webhooks as examples,
        page::{PageParams, Paging},
        problem::ApiError,
    },
    app::App,
};

/// The tenant's webhook endpoints, without their secrets.
#[utoipa::path(
    operation_id = "listWebhooks",
    tag = "webhooks",
    params(PageParams),
    responses(
        (status = 200, description = "The endpoints", body = WebhookList, example = json!(examples::webhooks())),
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["webhooks:read"])),
)]
#[get("/webhooks")]
pub(crate) async fn list_webhooks(
    app: Data<App>,
    acting: Acting<WebhooksRead>,
    paging: Paging,
) -> Result<Json<WebhookList>, ApiError> {
    let webhooks = app.store.webhooks(acting.0.tenant_id, acting.0.sandbox_filter(), paging.part()).await?;
    let (items, next_cursor) = paging.cut(webhooks, |webhook| Position::new(webhook.created_at, webhook.id.0));
    Ok(Json(WebhookList { items, next_cursor }))
}
