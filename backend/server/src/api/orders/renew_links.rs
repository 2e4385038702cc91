//! `POST /orders/{order_id}/links`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::order::{LinkScope, Order};
use mailferry_store::OrderRecord;

use super::{retry, view};
use crate::{
    api::{
        auth::{Managing, session::Claims},
        errors, examples,
        json::NoBody,
        path::OrderPath,
        problem::ApiError,
    },
    app::App,
};

/// Revokes every link to an order that is out, and every session that was opened by one; the answer holds the new links.
///
/// For a link that got into the wrong hands. Whoever asks by a session gets a new one; mails that follow carry the new link.
#[utoipa::path(
    operation_id = "renewOrderLinks",
    tag = "orders",
    params(OrderPath),
    responses(
        (status = 200, description = "The order with its new links", body = Order, headers(
            ("Set-Cookie" = String, description = "The new session, unless an API key or a member's session was sent"),
        ), example = json!(examples::order())),
        errors::Guarded,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[post("/orders/{order_id}/links")]
pub(crate) async fn renew_order_links(
    app: Data<App>,
    managing: Managing,
    body: NoBody,
) -> Result<HttpResponse, ApiError> {
    let access = managing.0;
    body.read()?;
    let act = async |order: &OrderRecord| app.store.renew_links(order).await;
    let order = retry::on_conflict(&app.store, access.order, act).await?;
    let mut response = HttpResponse::Ok();
    if access.session.is_some() {
        let now = app.store.now();
        let claims = Claims::new(order.id, LinkScope::Manage, order.link_version, now, order.expires_at);
        response.cookie(claims.cookie(&app.keys, now).map_err(ApiError::internal)?);
    }
    Ok(response.json(view::compose(&app, order, access.scope, access.principal.as_ref()).await?))
}
