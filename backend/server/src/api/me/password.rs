//! `POST /me/password`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::member::PasswordChange;
use mailferry_store::{MemberUpdate, StoreError};

use crate::{
    api::{
        auth::{SignedIn, console::MemberClaims, password},
        errors,
        examples::principals as examples,
        json::Body,
        problem::ApiError,
        validate::Check,
    },
    app::App,
};

/// Changes the password of whoever is signed in.
///
/// Every other session of the member ends.
#[utoipa::path(
    operation_id = "changePassword",
    tag = "members",
    request_body(content = PasswordChange, example = json!(examples::password_change())),
    responses(
        (status = 204, description = "The password is changed", headers(("Set-Cookie" = String, description = "A new session"))),
        errors::WithBody,
        errors::KeyRefused,
        errors::Always,
    ),
    security(("member" = [])),
)]
#[post("/me/password")]
pub(crate) async fn change_password(
    app: Data<App>,
    member: SignedIn,
    body: Body<PasswordChange>,
) -> Result<HttpResponse, ApiError> {
    let PasswordChange { current_password, new_password } = body.read()?;
    let mut check = Check::default();
    password::check(&mut check, &new_password, "/new_password");
    check.done()?;
    let member = member.0;
    let hash = match app.store.password_hash(member.member.id).await {
        Err(StoreError::NotFound) => None,
        other => Some(other?),
    };
    if !password::verify(current_password, hash).await? {
        return Err(ApiError::field("/current_password", "This is not your password."));
    }
    let password_hash = Some(password::hash(&app.store, new_password).await?);
    let change = MemberUpdate { password_hash, ..MemberUpdate::default() };
    let member = app.store.change_member(member.tenant_id, member.member.id, change).await?;
    let now = app.store.now();
    let claims = MemberClaims::new(member.member.id, member.session_version, now);
    Ok(HttpResponse::NoContent().cookie(claims.cookie(&app.keys, now).map_err(ApiError::internal)?).finish())
}
