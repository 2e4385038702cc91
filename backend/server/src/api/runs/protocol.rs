//! `GET /orders/{order_id}/accounts/{pair_id}/runs/{run_id}/protocol`

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use mailferry_shared::protocol::Protocol;

use crate::{
    api::{
        auth::Viewing,
        errors, etag, examples,
        path::{Ids, RunPath},
        problem::ApiError,
    },
    app::App,
};

/// The protocol of a run: per folder what became of its messages, and every message that was not simply copied, with cause and next step.
///
/// Never a subject or a body.
#[utoipa::path(
    operation_id = "readProtocol",
    tag = "runs",
    params(RunPath, ("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, description = "The protocol", body = Protocol, headers(("ETag" = String, description = "To send as If-None-Match")), example = json!(examples::protocol())),
        (status = 304, description = "Nothing has changed"),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/accounts/{pair_id}/runs/{run_id}/protocol")]
pub(crate) async fn read_protocol(
    app: Data<App>,
    request: HttpRequest,
    viewing: Viewing,
    path: Ids<RunPath>,
) -> Result<HttpResponse, ApiError> {
    let protocol = app.store.protocol(viewing.0.order.id, path.0.pair_id, path.0.run_id).await?;
    etag::answer(&request, &protocol)
}
