//! `GET /orders/{order_id}/checks/{check_id}`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::check::Check;

use crate::{
    api::{
        auth::Viewing,
        errors, examples,
        path::{CheckPath, Ids},
        problem::ApiError,
    },
    app::App,
};

/// A check with the results so far, per side, with findings.
#[utoipa::path(
    operation_id = "readCheck",
    tag = "checks",
    params(CheckPath),
    responses(
        (status = 200, description = "The check", body = Check, example = json!(examples::check())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/checks/{check_id}")]
pub(crate) async fn read_check(
    app: Data<App>,
    viewing: Viewing,
    path: Ids<CheckPath>,
) -> Result<Json<Check>, ApiError> {
    let check = app.store.check(viewing.0.order.id, path.0.check_id).await?;
    Ok(Json(check))
}
