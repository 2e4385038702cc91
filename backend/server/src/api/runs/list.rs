//! `GET /orders/{order_id}/accounts/{pair_id}/runs`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::protocol::RunList;
use mailferry_store::Position;

use crate::{
    api::{
        auth::Viewing,
        errors, examples,
        page::{PageParams, Paging},
        path::{Ids, PairPath},
        problem::ApiError,
    },
    app::App,
};

/// The runs of an account pair, oldest first.
#[utoipa::path(
    operation_id = "listRuns",
    tag = "runs",
    params(PairPath, PageParams),
    responses(
        (status = 200, description = "The runs", body = RunList, example = json!(examples::runs())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/accounts/{pair_id}/runs")]
pub(crate) async fn list_runs(
    app: Data<App>,
    viewing: Viewing,
    path: Ids<PairPath>,
    paging: Paging,
) -> Result<Json<RunList>, ApiError> {
    let order = viewing.0.order.id;
    let runs = app.store.runs_of_pair(order, path.0.pair_id, paging.part()).await?;
    let (items, next_cursor) = paging.cut(runs, |run| Position { at: run.number.into(), id: run.id.0 });
    Ok(Json(RunList { items, next_cursor }))
}
