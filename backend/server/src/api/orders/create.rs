//! `POST /orders`

use actix_web::{HttpResponse, cookie::Cookie, http::header, post, web::Data};
use mailferry_shared::{
    ids::TenantId,
    key::Scope,
    order::{LinkScope, Order, OrderCreate, OrderOptions},
};
use mailferry_store::{Asker, LinkRecord, NewOrder, OPERATOR_TENANT, OrderRecord};

use super::view;
use crate::{
    api::{
        auth::{MaybePrincipal, Principal, offer, session::Claims},
        errors, examples,
        json::Body,
        problem::ApiError,
        service::TERMS_VERSION,
        validate::Check,
    },
    app::App,
};

/// Creates an order.
///
/// Anybody may; the answer sets the session cookie that opens it, and holds the manage link. With an API key, or
/// signed in as a member, the order belongs to that tenant and no cookie is set. With
/// the token of a pre-configured link it belongs to the link's tenant, with what the link fixes and pays. Its `reference`
/// is for the seller alone: a member or an API key of the tenant that the order belongs to.
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
        errors::Always,
        errors::KeyRefused,
    ),
    security((), ("api_key" = ["orders:write"])),
)]
#[post("/orders")]
pub(crate) async fn create_order(
    app: Data<App>,
    asking: MaybePrincipal,
    body: Body<OrderCreate>,
) -> Result<HttpResponse, ApiError> {
    if let Some(principal) = &asking.0 {
        principal.needs(Scope::OrdersWrite)?;
    }
    let Prepared { new, principal, most_bytes } = prepare(&app, asking.0, body.read()?).await?;
    let mut check = Check::within(new.asker.sandbox);
    check.reference(new.reference.as_deref());
    check.seller(new.reference.is_none() || principal.is_some());
    check_order(&mut check, &app, &new, most_bytes);
    check.done()?;
    let order = app.store.create_order(new).await?;
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, format!("{}/orders/{}", mailferry_shared::API_PREFIX, order.id)));
    if principal.is_none() {
        response.cookie(session(&app, &order)?);
    }
    Ok(response.json(view::compose(&app, order, LinkScope::Manage, principal.as_ref()).await?))
}

/// What an order is to be made of, and whose it is going to be: nobody's but its link's holder, if there is no principal.
pub(in crate::api) struct Prepared {
    pub(in crate::api) new: NewOrder,
    pub(in crate::api) principal: Option<Principal>,
    /// The largest message that it may copy.
    pub(in crate::api) most_bytes: u64,
}

/// Opens the pre-configured link, if one was sent, and sets what it fixes.
///
/// # Errors
/// [`ApiError::TermsNotAccepted`]; whatever is wrong with the link.
pub(in crate::api) async fn prepare(
    app: &App,
    asking: Option<Principal>,
    mut body: OrderCreate,
) -> Result<Prepared, ApiError> {
    if body.accepted_terms != TERMS_VERSION {
        return Err(ApiError::TermsNotAccepted(TERMS_VERSION));
    }
    let link = match &body.link {
        Some(token) => Some(offer::open(app, token).await?),
        None => None,
    };
    if let Some(link) = &link {
        fix(&mut body, link)?;
    }
    // A link of another tenant makes that tenant's order, whoever opens it.
    let principal = asking.filter(|principal| link.as_ref().is_none_or(|link| link.tenant_id == principal.tenant_id));
    // What is apart from all others neither uses a real link up nor is paid by one.
    if let (Some(principal), Some(link)) = (&principal, &link)
        && principal.asker().sandbox != link.sandbox
    {
        return Err(ApiError::LinkInvalid);
    }
    let mut new = new_order(body, principal.as_ref(), link.as_ref());
    let most_bytes = largest_message(app, new.tenant_id).await?;
    within(&mut new.options, most_bytes);
    Ok(Prepared { new, principal, most_bytes })
}

/// The largest message that orders of a tenant may copy, bytes.
///
/// # Errors
/// If the store is not available.
pub(in crate::api) async fn largest_message(app: &App, tenant: TenantId) -> Result<u64, ApiError> {
    let own = app.store.tenant(tenant).await?.limits.max_message_bytes;
    Ok(own.unwrap_or(app.settings.limits.max_message_bytes))
}

/// Whoever asked for nothing in particular gets what is allowed.
pub(in crate::api) fn within(options: &mut OrderOptions, most_bytes: u64) {
    options.max_message_bytes.get_or_insert(most_bytes);
}

/// The cookie that opens a new order.
pub(in crate::api) fn session(app: &App, order: &OrderRecord) -> Result<Cookie<'static>, ApiError> {
    let now = app.store.now();
    let claims = Claims::new(order.id, LinkScope::Manage, order.link_version, now, order.expires_at);
    claims.cookie(&app.keys, now).map_err(ApiError::internal)
}

/// Notes what is wrong with a new order.
pub(in crate::api) fn check_order(check: &mut Check, app: &App, order: &NewOrder, most_bytes: u64) {
    check.choice(order.source.as_ref(), "/source", &app.providers);
    check.choice(order.destination.as_ref(), "/destination", &app.providers);
    check.options(&order.options, most_bytes);
}

/// Sets what the link fixes.
fn fix(body: &mut OrderCreate, link: &LinkRecord) -> Result<(), ApiError> {
    let sides =
        [("/source", &mut body.source, &link.source), ("/destination", &mut body.destination, &link.destination)];
    for (pointer, asked, fixed) in sides {
        if let Some(fixed) = fixed {
            if asked.as_ref().is_some_and(|asked| asked != fixed) {
                return Err(ApiError::field(pointer, FIXED));
            }
            *asked = Some(fixed.clone());
        }
    }
    Ok(())
}

/// What is answered to who would change what a link fixes.
pub(super) const FIXED: &str = "The link that this order is made by fixes this provider.";

fn new_order(body: OrderCreate, principal: Option<&Principal>, link: Option<&LinkRecord>) -> NewOrder {
    let tenant_id = principal.map(|principal| principal.tenant_id).or(link.map(|link| link.tenant_id));
    let asker = principal.map_or_else(Asker::default, Principal::asker);
    let sandbox = asker.sandbox || link.is_some_and(|link| link.sandbox);
    NewOrder {
        tenant_id: tenant_id.unwrap_or(OPERATOR_TENANT),
        asker: Asker { link_id: link.map(|link| link.id), sandbox, ..asker },
        language: body.language.or(link.map(|link| link.language)).unwrap_or_default(),
        notify_address: body.notify_address,
        source: body.source,
        destination: body.destination,
        options: body.options,
        accepted_terms: body.accepted_terms,
        reference: body.reference.as_deref().and_then(reference),
    }
}

/// What an order is called: nothing, if nothing was said.
pub(super) fn reference(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(ToOwned::to_owned)
}
