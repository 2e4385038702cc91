//! `GET /tenants`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::tenant::TenantList;
use mailferry_store::Position;

use crate::{
    api::{
        auth::{Acting, acting::TenantsRead},
        errors,
        examples::principals as examples,
        page::{PageParams, Paging},
        problem::ApiError,
    },
    app::App,
};

/// Every tenant; for operators.
#[utoipa::path(
    operation_id = "listTenants",
    tag = "tenants",
    params(PageParams),
    responses(
        (status = 200, description = "The tenants", body = TenantList, example = json!(examples::tenants())),
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["tenants:read"])),
)]
#[get("/tenants")]
pub(crate) async fn list_tenants(
    app: Data<App>,
    _acting: Acting<TenantsRead>,
    paging: Paging,
) -> Result<Json<TenantList>, ApiError> {
    let tenants = app.store.tenants(paging.part()).await?;
    let (items, next_cursor) = paging.cut(tenants, |tenant| Position::new(tenant.created_at, tenant.id.0));
    Ok(Json(TenantList { items, next_cursor }))
}
