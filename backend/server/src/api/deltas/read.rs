//! `GET /orders/{order_id}/deltas/{delta_id}`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::order::Delta;

use crate::{
    api::{
        auth::Viewing,
        errors, examples,
        path::{DeltaPath, Ids},
        problem::ApiError,
    },
    app::App,
};

/// A delta with its runs.
#[utoipa::path(
    operation_id = "readDelta",
    tag = "runs",
    params(DeltaPath),
    responses(
        (status = 200, description = "The delta", body = Delta, example = json!(examples::delta())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/deltas/{delta_id}")]
pub(crate) async fn read_delta(
    app: Data<App>,
    viewing: Viewing,
    path: Ids<DeltaPath>,
) -> Result<Json<Delta>, ApiError> {
    let delta = app.store.delta(viewing.0.order.id, path.0.delta_id).await?;
    Ok(Json(delta))
}
