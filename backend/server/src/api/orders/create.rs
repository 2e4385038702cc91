//! `POST /orders`

use actix_web::{HttpRequest, HttpResponse, http::header, post, web::Data};
use mailferry_shared::{
    key::Scope,
    order::{LinkScope, Order, OrderCreate},
};
use mailferry_store::{Asker, NewOrder, OPERATOR_TENANT};

use super::view;
use crate::{
    api::{
        auth::{MaybePrincipal, Principal, session::Claims},
        errors, examples,
        json::Body,
        problem::ApiError,
        service::TERMS_VERSION,
        validate::Check,
    },
    app::App,
    limits::client_address,
};

/// Creates an order.
///
/// Anybody may; the answer sets the session cookie that opens it, and holds the manage link. With an API key, or
/// signed in as a member, the order belongs to that tenant and no cookie is set.
#[utoipa::path(
    operation_id = "createOrder",
    tag = "orders",
    request_body(content = OrderCreate, example = json!(examples::order_create())),
    responses(
        (status = 201, description = "The new order", body = Order, headers(
            ("Set-Cookie" = String, description = "The session, unless an API key or a member's session was sent"),
            ("Location" = String, description = "The order's address"),
        ), example = json!(examples::order())),
        errors::WithBody,
        errors::Paced,
        errors::Always,
        errors::KeyRefused,
    ),
    security((), ("api_key" = ["orders:write"])),
)]
#[post("/orders")]
pub(crate) async fn create_order(
    app: Data<App>,
    request: HttpRequest,
    asking: MaybePrincipal,
    body: Body<OrderCreate>,
) -> Result<HttpResponse, ApiError> {
    match &asking.0 {
        Some(principal) => principal.needs(Scope::OrdersWrite)?,
        None => app.limiters.orders.check(client_address(&request, &app.settings.trust_proxy))?,
    }
    let body = body.read()?;
    check(&app, &body)?;
    let order = app.store.create_order(new_order(body, asking.0.as_ref())).await?;
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, format!("{}/orders/{}", mailferry_shared::API_PREFIX, order.id)));
    if asking.0.is_none() {
        let now = app.store.now();
        let claims = Claims::new(order.id, LinkScope::Manage, order.link_version, now, order.expires_at);
        response.cookie(claims.cookie(&app.keys, now).map_err(ApiError::internal)?);
    }
    Ok(response.json(view::compose(&app, order, LinkScope::Manage).await?))
}

fn check(app: &App, body: &OrderCreate) -> Result<(), ApiError> {
    if body.accepted_terms != TERMS_VERSION {
        return Err(ApiError::TermsNotAccepted(TERMS_VERSION));
    }
    let mut check = Check::default();
    check.choice(body.source.as_ref(), "/source", &app.providers);
    check.choice(body.destination.as_ref(), "/destination", &app.providers);
    check.options(&body.options);
    check.done()
}

fn new_order(body: OrderCreate, principal: Option<&Principal>) -> NewOrder {
    NewOrder {
        tenant_id: principal.map_or(OPERATOR_TENANT, |principal| principal.tenant_id),
        asker: principal.map_or_else(Asker::default, Principal::asker),
        language: body.language,
        notify_address: body.notify_address,
        source: body.source,
        destination: body.destination,
        options: body.options,
        accepted_terms: body.accepted_terms,
    }
}
