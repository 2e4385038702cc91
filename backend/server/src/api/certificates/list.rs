//! `GET /orders/{order_id}/certificates`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::certificate::AcceptedCertificates;

use crate::{
    api::{auth::Viewing, errors, examples::certificate as examples, path::OrderPath, problem::ApiError},
    app::App,
};

/// The certificates that were accepted for an order although they do not verify.
#[utoipa::path(
    operation_id = "listCertificates",
    tag = "accounts",
    params(OrderPath),
    responses(
        (status = 200, description = "At most one for each server of a side", body = AcceptedCertificates, example = json!(examples::list())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/certificates")]
pub(crate) async fn list_certificates(
    app: Data<App>,
    viewing: Viewing,
) -> Result<Json<AcceptedCertificates>, ApiError> {
    let items = app.store.accepted_certificates(viewing.0.order.id).await?;
    Ok(Json(AcceptedCertificates { items }))
}
