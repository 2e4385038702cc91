//! `GET /orders/{order_id}/dry-runs/{dry_run_id}`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::dry_run::DryRun;

use crate::{
    api::{
        auth::Viewing,
        errors,
        examples::dry_run as examples,
        path::{DryRunPath, Ids},
        problem::ApiError,
    },
    app::App,
};

/// A dry run with the results so far: per pair the folder mapping, and per folder what would become of its messages.
#[utoipa::path(
    operation_id = "readDryRun",
    tag = "checks",
    params(DryRunPath),
    responses(
        (status = 200, description = "The dry run", body = DryRun, example = json!(examples::finished())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/dry-runs/{dry_run_id}")]
pub(crate) async fn read_dry_run(
    app: Data<App>,
    viewing: Viewing,
    path: Ids<DryRunPath>,
) -> Result<Json<DryRun>, ApiError> {
    let dry_run = app.store.dry_run(viewing.0.order.id, path.0.dry_run_id).await?;
    Ok(Json(dry_run))
}
