//! `GET /orders/{order_id}/payments/{payment_id}`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::payment::OrderPayment;

use super::view;
use crate::{
    api::{
        auth::Viewing,
        errors, examples,
        path::{Ids, PaymentPath},
        problem::ApiError,
    },
    app::App,
};

/// One payment: poll it with the last ETag, after `poll_after_ms`.
#[utoipa::path(
    operation_id = "readPayment",
    tag = "payments",
    params(PaymentPath),
    responses(
        (status = 200, description = "The payment", body = OrderPayment, example = json!(examples::payment::awaiting())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/payments/{payment_id}")]
pub(crate) async fn read_payment(
    app: Data<App>,
    viewing: Viewing,
    path: Ids<PaymentPath>,
) -> Result<Json<OrderPayment>, ApiError> {
    let payment = app.store.payment_record(path.0.payment_id).await?;
    if payment.order_id != viewing.0.order.id {
        return Err(ApiError::NotFound);
    }
    Ok(Json(view::compose(payment, viewing.0.scope)))
}
