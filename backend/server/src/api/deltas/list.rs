//! `GET /orders/{order_id}/deltas`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::order::DeltaList;
use mailferry_store::Position;

use crate::{
    api::{
        auth::Viewing,
        errors, examples,
        page::{PageParams, Paging},
        path::OrderPath,
        problem::ApiError,
    },
    app::App,
};

/// The deltas of an order, oldest first.
#[utoipa::path(
    operation_id = "listDeltas",
    tag = "runs",
    params(OrderPath, PageParams),
    responses(
        (status = 200, description = "The deltas", body = DeltaList, example = json!(examples::deltas())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/deltas")]
pub(crate) async fn list_deltas(app: Data<App>, viewing: Viewing, paging: Paging) -> Result<Json<DeltaList>, ApiError> {
    let deltas = app.store.deltas(viewing.0.order.id, paging.part()).await?;
    let (items, next_cursor) = paging.cut(deltas, |delta| Position::new(delta.created_at, delta.id.0));
    Ok(Json(DeltaList { items, next_cursor }))
}
