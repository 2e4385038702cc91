//! `GET /orders/{order_id}/checks/{check_id}`

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use mailferry_shared::check::Check;

use crate::{
    api::{
        auth::Viewing,
        errors, etag, examples,
        path::{CheckPath, Ids},
        problem::ApiError,
    },
    app::App,
};

/// A check with the results so far, per side, with findings.
#[utoipa::path(
    operation_id = "readCheck",
    tag = "checks",
    params(CheckPath, ("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, description = "The check", body = Check, headers(("ETag" = String, description = "To send as If-None-Match")), example = json!(examples::check())),
        (status = 304, description = "Nothing has changed"),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/checks/{check_id}")]
pub(crate) async fn read_check(
    app: Data<App>,
    request: HttpRequest,
    viewing: Viewing,
    path: Ids<CheckPath>,
) -> Result<HttpResponse, ApiError> {
    let check = app.store.check(viewing.0.order.id, path.0.check_id).await?;
    etag::answer(&request, &check)
}
