//! `POST /orders/{order_id}/dry-runs`

use actix_web::{HttpResponse, http::header, post, web::Data};
use mailferry_shared::{
    API_PREFIX,
    dry_run::{DryRun, DryRunCreate},
    order::OrderState,
};

use crate::{
    api::{auth::Managing, errors, examples::dry_run as examples, json::Body, path::OrderPath, problem::ApiError},
    app::App,
};

/// Tells what a migration would do with the order's present options: the folder mapping, and per folder how many messages
/// would be copied, are there already, or would be left out and why.
///
/// The work is done afterwards: read the dry run until `finished`. Nothing is written at the destinations.
#[utoipa::path(
    operation_id = "startDryRun",
    tag = "checks",
    params(OrderPath),
    request_body(content = DryRunCreate, example = json!({"pair_ids": [], "kind": "main"})),
    responses(
        (status = 202, description = "The dry run, not yet done", body = DryRun, headers(("Location" = String, description = "The dry run's address")), example = json!(examples::begun())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[post("/orders/{order_id}/dry-runs")]
pub(crate) async fn start_dry_run(
    app: Data<App>,
    managing: Managing,
    body: Body<DryRunCreate>,
) -> Result<HttpResponse, ApiError> {
    let (order, DryRunCreate { pair_ids, kind }) = (managing.0.order, body.read()?);
    if matches!(order.life.state(), OrderState::Closed | OrderState::Cancelled) {
        return Err(ApiError::Conflict("An order that is closed or cancelled has no passwords to look with any more."));
    }
    let dry_run = app.store.create_dry_run(order.id, &pair_ids, kind).await?;
    let location = format!("{API_PREFIX}/orders/{}/dry-runs/{}", order.id, dry_run.id);
    Ok(HttpResponse::Accepted().insert_header((header::LOCATION, location)).json(dry_run))
}
