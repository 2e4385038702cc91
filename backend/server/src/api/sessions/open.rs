//! `POST /sessions`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::order::{Session, SessionCreate};
use mailferry_store::StoreError;

use crate::{
    api::{
        auth::{is_link_alive, link, session::Claims},
        errors, examples,
        json::Body,
        problem::ApiError,
    },
    app::App,
};

/// Exchanges the token of a manage link for a session cookie.
///
/// A wrong token, a token of a revoked link, an order that is not there and one whose link has expired all answer
/// the same.
#[utoipa::path(
    operation_id = "openSession",
    tag = "sessions",
    request_body(content = SessionCreate, example = json!(examples::session_create())),
    responses(
        (status = 201, description = "The session is in the cookie", body = Session, headers(("Set-Cookie" = String, description = "The session")), example = json!(examples::session())),
        errors::WithBody,
        errors::KeyRefused,
        errors::Always,
    ),
    security(()),
)]
#[post("/sessions")]
pub(crate) async fn open_session(app: Data<App>, body: Body<SessionCreate>) -> Result<HttpResponse, ApiError> {
    let SessionCreate { order_id, token } = body.read()?;
    let order = match app.store.order(order_id).await {
        Err(StoreError::NotFound) => return Err(ApiError::LinkInvalid),
        other => other?,
    };
    let scope = link::verify(&app.keys, order.id, order.link_version, &token).ok_or(ApiError::LinkInvalid)?;
    let now = app.store.now();
    if !is_link_alive(&order, now) {
        return Err(ApiError::LinkInvalid);
    }
    let claims = Claims::new(order.id, scope, order.link_version, now, order.expires_at);
    let cookie = claims.cookie(&app.keys, now).map_err(ApiError::internal)?;
    let session = Session { order_id, scope, expires_at: claims.expires_at() };
    Ok(HttpResponse::Created().cookie(cookie).json(session))
}
