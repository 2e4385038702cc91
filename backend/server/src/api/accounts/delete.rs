//! `DELETE /orders/{order_id}/accounts/{pair_id}`

use actix_web::{HttpResponse, delete, web::Data};

use super::create::may_change;
use crate::{
    api::{
        auth::Managing,
        errors,
        path::{Ids, PairPath},
        problem::ApiError,
    },
    app::App,
};

/// Deletes an account pair and its passwords, while the order has not been started.
#[utoipa::path(
    operation_id = "deleteAccount",
    tag = "accounts",
    params(PairPath),
    responses(
        (status = 204, description = "The pair is gone"),
        errors::Guarded,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[delete("/orders/{order_id}/accounts/{pair_id}")]
pub(crate) async fn delete_account(
    app: Data<App>,
    managing: Managing,
    path: Ids<PairPath>,
) -> Result<HttpResponse, ApiError> {
    let order = managing.0.order;
    app.store.pair(order.id, path.0.pair_id).await?;
    may_change(&order)?;
    app.store.delete_pair(order.id, path.0.pair_id).await?;
    Ok(HttpResponse::NoContent().finish())
}
