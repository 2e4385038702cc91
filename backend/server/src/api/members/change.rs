//! `PATCH /members/{member_id}`

use actix_web::{
    patch,
    web::{Data, Json},
};
use mailferry_shared::member::{Member, MemberChange, Role};
use mailferry_store::MemberUpdate;

use super::{check_domains, check_name};
use crate::{
    api::{
        auth::{Acting, acting::MembersWrite, password},
        errors,
        examples::principals as examples,
        json::Body,
        path::{Ids, MemberPath},
        problem::ApiError,
        validate::Check,
    },
    app::App,
};

/// Changes a member; what is absent stays.
///
/// A new password, another role and other domains end the member's sessions.
#[utoipa::path(
    operation_id = "changeMember",
    tag = "members",
    params(MemberPath),
    request_body(content = MemberChange, example = json!({"role": "member"})),
    responses(
        (status = 200, description = "The member as it is now", body = Member, example = json!(examples::member())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("api_key" = ["members:write"])),
)]
#[patch("/members/{member_id}")]
pub(crate) async fn change_member(
    app: Data<App>,
    acting: Acting<MembersWrite>,
    path: Ids<MemberPath>,
    body: Body<MemberChange>,
) -> Result<Json<Member>, ApiError> {
    let change = body.read()?;
    let (tenant_id, id) = (acting.0.tenant_id, path.0.member_id);
    let before = app.store.member(tenant_id, id).await?.member;
    let role = change.role.unwrap_or(before.role);
    // Who is no manager any more needs no domains; who becomes one must be given some.
    let domains = match (role, change.domains) {
        (_, Some(domains)) => domains,
        (Role::Manager, None) => before.domains,
        (Role::Admin | Role::Member, None) => Vec::new(),
    };
    let mut check = Check::default();
    if let Some(name) = &change.name {
        check_name(&mut check, name, "/name");
    }
    check_domains(&mut check, role, &domains, "/domains");
    if let Some(password) = &change.password {
        password::check(&mut check, password, "/password");
    }
    check.done()?;
    let password_hash = match change.password {
        Some(password) => Some(password::hash(&app.store, password).await?),
        None => None,
    };
    let domains = Some(domains).filter(|_| change.role.is_some() || role == Role::Manager);
    let update = MemberUpdate { name: change.name, role: change.role, domains, password_hash };
    Ok(Json(app.store.change_member(tenant_id, id, update).await?.member))
}
