//! `GET /members`

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use mailferry_shared::member::MemberList;

use crate::{
    api::{
        auth::{Acting, acting::MembersRead},
        errors, etag,
        examples::principals as examples,
        problem::ApiError,
    },
    app::App,
};

/// The members of the tenant.
#[utoipa::path(
    operation_id = "listMembers",
    tag = "members",
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, description = "The members", body = MemberList, headers(("ETag" = String, description = "To send as If-None-Match")), example = json!(examples::members())),
        (status = 304, description = "Nothing has changed"),
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["members:read"])),
)]
#[get("/members")]
pub(crate) async fn list_members(
    app: Data<App>,
    request: HttpRequest,
    acting: Acting<MembersRead>,
) -> Result<HttpResponse, ApiError> {
    let members = app.store.members(acting.0.tenant_id).await?;
    etag::answer(&request, &MemberList { items: members.into_iter().map(|member| member.member).collect() })
}
