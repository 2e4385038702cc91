//! `POST /orders/{order_id}/unschedule`

use actix_web::{
    post,
    web::{Data, Json},
};
use mailferry_shared::{key::Scope, order::Order, request::RequestState};
use mailferry_store::OrderRecord;

use super::{retry, view};
use crate::{
    api::{auth::Managing, errors, examples, json::NoBody, path::OrderPath, problem::ApiError},
    app::App,
};

/// Takes the start of a scheduled order back, so that it can be changed and started again.
///
/// It is a draft again, or the completed trial that was to become a full migration. Accounts, passwords, checks, vouchers
/// that were redeemed and payments stay, and the time stays as the wish; what a pre-configured link has paid at the start
/// comes back to it, and is paid again at the next start. Once the first run has begun, pause the order instead. What the
/// operator has scheduled by a requested migration is for the operator alone to take back.
#[utoipa::path(
    operation_id = "unscheduleOrder",
    tag = "orders",
    params(OrderPath),
    responses(
        (status = 200, description = "The order as it is now", body = Order, example = json!(examples::order())),
        errors::Guarded,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[post("/orders/{order_id}/unschedule")]
pub(crate) async fn unschedule_order(
    app: Data<App>,
    managing: Managing,
    body: NoBody,
) -> Result<Json<Order>, ApiError> {
    let access = managing.0;
    body.read()?;
    let operates = access.principal.as_ref().is_some_and(|who| who.needs(Scope::RequestsWrite).is_ok());
    if !operates && app.store.request_state(access.order.id).await?.is_some_and(RequestState::is_open) {
        return Err(ApiError::Conflict(
            "The operator has scheduled this migration; cancel the request, or write to them.",
        ));
    }
    let act = async |order: &OrderRecord| app.store.unschedule_order(order).await;
    let order = retry::on_conflict(&app.store, access.order, act).await?;
    Ok(Json(view::compose(&app, order, access.scope, access.principal.as_ref()).await?))
}
