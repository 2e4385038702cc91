//! `GET /me`

use actix_web::{HttpResponse, get, web::Data};
use mailferry_shared::member::Principal;

use crate::{
    api::{
        auth::{
            self, Anybody,
            console::{MemberClaims, wants_prolonging},
        },
        errors,
        examples::principals as examples,
        problem::ApiError,
    },
    app::App,
};

/// Who asks, and what they may do.
///
/// Prolongs the session that it is read with.
#[utoipa::path(
    operation_id = "readMe",
    tag = "members",
    responses(
        (status = 200, description = "Who asks", body = Principal, example = json!(examples::principal())),
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = [])),
)]
#[get("/me")]
pub(crate) async fn read_me(app: Data<App>, asking: Anybody) -> Result<HttpResponse, ApiError> {
    let mut principal = asking.0;
    let now = app.store.now();
    let mut response = HttpResponse::Ok();
    if let auth::Principal { session_ends: Some(ends), member: Some(member), .. } = &mut principal
        && wants_prolonging(*ends, now)
    {
        let claims = MemberClaims::new(member.member.id, member.session_version, now);
        *ends = claims.expires_at();
        response.cookie(claims.cookie(&app.keys, now).map_err(ApiError::internal)?);
    }
    Ok(response.json(super::view(&app, principal).await?))
}
