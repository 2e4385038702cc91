//! `POST /passwords`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::member::{PasswordSet, Principal};

use crate::{
    api::{
        auth::{password, password_link},
        errors,
        examples::{password_links as examples, principals},
        json::Body,
        problem::ApiError,
        sign_ins,
        validate::Check,
    },
    app::App,
};

/// Sets a password by a link that was sent, and signs in.
///
/// The link ends, and so does every session of the member. A token that was made up, was used, has expired or was
/// replaced by a newer one all get the same answer.
#[utoipa::path(
    operation_id = "setPassword",
    tag = "members",
    request_body(content = PasswordSet, example = json!(examples::set())),
    responses(
        (status = 201, description = "The session is in the cookie", body = Principal, headers(("Set-Cookie" = String, description = "The session")), example = json!(principals::principal())),
        errors::WithBody,
        errors::KeyRefused,
        errors::Always,
    ),
    security(()),
)]
#[post("/passwords")]
pub(crate) async fn set_password(app: Data<App>, body: Body<PasswordSet>) -> Result<HttpResponse, ApiError> {
    let PasswordSet { token, new_password } = body.read()?;
    let link = password_link::verify(&app.keys, &token).ok_or(ApiError::LinkInvalid)?;
    let mut check = Check::default();
    password::check(&mut check, &new_password, "/new_password");
    check.done()?;
    let hash = password::hash(&app.store, new_password).await?;
    let member = app.store.use_password_link(link, hash).await?;
    sign_ins::begin(&app, member).await
}
