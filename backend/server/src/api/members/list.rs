//! `GET /members`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::member::MemberList;

use crate::{
    api::{
        auth::{Acting, acting::MembersRead},
        errors,
        examples::principals as examples,
        page::{PageParams, Paging},
        problem::ApiError,
    },
    app::App,
};

/// The members of the tenant.
#[utoipa::path(
    operation_id = "listMembers",
    tag = "members",
    params(PageParams),
    responses(
        (status = 200, description = "The members", body = MemberList, example = json!(examples::members())),
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["members:read"])),
)]
#[get("/members")]
pub(crate) async fn list_members(
    app: Data<App>,
    acting: Acting<MembersRead>,
    paging: Paging,
) -> Result<Json<MemberList>, ApiError> {
    let members = app.store.members(acting.0.tenant_id).await?;
    let (items, next_cursor) = paging.slice(members, |member| member.member.id.0);
    Ok(Json(MemberList { items: items.into_iter().map(|member| member.member).collect(), next_cursor }))
}
