//! `POST /orders/{order_id}/retry`

use actix_web::{
    post,
    web::{Data, Json},
};
use mailferry_shared::{account::AccountPair, order::Order};
use mailferry_store::{MailKind, OrderRecord};

use super::{retry, view};
use crate::{
    api::{auth::Managing, errors, examples, json::NoBody, path::OrderPath, problem::ApiError},
    app::App,
    jobs::life,
    readiness,
};

/// Tries again what failed: a run for each account pair whose latest run left something uncopied, or could not work.
///
/// It is a delta (after a trial, another trial) for these pairs alone: what failed is tried again, what has arrived at the
/// source meanwhile comes along, and what has been copied is not copied again. Pairs whose run has succeeded are left alone.
#[utoipa::path(
    operation_id = "retryOrder",
    tag = "runs",
    params(OrderPath),
    responses(
        (status = 200, description = "The order as it is now", body = Order, example = json!(examples::order())),
        errors::Guarded,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[post("/orders/{order_id}/retry")]
pub(crate) async fn retry_order(app: Data<App>, managing: Managing, body: NoBody) -> Result<Json<Order>, ApiError> {
    let access = managing.0;
    body.read()?;
    access.order.life.retry()?;
    let failed = app.store.pairs_to_retry(access.order.id).await?;
    if failed.is_empty() {
        return Err(ApiError::Conflict("Nothing has failed: there is nothing to try again."));
    }
    let pairs = app.store.pairs(access.order.id).await?;
    let chosen: Vec<&AccountPair> = pairs.iter().filter(|pair| failed.contains(&pair.id)).collect();
    readiness::is_complete(&chosen, &access.order)?;
    let act = async |order: &OrderRecord| app.store.retry_order(order).await;
    let (order, delta) = retry::on_conflict(&app.store, access.order, act).await?;
    if let Some(delta) = delta {
        life::tell(&app.store, &order, MailKind::DeltaStarted, &delta.to_string()).await?;
    }
    Ok(Json(view::compose(&app, order, access.scope, access.principal.as_ref()).await?))
}
