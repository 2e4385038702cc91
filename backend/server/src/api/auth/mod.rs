//! Who asks, and what for. Object-level authorisation is here and nowhere else: an operation on an order takes
//! [`Viewing`] or [`Managing`], and gets the order with it or is never called; one that acts for a tenant takes
//! [`Acting`] with its scope.
//!
//! An order opens to its manage link (a session each, [`session`]), to members who are signed in ([`console`]) and to
//! API keys, the latter two as far as the role reaches ([`principal`]); the order of a requested migration opens to
//! operators too, whosever it is. Without any proof every order answers 401; with a
//! proof for something else, an order that is not there and one that belongs to somebody else answer the same 404.

use actix_web::{FromRequest, HttpRequest, cookie::Cookie, dev::Payload, http::header, web::Data};
use chrono::{DateTime, Utc};
use futures::future::LocalBoxFuture;
use mailferry_shared::{
    ids::OrderId,
    key::Scope,
    order::{LinkScope, OrderState},
};
use mailferry_store::{OrderRecord, StoreError};

use super::{operation, problem::ApiError};
use crate::app::App;

pub mod acting;
pub mod console;
pub mod link;
pub mod offer;
pub mod password;
pub mod password_link;
pub mod principal;
pub mod session;

pub use acting::{Acting, Anybody, MaybePrincipal, SignedIn};
use console::MemberClaims;
pub use principal::Principal;
use session::Claims;

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
    /// The member or API key, if it was opened by one.
    pub principal: Option<Principal>,
}

impl OrderAccess {
    /// The cookie of a session from now on, if a good part of this one is used up.
    ///
    /// # Errors
    /// If it cannot be signed.
    pub fn prolonged(&self, app: &App) -> Result<Option<Cookie<'static>>, ApiError> {
        let (now, ends) = (app.store.now(), self.order.expires_at);
        let session = self.session.as_ref().filter(|session| session.wants_prolonging(now) && ends > now);
        let cookie = session.map(|session| {
            Claims::new(session.sub, session.scope, self.order.link_version, now, ends).cookie(&app.keys, now)
        });
        cookie.transpose().map_err(ApiError::internal)
    }

    /// Makes sure that whoever asks may move accounts between these mailboxes: managers are limited to their domains.
    ///
    /// # Errors
    /// 422 naming the field.
    pub fn may_move(&self, pointer: &str, source: &str, destination: &str) -> Result<(), ApiError> {
        match &self.principal {
            Some(principal) if !principal.may_move(source, destination) => {
                Err(ApiError::field(pointer, "Neither mailbox is in one of your domains."))
            }
            _ => Ok(()),
        }
    }
}

/// Whether an order's links still work: none does once it is closed.
pub fn is_link_alive(order: &OrderRecord, now: DateTime<Utc>) -> bool {
    order.life.state() != OrderState::Closed && order.expires_at > now
}

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

const LINK_ONLY_VIEWS: ApiError = ApiError::Forbidden("This link only shows the order; use the one that manages it.");

fn app(request: &HttpRequest) -> Result<&Data<App>, ApiError> {
    request.app_data::<Data<App>>().ok_or_else(|| ApiError::internal("the application's state is not set"))
}

async fn authorise(request: &HttpRequest, needed: LinkScope) -> Result<OrderAccess, ApiError> {
    let app = app(request)?;
    let principal = principal(app, request).await?;
    let sessions = sessions(app, request);
    if principal.is_none() && sessions.is_empty() {
        return Err(ApiError::NotSignedIn);
    }
    let id: OrderId = request.match_info().query("order_id").parse().map_err(|_| ApiError::NotFound)?;
    let order = match app.store.order(id).await {
        Err(StoreError::NotFound) => return Err(ApiError::NotFound),
        other => other?,
    };
    if let Some(principal) = principal {
        if principal.sees(app, &order).await? {
            return of_principal(principal, order, needed, (Scope::OrdersRead, Scope::OrdersWrite));
        }
        if principal.supervises(app, &order).await? {
            return of_principal(principal, order, needed, (Scope::RequestsRead, Scope::RequestsWrite));
        }
    }
    match sessions.into_iter().find(|claims| claims.sub == id) {
        Some(_) if !is_link_alive(&order, app.store.now()) => Err(ApiError::LinkInvalid),
        Some(claims) => of_session(claims, order, needed),
        None => Err(ApiError::NotFound),
    }
}

fn of_principal(
    principal: Principal,
    order: OrderRecord,
    needed: LinkScope,
    (read, write): (Scope, Scope),
) -> Result<OrderAccess, ApiError> {
    principal.needs(match needed {
        LinkScope::View => read,
        LinkScope::Manage => write,
    })?;
    let writes = principal.needs(write).is_ok();
    let scope = if writes { LinkScope::Manage } else { LinkScope::View };
    Ok(OrderAccess { order, scope, session: None, principal: Some(principal) })
}

fn of_session(claims: Claims, order: OrderRecord, needed: LinkScope) -> Result<OrderAccess, ApiError> {
    if claims.ver != order.link_version {
        return Err(ApiError::LinkInvalid);
    }
    if needed == LinkScope::Manage && claims.scope == LinkScope::View {
        return Err(LINK_ONLY_VIEWS);
    }
    Ok(OrderAccess { order, scope: claims.scope, session: Some(claims), principal: None })
}

/// Who asks: the key in `Authorization: Bearer …`, or else the member whose session is in the cookie. 401 if there is a
/// key that is not ours; a session that is over counts as none.
async fn principal(app: &App, request: &HttpRequest) -> Result<Option<Principal>, ApiError> {
    let Some(value) = request.headers().get(header::AUTHORIZATION) else { return member(app, request).await };
    let secret = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
    let secret = secret.ok_or(ApiError::NotSignedIn)?;
    let holder = app.store.find_api_key(secret.trim()).await?.ok_or(ApiError::NotSignedIn)?;
    Ok(Some(Principal::of_key(holder)))
}

async fn member(app: &App, request: &HttpRequest) -> Result<Option<Principal>, ApiError> {
    let Some(cookie) = request.cookie(console::COOKIE) else { return Ok(None) };
    let Some(claims) = MemberClaims::from_cookie(&cookie, &app.keys, app.store.now()) else { return Ok(None) };
    let member = app.store.find_member(claims.sub).await?;
    let member = member.filter(|member| member.session_version == claims.ver);
    Ok(member.map(|member| Principal::of_member(member, claims.expires_at())))
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
