//! `POST /orders/{order_id}/verifications`

use actix_web::{HttpResponse, http::header, post, web::Data};
use mailferry_shared::{
    API_PREFIX,
    account::AccountPair,
    order::OrderState,
    verification::{Verification, VerificationCreate},
};
use mailferry_store::StoreError;

use crate::{
    api::{auth::Managing, errors, examples, json::Body, path::OrderPath, problem::ApiError},
    app::App,
};

/// Fetches every copied message from the destinations again and compares it with what was copied.
///
/// The work is done afterwards: read the verification until `finished`. Nothing is written at the destinations.
#[utoipa::path(
    operation_id = "startVerification",
    tag = "verifications",
    params(OrderPath),
    request_body(content = VerificationCreate, example = json!({"pair_ids": []})),
    responses(
        (status = 202, description = "The verification, not yet done", body = Verification, headers(("Location" = String, description = "The verification's address")), example = json!(examples::verification())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[post("/orders/{order_id}/verifications")]
pub(crate) async fn start_verification(
    app: Data<App>,
    managing: Managing,
    body: Body<VerificationCreate>,
) -> Result<HttpResponse, ApiError> {
    let (order, pair_ids) = (managing.0.order, body.read()?.pair_ids);
    may_be_verified(order.life.state())?;
    for id in &pair_ids {
        had_a_run(&app.store.pair(order.id, *id).await?)?;
    }
    let verification = match app.store.create_verification(order.id, &pair_ids).await {
        Err(StoreError::NothingTicked) => return Err(NOTHING_COPIED),
        other => other?,
    };
    let location = format!("{API_PREFIX}/orders/{}/verifications/{}", order.id, verification.id);
    Ok(HttpResponse::Accepted().insert_header((header::LOCATION, location)).json(verification))
}

const NOTHING_COPIED: ApiError = ApiError::Conflict("A verification is for account pairs that have had a run.");

fn may_be_verified(state: OrderState) -> Result<(), ApiError> {
    match state {
        OrderState::Closed | OrderState::Cancelled => {
            Err(ApiError::Conflict("An order that is closed or cancelled has no passwords to verify with any more."))
        }
        OrderState::Active => Err(ApiError::Conflict("Wait until the migration has ended, or pause it.")),
        OrderState::Draft
        | OrderState::AwaitingPayment
        | OrderState::Scheduled
        | OrderState::Paused
        | OrderState::Completed => Ok(()),
    }
}

fn had_a_run(pair: &AccountPair) -> Result<(), ApiError> {
    if pair.runs.is_empty() { Err(NOTHING_COPIED) } else { Ok(()) }
}
