//! `GET /orders/{order_id}/deltas/{delta_id}`

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use mailferry_shared::order::Delta;

use crate::{
    api::{
        auth::Viewing,
        errors, etag, examples,
        path::{DeltaPath, Ids},
        problem::ApiError,
    },
    app::App,
};

/// A delta with its runs.
#[utoipa::path(
    operation_id = "readDelta",
    tag = "runs",
    params(DeltaPath, ("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, description = "The delta", body = Delta, headers(("ETag" = String, description = "To send as If-None-Match")), example = json!(examples::delta())),
        (status = 304, description = "Nothing has changed"),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/deltas/{delta_id}")]
pub(crate) async fn read_delta(
    app: Data<App>,
    request: HttpRequest,
    viewing: Viewing,
    path: Ids<DeltaPath>,
) -> Result<HttpResponse, ApiError> {
    let delta = app.store.delta(viewing.0.order.id, path.0.delta_id).await?;
    etag::answer(&request, &delta)
}
