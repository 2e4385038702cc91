//! `DELETE /members/{member_id}`

use actix_web::{HttpResponse, delete, web::Data};

use crate::{
    api::{
        auth::{Acting, acting::MembersWrite},
        errors,
        path::{Ids, MemberPath},
        problem::ApiError,
    },
    app::App,
};

/// Deletes a member with their API keys; their orders stay.
#[utoipa::path(
    operation_id = "deleteMember",
    tag = "members",
    params(MemberPath),
    responses(
        (status = 204, description = "The member is gone"),
        errors::Guarded,
        errors::OfState,
        errors::Always,
    ),
    security(("api_key" = ["members:write"])),
)]
#[delete("/members/{member_id}")]
pub(crate) async fn delete_member(
    app: Data<App>,
    acting: Acting<MembersWrite>,
    path: Ids<MemberPath>,
) -> Result<HttpResponse, ApiError> {
    app.store.delete_member(acting.0.tenant_id, path.0.member_id).await?;
    Ok(HttpResponse::NoContent().finish())
}
