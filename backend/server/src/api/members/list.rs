//! `GET /members`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::member::{Member, MemberList};
use mailferry_store::Position;

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
    let members = app.store.members(acting.0.tenant_id, paging.part()).await?;
    let members = members.into_iter().map(|member| member.member).collect();
    let (items, next_cursor) = paging.cut(members, |member: &Member| Position::new(member.created_at, member.id.0));
    Ok(Json(MemberList { items, next_cursor }))
}
