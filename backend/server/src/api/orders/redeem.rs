//! `POST /orders/{order_id}/voucher`

use actix_web::{
    post,
    web::{Data, Json},
};
use mailferry_domain::order::OrderTransitionError;
use mailferry_shared::order::{Order, OrderState, VoucherRedeem};
use mailferry_store::MailKind;

use super::view;
use crate::{
    api::{auth::Managing, errors, examples, json::Body, path::OrderPath, problem::ApiError},
    app::App,
    jobs::life,
};

/// Pays for an order with a voucher.
///
/// An order that waits for payment starts as soon as its vouchers cover every ticked account pair. Every wrong code
/// gets the same answer.
#[utoipa::path(
    operation_id = "redeemVoucher",
    tag = "orders",
    params(OrderPath),
    request_body(content = VoucherRedeem, example = json!({"code": "MF-7K2QX-9D4TM-VB81N-C6HRA-PW5ZE3"})),
    responses(
        (status = 200, description = "The order as it is now", body = Order, example = json!(examples::order())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[post("/orders/{order_id}/voucher")]
pub(crate) async fn redeem_voucher(
    app: Data<App>,
    managing: Managing,
    body: Body<VoucherRedeem>,
) -> Result<Json<Order>, ApiError> {
    let (access, body) = (managing.0, body.read()?);
    let state = access.order.life.state();
    if matches!(state, OrderState::Closed | OrderState::Cancelled) {
        return Err(OrderTransitionError { from: state, action: "take a voucher" }.into());
    }
    let waited = state == OrderState::AwaitingPayment;
    let order = app.store.redeem_voucher(access.order.id, &body.code).await?;
    if waited && order.life.state() == OrderState::Scheduled {
        life::tell(&app.store, &order, MailKind::Submitted, life::occasion(&order)).await?;
    }
    Ok(Json(view::compose(&app, order, access.scope, access.principal.as_ref()).await?))
}
