//! Signing in as a member.

pub mod create;

use actix_web::HttpResponse;
use mailferry_store::MemberRecord;

use super::{
    auth::{self, console::MemberClaims},
    me,
    problem::ApiError,
};
use crate::app::App;

/// Begins a session of this member: 201, with its cookie and who one is.
pub(super) async fn begin(app: &App, member: MemberRecord) -> Result<HttpResponse, ApiError> {
    app.store.note_sign_in(member.member.id).await?;
    let now = app.store.now();
    let claims = MemberClaims::new(member.member.id, member.session_version, now);
    let cookie = claims.cookie(&app.keys, now).map_err(ApiError::internal)?;
    let principal = auth::Principal::of_member(member, claims.expires_at());
    Ok(HttpResponse::Created().cookie(cookie).json(me::view(app, principal).await?))
}
