//! `POST /orders/{order_id}/payments/{payment_id}/capture`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::payment::OrderPayment;

use super::view;
use crate::{
    api::{
        auth::Managing,
        errors, examples,
        json::NoBody,
        path::{Ids, PaymentPath},
        problem::ApiError,
    },
    app::App,
};

/// Takes the money, after the payer has agreed and come back.
///
/// Poll the payment until it is `paid`: the order that waited for it is scheduled then. It may also become `pending`
/// (PayPal holds it back; it is settled without anybody's doing), `declined` (the payer can choose another means of
/// payment at `approve_url`), or wait for approval again. Asking more than once takes nothing twice.
#[utoipa::path(
    operation_id = "capturePayment",
    tag = "payments",
    params(PaymentPath),
    responses(
        (status = 202, description = "The payment; PayPal is being asked", body = OrderPayment, example = json!(examples::payment::capturing())),
        errors::Guarded,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[post("/orders/{order_id}/payments/{payment_id}/capture")]
pub(crate) async fn capture_payment(
    app: Data<App>,
    managing: Managing,
    path: Ids<PaymentPath>,
    body: NoBody,
) -> Result<HttpResponse, ApiError> {
    let access = managing.0;
    body.read()?;
    let payment = app.store.begin_capture(access.order.id, path.0.payment_id).await?;
    Ok(HttpResponse::Accepted().json(view::compose(payment, access.scope)))
}
