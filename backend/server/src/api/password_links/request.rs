//! `POST /password-links`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::member::PasswordLinkRequest;
use mailferry_store::StoreError;

use super::BY_ANYBODY;
use crate::{
    api::{errors, examples::password_links as examples, json::Body, problem::ApiError},
    app::App,
};

/// Sends a link by which a member sets a new password, to whom has forgotten theirs.
///
/// The answer is the same, and as quick, whether anybody has this mail address or not. The link works once, for two
/// hours.
#[utoipa::path(
    operation_id = "requestPasswordLink",
    tag = "members",
    request_body(content = PasswordLinkRequest, example = json!(examples::request())),
    responses(
        (status = 202, description = "If a member has this mail address, a link is on its way"),
        errors::WithBody,
        errors::KeyRefused,
        errors::Always,
    ),
    security(()),
)]
#[post("/password-links")]
pub(crate) async fn request_password_link(
    app: Data<App>,
    body: Body<PasswordLinkRequest>,
) -> Result<HttpResponse, ApiError> {
    let PasswordLinkRequest { mail, language } = body.read()?;
    app.limiters.count_member(mail.expose()).await?;
    // Nobody waits for it: how long it takes tells nothing.
    actix_web::rt::spawn(async move {
        let made = match app.store.member_of_address(mail.expose()).await {
            Ok(Some(member)) => app.store.create_password_link(member, language, BY_ANYBODY).await.map(drop),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        match made {
            Ok(()) | Err(StoreError::NotFound) => {}
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "no link for a new password"),
        }
    });
    Ok(HttpResponse::Accepted().finish())
}
