//! `GET /webhooks/{webhook_id}/deliveries`

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use mailferry_shared::webhook::{Delivery, DeliveryPage};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::{Acting, acting::WebhooksRead},
        errors, etag,
        examples::webhooks as examples,
        page::Listing,
        path::{Ids, WebhookPath},
        problem::ApiError,
        query::Parameters,
    },
    app::App,
};

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which are read one by one so that errors name them")]
struct PageQuery {
    /// Items on a page, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200, value_type = Option<u32>)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The log of an endpoint: what was, or is to be, delivered, newest first.
///
/// Kept for 30 days.
#[utoipa::path(
    operation_id = "listDeliveries",
    tag = "webhooks",
    params(WebhookPath, PageQuery, ("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, description = "One page", body = DeliveryPage, headers(("ETag" = String, description = "To send as If-None-Match")), example = json!(examples::deliveries())),
        (status = 304, description = "Nothing has changed"),
        errors::Guarded,
        errors::WithQuery,
        errors::Always,
    ),
    security(("api_key" = ["webhooks:read"])),
)]
#[get("/webhooks/{webhook_id}/deliveries")]
pub(crate) async fn list_deliveries(
    app: Data<App>,
    request: HttpRequest,
    acting: Acting<WebhooksRead>,
    path: Ids<WebhookPath>,
) -> Result<HttpResponse, ApiError> {
    let query = Parameters::of(&request, &["limit", "cursor"])?;
    let limit = Listing::limit(query.parsed("limit", "This must be a number.")?)?;
    let (tenant_id, webhook) = (acting.0.tenant_id, path.0.webhook_id);
    let listing = Listing { name: "deliveries", tenant_id, filter: webhook.to_string() };
    let after = listing.position(&app.keys, query.text("cursor"))?;
    let mut items = app.store.webhook_deliveries(tenant_id, webhook, after, limit + 1).await?;
    let next_cursor = listing.cut(&app.keys, limit, &mut items, |item: &Delivery| (item.created_at, item.id.0));
    etag::answer(&request, &DeliveryPage { items, next_cursor })
}
