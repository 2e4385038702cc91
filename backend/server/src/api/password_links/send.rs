//! `POST /members/{member_id}/password-link`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::member::{PasswordLinkCreate, PasswordLinkSent};

use super::BY_ADMIN;
use crate::{
    api::{
        auth::{Acting, acting::MembersWrite},
        errors,
        examples::password_links as examples,
        json::Body,
        path::{Ids, MemberPath},
        problem::ApiError,
    },
    app::App,
};

/// Sends a member a link by which they set a password of their own.
///
/// For a member who has none yet it is an invitation. It works once, for seven days; a newer link, and any new password,
/// ends it.
#[utoipa::path(
    operation_id = "sendPasswordLink",
    tag = "members",
    params(MemberPath),
    request_body(content = PasswordLinkCreate, example = json!(examples::create())),
    responses(
        (status = 201, description = "The link is on its way", body = PasswordLinkSent, example = json!(examples::sent())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("api_key" = ["members:write"])),
)]
#[post("/members/{member_id}/password-link")]
pub(crate) async fn send_password_link(
    app: Data<App>,
    acting: Acting<MembersWrite>,
    path: Ids<MemberPath>,
    body: Body<PasswordLinkCreate>,
) -> Result<HttpResponse, ApiError> {
    let PasswordLinkCreate { language } = body.read()?;
    let member = app.store.find_member(path.0.member_id).await?;
    let member = member.filter(|member| member.tenant_id == acting.0.tenant_id).ok_or(ApiError::NotFound)?.member;
    if app.settings.smtp_url.is_none() {
        return Err(ApiError::Conflict("This service sends no mails: set a first password instead."));
    }
    if member.mail.is_none() {
        return Err(ApiError::Conflict("The member has no mail address."));
    }
    let link = app.store.create_password_link(member.id, language, BY_ADMIN).await?;
    let sent = PasswordLinkSent { kind: link.kind, mail: link.mail, expires_at: link.expires_at };
    Ok(HttpResponse::Created().json(sent))
}
