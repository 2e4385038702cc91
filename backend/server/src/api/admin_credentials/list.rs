//! `GET /orders/{order_id}/admin-credentials`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::admin::AdminCredentialsList;

use crate::{
    api::{auth::Viewing, errors, examples::admin as examples, path::OrderPath, problem::ApiError},
    app::App,
};

/// The admin credentials of an order, without passwords.
#[utoipa::path(
    operation_id = "listAdminCredentials",
    tag = "accounts",
    params(OrderPath),
    responses(
        (status = 200, description = "At most one for each side", body = AdminCredentialsList, example = json!(examples::list())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/admin-credentials")]
pub(crate) async fn list_admin_credentials(
    app: Data<App>,
    viewing: Viewing,
) -> Result<Json<AdminCredentialsList>, ApiError> {
    let items = app.store.admin_credentials(viewing.0.order.id).await?;
    Ok(Json(AdminCredentialsList { items }))
}
