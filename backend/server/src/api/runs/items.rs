//! `GET /orders/{order_id}/accounts/{pair_id}/runs/{run_id}/protocol/items`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::protocol::{ItemOutcome, ProtocolItemPage};
use mailferry_store::ItemPart;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::Viewing,
        errors,
        examples::protocol as examples,
        page::{PageParams, Paging},
        path::{Ids, RunPath},
        problem::ApiError,
        query::Query,
    },
    app::App,
};

/// What to list.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct ItemsQuery {
    /// Only messages of this outcome.
    #[param(example = "failed", inline)]
    outcome: Option<ItemOutcome>,
}

/// All messages of a run that were not simply copied: failed, uncertain, skipped, duplicate.
///
/// Never a body, and subjects only while the order's option `show_subjects` is on. While the run is under way messages can be added, and leave the list once they are copied.
#[utoipa::path(
    operation_id = "listProtocolItems",
    tag = "runs",
    params(RunPath, ItemsQuery, PageParams),
    responses(
        (status = 200, description = "One page", body = ProtocolItemPage, example = json!(examples::item_page())),
        errors::Guarded,
        errors::WithQuery,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/accounts/{pair_id}/runs/{run_id}/protocol/items")]
pub(crate) async fn list_protocol_items(
    app: Data<App>,
    viewing: Viewing,
    path: Ids<RunPath>,
    query: Query<ItemsQuery>,
    paging: Paging,
) -> Result<Json<ProtocolItemPage>, ApiError> {
    let RunPath { pair_id, run_id, .. } = path.0;
    let wanted = ItemPart { outcome: query.0.outcome, part: paging.part() };
    let found = app.store.protocol_items(viewing.0.order.id, pair_id, run_id, wanted).await?;
    let (items, next_cursor) = paging.cut(found, |(position, _)| *position);
    Ok(Json(ProtocolItemPage { items: items.into_iter().map(|(_, item)| item).collect(), next_cursor }))
}
