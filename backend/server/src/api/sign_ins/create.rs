//! `POST /sign-ins`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::member::{Principal, SignIn};

use crate::{
    api::{auth::password, errors, examples::principals as examples, json::Body, problem::ApiError},
    app::App,
};

/// Signs a member in.
///
/// The session is in the cookie; it lasts two hours, and reading who one is prolongs it. An unknown address, a wrong
/// password and a member without one all get the same answer, after the same time.
#[utoipa::path(
    operation_id = "signIn",
    tag = "members",
    request_body(content = SignIn, example = json!(examples::sign_in())),
    responses(
        (status = 201, description = "The session is in the cookie", body = Principal, headers(("Set-Cookie" = String, description = "The session")), example = json!(examples::principal())),
        errors::WithBody,
        errors::KeyRefused,
        errors::Always,
    ),
    security(()),
)]
#[post("/sign-ins")]
pub(crate) async fn sign_in(app: Data<App>, body: Body<SignIn>) -> Result<HttpResponse, ApiError> {
    let SignIn { mail, password } = body.read()?;
    app.limiters.count_member(mail.expose()).await?;
    let found = app.store.find_login(mail.expose()).await?;
    let (member, hash) = found.map_or((None, None), |(member, hash)| (Some(member), Some(hash)));
    let right = password::verify(password, hash).await?;
    let member = member.filter(|_| right).ok_or(ApiError::SignInFailed)?;
    super::begin(&app, member).await
}
