//! `GET /orders/{order_id}/verifications`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::verification::VerificationList;
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

/// The verifications of an order, the last one first. Read one by its id for the messages that it names.
#[utoipa::path(
    operation_id = "listVerifications",
    tag = "verifications",
    params(OrderPath, PageParams),
    responses(
        (status = 200, description = "The verifications", body = VerificationList, example = json!(examples::verifications())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/verifications")]
pub(crate) async fn list_verifications(
    app: Data<App>,
    viewing: Viewing,
    paging: Paging,
) -> Result<Json<VerificationList>, ApiError> {
    let found = app.store.verifications(viewing.0.order.id, paging.part()).await?;
    let (items, next_cursor) = paging.cut(found, |one| Position::new(one.created_at, one.id.0));
    Ok(Json(VerificationList { items: items.into_iter().map(Into::into).collect(), next_cursor }))
}
