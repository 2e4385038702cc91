//! `GET /orders/{order_id}/payments`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::payment::{PaymentList, PaymentMethod};
use mailferry_store::Position;

use super::view;
use crate::{
    api::{
        auth::Viewing,
        errors, examples,
        page::{PageParams, Paging},
        path::OrderPath,
        problem::ApiError,
    },
    app::App,
};

/// What is left to pay for an order, and its payments so far.
#[utoipa::path(
    operation_id = "listPayments",
    tag = "payments",
    params(OrderPath, PageParams),
    responses(
        (status = 200, description = "The payments", body = PaymentList, example = json!(examples::payment::list())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/payments")]
pub(crate) async fn list_payments(
    app: Data<App>,
    viewing: Viewing,
    paging: Paging,
) -> Result<Json<PaymentList>, ApiError> {
    let access = viewing.0;
    let due = app.store.amount_due(&access.order).await?;
    let payments = app.store.payments(access.order.id, paging.part()).await?;
    let methods = if app.settings.paypal.is_some() { vec![PaymentMethod::Paypal] } else { Vec::new() };
    let (payments, next_cursor) = paging.cut(payments, |payment| Position::new(payment.created_at, payment.id.0));
    let items = payments.into_iter().map(|payment| view::compose(payment, access.scope)).collect();
    Ok(Json(PaymentList { due, methods, items, next_cursor }))
}
