//! `GET /orders/{order_id}/accounts/{pair_id}/runs/{run_id}/protocol`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::protocol::Protocol;

use crate::{
    api::{
        auth::Viewing,
        errors, examples,
        path::{Ids, RunPath},
        problem::ApiError,
    },
    app::App,
};

/// The protocol of a run: per folder what became of its messages, and every message that was not simply copied, with cause and next step.
///
/// Never a body, and subjects only while the order's option `show_subjects` is on.
#[utoipa::path(
    operation_id = "readProtocol",
    tag = "runs",
    params(RunPath),
    responses(
        (status = 200, description = "The protocol", body = Protocol, example = json!(examples::protocol())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/accounts/{pair_id}/runs/{run_id}/protocol")]
pub(crate) async fn read_protocol(
    app: Data<App>,
    viewing: Viewing,
    path: Ids<RunPath>,
) -> Result<Json<Protocol>, ApiError> {
    let protocol = app.store.protocol(viewing.0.order.id, path.0.pair_id, path.0.run_id).await?;
    Ok(Json(protocol))
}
