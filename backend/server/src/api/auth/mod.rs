//! Who asks, and what for. Object-level authorisation is here and nowhere else: an operation on an order takes
//! [`Viewing`] or [`Managing`], and gets the order with it or is never called.
//!
//! Without any proof every order answers 401; with a proof for something else, an order that is not there and one
//! that belongs to somebody else answer the same 404.

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web::Data};
use chrono::{DateTime, Utc};
use futures::future::LocalBoxFuture;
use mailferry_shared::{
    ids::OrderId,
    order::{LinkScope, OrderState},
};
use mailferry_store::{ApiKey, OrderRecord, StoreError};

use super::{operation, problem::ApiError};
use crate::app::App;

pub mod link;
pub mod session;

use session::Claims;

/// Scope of an API key: read orders.
pub const ORDERS_READ: &str = "orders:read";
/// Scope of an API key: create, change and start orders.
pub const ORDERS_WRITE: &str = "orders:write";
/// Scope of an API key: create vouchers.
pub const VOUCHERS_WRITE: &str = "vouchers:write";
/// Every scope there is.
pub const ALL_SCOPES: [&str; 3] = [ORDERS_READ, ORDERS_WRITE, VOUCHERS_WRITE];

/// An order that whoever asks may read.
pub struct Viewing(pub OrderAccess);

/// An order that whoever asks may change.
pub struct Managing(pub OrderAccess);

/// An order, and what may be done with it.
pub struct OrderAccess {
    /// The order.
    pub order: OrderRecord,
    /// Read it, or change it too.
    pub scope: LinkScope,
    /// The session, if it was opened by one.
    pub session: Option<Claims>,
}

/// Whether an order's links still work: none does once it is closed.
pub fn is_link_alive(order: &OrderRecord, now: DateTime<Utc>) -> bool {
    order.life.state() != OrderState::Closed && order.expires_at > now
}

/// An API key that was sent, or none.
pub struct MaybeKey(pub Option<ApiKey>);

impl FromRequest for Viewing {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { authorise(&request, LinkScope::View).await.map(Self) })
    }
}

impl FromRequest for Managing {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { authorise(&request, LinkScope::Manage).await.map(Self) })
    }
}

impl FromRequest for MaybeKey {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self(key(app(&request)?, &request).await?)) })
    }
}

impl MaybeKey {
    /// The key, if it has `scope`.
    ///
    /// # Errors
    /// 401 without a key, 403 if it lacks the scope.
    pub fn with_scope(self, scope: &str) -> Result<ApiKey, ApiError> {
        let key = self.0.ok_or(ApiError::NotSignedIn)?;
        if key.scopes.contains(scope) { Ok(key) } else { Err(KEY_LACKS_SCOPE) }
    }
}

const KEY_LACKS_SCOPE: ApiError = ApiError::Forbidden("This API key lacks the scope for that.");
const LINK_ONLY_VIEWS: ApiError = ApiError::Forbidden("This link only shows the order; use the one that manages it.");

fn app(request: &HttpRequest) -> Result<&Data<App>, ApiError> {
    request.app_data::<Data<App>>().ok_or_else(|| ApiError::internal("the application's state is not set"))
}

async fn authorise(request: &HttpRequest, needed: LinkScope) -> Result<OrderAccess, ApiError> {
    let app = app(request)?;
    let key = key(app, request).await?;
    let sessions = sessions(app, request);
    if key.is_none() && sessions.is_empty() {
        return Err(ApiError::NotSignedIn);
    }
    let id: OrderId = request.match_info().query("order_id").parse().map_err(|_| ApiError::NotFound)?;
    let order = match app.store.order(id).await {
        Err(StoreError::NotFound) => return Err(ApiError::NotFound),
        other => other?,
    };
    let by_key = key.filter(|key| key.tenant_id == order.tenant_id);
    let by_session = sessions.into_iter().find(|claims| claims.sub == id);
    match (by_key, by_session) {
        (Some(key), _) => of_key(&key, order, needed),
        (None, Some(_)) if !is_link_alive(&order, app.store.now()) => Err(ApiError::LinkInvalid),
        (None, Some(claims)) => of_session(claims, order, needed),
        (None, None) => Err(ApiError::NotFound),
    }
}

fn of_key(key: &ApiKey, order: OrderRecord, needed: LinkScope) -> Result<OrderAccess, ApiError> {
    let writes = key.scopes.contains(ORDERS_WRITE);
    let reads = writes || key.scopes.contains(ORDERS_READ);
    match needed {
        LinkScope::View if !reads => Err(KEY_LACKS_SCOPE),
        LinkScope::Manage if !writes => Err(KEY_LACKS_SCOPE),
        LinkScope::View | LinkScope::Manage => {
            let scope = if writes { LinkScope::Manage } else { LinkScope::View };
            Ok(OrderAccess { order, scope, session: None })
        }
    }
}

fn of_session(claims: Claims, order: OrderRecord, needed: LinkScope) -> Result<OrderAccess, ApiError> {
    if claims.ver != order.link_version {
        return Err(ApiError::LinkInvalid);
    }
    if needed == LinkScope::Manage && claims.scope == LinkScope::View {
        return Err(LINK_ONLY_VIEWS);
    }
    Ok(OrderAccess { order, scope: claims.scope, session: Some(claims) })
}

/// The key in `Authorization: Bearer …`; 401 if there is one that is not ours.
async fn key(app: &App, request: &HttpRequest) -> Result<Option<ApiKey>, ApiError> {
    let Some(value) = request.headers().get(header::AUTHORIZATION) else { return Ok(None) };
    let secret = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
    let secret = secret.ok_or(ApiError::NotSignedIn)?;
    app.store.find_api_key(secret.trim()).await?.map(Some).ok_or(ApiError::NotSignedIn)
}

/// The order that the path names, if a session for it was sent. Whether it still opens the order is not asked.
pub fn session_of(app: &App, request: &HttpRequest) -> Option<OrderId> {
    let (_, named) = operation::find(request.method(), request.match_info().as_str())?;
    let order: OrderId = named.get("order_id")?.parse().ok()?;
    let name = session::cookie_name(order);
    let cookies = request.cookies().ok()?;
    let cookie = cookies.iter().find(|cookie| cookie.name() == name)?;
    Claims::from_cookie(cookie, &app.keys, app.store.now()).map(|claims| claims.sub)
}

/// Every session whose cookie was sent and holds.
fn sessions(app: &App, request: &HttpRequest) -> Vec<Claims> {
    let now = app.store.now();
    let Ok(cookies) = request.cookies() else { return Vec::new() };
    cookies.iter().filter_map(|cookie| Claims::from_cookie(cookie, &app.keys, now)).collect()
}
