//! `GET /orders/{order_id}/payments`

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use mailferry_shared::payment::{PaymentList, PaymentMethod};

use super::view;
use crate::{
    api::{auth::Viewing, errors, etag, examples, path::OrderPath, problem::ApiError},
    app::App,
};

/// What is left to pay for an order, and its payments so far.
#[utoipa::path(
    operation_id = "listPayments",
    tag = "payments",
    params(OrderPath, ("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, description = "The payments", body = PaymentList, headers(("ETag" = String, description = "To send as If-None-Match")), example = json!(examples::payment::list())),
        (status = 304, description = "Nothing has changed"),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/payments")]
pub(crate) async fn list_payments(
    app: Data<App>,
    request: HttpRequest,
    viewing: Viewing,
) -> Result<HttpResponse, ApiError> {
    let access = viewing.0;
    let due = app.store.amount_due(&access.order).await?;
    let payments = app.store.payments(access.order.id).await?;
    let methods = if app.settings.paypal.is_some() { vec![PaymentMethod::Paypal] } else { Vec::new() };
    let items = payments.into_iter().map(|payment| view::compose(payment, access.scope)).collect();
    etag::answer(&request, &PaymentList { due, methods, items })
}
