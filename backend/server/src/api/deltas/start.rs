//! `POST /orders/{order_id}/deltas`

use actix_web::{HttpResponse, http::header, post, web::Data};
use mailferry_shared::{
    API_PREFIX,
    account::AccountPair,
    ids::PairId,
    order::{Delta, DeltaCreate},
    run::RunKind,
};
use mailferry_store::{MailKind, OrderRecord};

use crate::{
    api::{auth::Managing, errors, examples, json::Body, orders::retry, path::OrderPath, problem::ApiError},
    app::App,
    jobs::life,
    readiness,
};

/// Starts a delta: fetches what has arrived at the source since the main run started, and repairs what failed.
///
/// It may be started any number of times and never makes a duplicate.
#[utoipa::path(
    operation_id = "startDelta",
    tag = "runs",
    params(OrderPath),
    request_body(content = DeltaCreate, example = json!({"pair_ids": []})),
    responses(
        (status = 202, description = "The delta, not yet done", body = Delta, headers(("Location" = String, description = "The delta's address")), example = json!(examples::delta())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[post("/orders/{order_id}/deltas")]
pub(crate) async fn start_delta(
    app: Data<App>,
    managing: Managing,
    body: Body<DeltaCreate>,
) -> Result<HttpResponse, ApiError> {
    let (order, wanted) = (managing.0.order, body.read()?.pair_ids);
    order.life.start_delta()?;
    let pairs = app.store.pairs(order.id).await?;
    let chosen = choose(&pairs, &wanted)?;
    readiness::is_complete(&chosen, &order)?;
    let act = async |order: &OrderRecord| app.store.start_delta(order, &wanted).await;
    let id = retry::on_conflict(&app.store, order.clone(), act).await?;
    life::tell(&app.store, &order, MailKind::DeltaStarted, &id.to_string()).await?;
    let (order_id, delta) = (order.id, app.store.delta(order.id, id).await?);
    let location = format!("{API_PREFIX}/orders/{order_id}/deltas/{id}");
    Ok(HttpResponse::Accepted().insert_header((header::LOCATION, location)).json(delta))
}

/// The pairs that the delta is for: those named, or all that have had their main run.
fn choose<'a>(pairs: &'a [AccountPair], wanted: &[PairId]) -> Result<Vec<&'a AccountPair>, ApiError> {
    let had_main = |pair: &AccountPair| pair.runs.iter().any(|run| run.kind == RunKind::Main);
    if wanted.is_empty() {
        return Ok(pairs.iter().filter(|pair| had_main(pair)).collect());
    }
    let find = |id: &PairId| pairs.iter().find(|pair| pair.id == *id);
    let chosen = wanted.iter().map(find).collect::<Option<Vec<_>>>().ok_or(ApiError::NotFound)?;
    if chosen.iter().all(|pair| had_main(pair)) {
        Ok(chosen)
    } else {
        Err(ApiError::Conflict("A delta is for account pairs that have had their main run."))
    }
}
