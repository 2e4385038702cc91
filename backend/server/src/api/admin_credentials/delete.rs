//! `DELETE /orders/{order_id}/admin-credentials/{side}`

use actix_web::{HttpResponse, delete, web::Data};

use super::SidePath;
use crate::{
    api::{accounts::create::may_change, auth::Managing, errors, path::Ids, problem::ApiError},
    app::App,
};

/// Erases the admin credentials of a side, while the order has not been started.
#[utoipa::path(
    operation_id = "deleteAdminCredentials",
    tag = "accounts",
    params(SidePath),
    responses(
        (status = 204, description = "They are gone"),
        errors::Guarded,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[delete("/orders/{order_id}/admin-credentials/{side}")]
pub(crate) async fn delete_admin_credentials(
    app: Data<App>,
    managing: Managing,
    path: Ids<SidePath>,
) -> Result<HttpResponse, ApiError> {
    let (order, side) = (managing.0.order, path.0.side()?);
    may_change(&order)?;
    app.store.delete_admin_credentials(order.id, side).await?;
    Ok(HttpResponse::NoContent().finish())
}
