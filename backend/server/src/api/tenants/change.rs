//! `PATCH /tenants/{tenant_id}`

use actix_web::{
    patch,
    web::{Data, Json},
};
use mailferry_shared::tenant::{Tenant, TenantChange};

use super::check_limits;
use crate::{
    api::{
        auth::{Acting, acting::TenantsWrite},
        errors,
        examples::principals as examples,
        json::Body,
        members,
        path::{Ids, TenantPath},
        problem::ApiError,
        validate::Check,
    },
    app::App,
};

/// Changes a tenant's name or limits; for operators.
#[utoipa::path(
    operation_id = "changeTenant",
    tag = "tenants",
    params(TenantPath),
    request_body(content = TenantChange, example = json!({"limits": {"max_active_orders": 50}})),
    responses(
        (status = 200, description = "The tenant as it is now", body = Tenant, example = json!(examples::tenant())),
        errors::Guarded,
        errors::WithBody,
        errors::Always,
    ),
    security(("api_key" = ["tenants:write"])),
)]
#[patch("/tenants/{tenant_id}")]
pub(crate) async fn change_tenant(
    app: Data<App>,
    _acting: Acting<TenantsWrite>,
    path: Ids<TenantPath>,
    body: Body<TenantChange>,
) -> Result<Json<Tenant>, ApiError> {
    let TenantChange { name, limits } = body.read()?;
    let mut check = Check::default();
    if let Some(name) = &name {
        members::check_name(&mut check, name, "/name");
    }
    check_limits(&mut check, &limits.unwrap_or_default());
    check.done()?;
    Ok(Json(app.store.change_tenant(path.0.tenant_id, name.as_deref(), limits).await?))
}
