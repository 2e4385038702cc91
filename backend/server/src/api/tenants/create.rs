//! `POST /tenants`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::{
    member::{MemberCreate, Role},
    tenant::{TenantCreate, TenantCreated},
};

use super::check_limits;
use crate::{
    api::{
        auth::{Acting, acting::TenantsWrite},
        errors,
        examples::principals as examples,
        json::Body,
        members, password_links,
        problem::ApiError,
        validate::Check,
    },
    app::App,
};

/// Creates a tenant with its first admin; for operators.
#[utoipa::path(
    operation_id = "createTenant",
    tag = "tenants",
    request_body(content = TenantCreate, example = json!(examples::tenant_create())),
    responses(
        (status = 201, description = "The new tenant", body = TenantCreated, example = json!(examples::tenant_created())),
        errors::WithBody,
        errors::KeyRefused,
        errors::OfState,
        errors::Always,
    ),
    security(("api_key" = ["tenants:write"])),
)]
#[post("/tenants")]
pub(crate) async fn create_tenant(
    app: Data<App>,
    _acting: Acting<TenantsWrite>,
    body: Body<TenantCreate>,
) -> Result<HttpResponse, ApiError> {
    let TenantCreate { name, limits, admin } = body.read()?;
    let mut check = Check::default();
    members::check_name(&mut check, &name, "/name");
    check_limits(&mut check, &limits);
    let language = admin.language;
    let is_invited = admin.password.is_none() && app.settings.smtp_url.is_some();
    let admin = MemberCreate {
        name: admin.name,
        mail: admin.mail,
        role: Role::Admin,
        domains: Vec::new(),
        password: admin.password,
    };
    members::create::check(&mut check, &admin, "/admin");
    check.done()?;
    let tenant = app.store.create_tenant(&name, limits).await?;
    match members::create::make(&app.store, tenant.id, admin).await {
        Ok(admin) => {
            if is_invited {
                app.store.create_password_link(admin.id, language, password_links::BY_ADMIN).await?;
            }
            Ok(HttpResponse::Created().json(TenantCreated { tenant, admin }))
        }
        Err(error) => {
            // Nobody could ever sign in to it.
            app.store.delete_empty_tenant(tenant.id).await?;
            Err(error)
        }
    }
}
