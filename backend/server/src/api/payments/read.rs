//! `GET /orders/{order_id}/payments/{payment_id}`

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use mailferry_shared::payment::OrderPayment;

use super::view;
use crate::{
    api::{
        auth::Viewing,
        errors, etag, examples,
        path::{Ids, PaymentPath},
        problem::ApiError,
    },
    app::App,
};

/// One payment: poll it with the last ETag, after `poll_after_ms`.
#[utoipa::path(
    operation_id = "readPayment",
    tag = "payments",
    params(PaymentPath, ("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, description = "The payment", body = OrderPayment, headers(("ETag" = String, description = "To send as If-None-Match")), example = json!(examples::payment::awaiting())),
        (status = 304, description = "Nothing has changed"),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/payments/{payment_id}")]
pub(crate) async fn read_payment(
    app: Data<App>,
    request: HttpRequest,
    viewing: Viewing,
    path: Ids<PaymentPath>,
) -> Result<HttpResponse, ApiError> {
    let payment = app.store.payment_record(path.0.payment_id).await?;
    if payment.order_id != viewing.0.order.id {
        return Err(ApiError::NotFound);
    }
    etag::answer(&request, &view::compose(payment, viewing.0.scope))
}
