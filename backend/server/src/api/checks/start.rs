//! `POST /orders/{order_id}/checks`

use actix_web::{HttpResponse, http::header, post, web::Data};
use mailferry_shared::{
    API_PREFIX,
    check::{Check, CheckCreate},
    order::OrderState,
};

use crate::{
    api::{auth::Managing, errors, examples, json::Body, path::OrderPath, problem::ApiError},
    app::App,
};

/// Checks account pairs by really logging in to both sides, then counts what is there.
///
/// The work is done afterwards: read the check until `finished`.
#[utoipa::path(
    operation_id = "startCheck",
    tag = "checks",
    params(OrderPath),
    request_body(content = CheckCreate, example = json!({"pair_ids": []})),
    responses(
        (status = 202, description = "The check, not yet done", body = Check, headers(("Location" = String, description = "The check's address")), example = json!(examples::check())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[post("/orders/{order_id}/checks")]
pub(crate) async fn start_check(
    app: Data<App>,
    managing: Managing,
    body: Body<CheckCreate>,
) -> Result<HttpResponse, ApiError> {
    let (order, pair_ids) = (managing.0.order, body.read()?.pair_ids);
    if matches!(order.life.state(), OrderState::Closed | OrderState::Cancelled) {
        return Err(ApiError::Conflict("An order that is closed or cancelled has no passwords to check any more."));
    }
    for pair in &pair_ids {
        app.store.pair(order.id, *pair).await?;
    }
    let check = app.store.create_check(order.id, &pair_ids).await?;
    let location = format!("{API_PREFIX}/orders/{}/checks/{}", order.id, check.id);
    Ok(HttpResponse::Accepted().insert_header((header::LOCATION, location)).json(check))
}
