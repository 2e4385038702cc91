//! `POST /members`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::{
    ids::TenantId,
    member::{Member, MemberCreate},
};
use mailferry_store::{NewMember, Store};

use super::{check_domains, check_name};
use crate::{
    api::{
        auth::{Acting, acting::MembersWrite, password},
        errors,
        examples::principals as examples,
        json::Body,
        problem::ApiError,
        validate::Check,
    },
    app::App,
};

/// Adds a member to the tenant.
#[utoipa::path(
    operation_id = "createMember",
    tag = "members",
    request_body(content = MemberCreate, example = json!(examples::member_create())),
    responses(
        (status = 201, description = "The new member", body = Member, example = json!(examples::member())),
        errors::WithBody,
        errors::KeyRefused,
        errors::OfState,
        errors::Always,
    ),
    security(("api_key" = ["members:write"])),
)]
#[post("/members")]
pub(crate) async fn create_member(
    app: Data<App>,
    acting: Acting<MembersWrite>,
    body: Body<MemberCreate>,
) -> Result<HttpResponse, ApiError> {
    let new = body.read()?;
    let mut check = Check::default();
    self::check(&mut check, &new, "");
    check.done()?;
    Ok(HttpResponse::Created().json(make(&app.store, acting.0.tenant_id, new).await?))
}

/// Notes what is wrong with a new member, whose fields begin at `pointer`.
pub(crate) fn check(check: &mut Check, new: &MemberCreate, pointer: &str) {
    check_name(check, &new.name, &format!("{pointer}/name"));
    check_domains(check, new.role, &new.domains, &format!("{pointer}/domains"));
    if let Some(password) = &new.password {
        password::check(check, password, &format!("{pointer}/password"));
    }
}

/// Makes a member that was checked.
///
/// # Errors
/// [`ApiError::AddressTaken`], or if the store cannot be written.
pub(crate) async fn make(store: &Store, tenant_id: TenantId, new: MemberCreate) -> Result<Member, ApiError> {
    let MemberCreate { name, mail, role, domains, password } = new;
    let password_hash = match password {
        Some(password) => Some(password::hash(store, password).await?),
        None => None,
    };
    let new = NewMember { tenant_id, name, mail: Some(mail), role, domains, password_hash };
    Ok(store.create_member(new).await?.member)
}
