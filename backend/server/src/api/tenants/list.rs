//! `GET /tenants`

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use mailferry_shared::tenant::TenantList;

use crate::{
    api::{
        auth::{Acting, acting::TenantsRead},
        errors, etag,
        examples::principals as examples,
        problem::ApiError,
    },
    app::App,
};

/// Every tenant; for operators.
#[utoipa::path(
    operation_id = "listTenants",
    tag = "tenants",
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, description = "The tenants", body = TenantList, headers(("ETag" = String, description = "To send as If-None-Match")), example = json!(examples::tenants())),
        (status = 304, description = "Nothing has changed"),
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["tenants:read"])),
)]
#[get("/tenants")]
pub(crate) async fn list_tenants(
    app: Data<App>,
    request: HttpRequest,
    _acting: Acting<TenantsRead>,
) -> Result<HttpResponse, ApiError> {
    etag::answer(&request, &TenantList { items: app.store.tenants().await? })
}
