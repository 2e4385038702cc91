//! `POST /orders/{order_id}/payments`

use actix_web::{HttpResponse, http::header, post, web::Data};
use mailferry_shared::{
    API_PREFIX,
    payment::{OrderPayment, PaymentCreate},
};

use super::view;
use crate::{
    api::{auth::Managing, errors, examples, json::Body, path::OrderPath, problem::ApiError},
    app::App,
};

/// Begins a payment of what is left to pay.
///
/// The amount is computed here. Poll the payment until it has an `approve_url`, send the payer's browser there, and ask
/// for the capture when it comes back. Asking once more for the same amount gives back the payment that waits already.
#[utoipa::path(
    operation_id = "beginPayment",
    tag = "payments",
    params(OrderPath),
    request_body(content = PaymentCreate, example = json!({"method": "paypal"})),
    responses(
        (status = 202, description = "The payment; PayPal is being asked", body = OrderPayment, headers(("Location" = String, description = "The payment's address")), example = json!(examples::payment::creating())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[post("/orders/{order_id}/payments")]
pub(crate) async fn begin_payment(
    app: Data<App>,
    managing: Managing,
    body: Body<PaymentCreate>,
) -> Result<HttpResponse, ApiError> {
    let (access, body) = (managing.0, body.read()?);
    if app.settings.paypal.is_none() {
        return Err(ApiError::PaymentNotOffered);
    }
    let payment = app.store.begin_payment(access.order.id, body.method).await?;
    let location = format!("{API_PREFIX}/orders/{}/payments/{}", access.order.id, payment.id);
    let payment = view::compose(payment, access.scope);
    Ok(HttpResponse::Accepted().insert_header((header::LOCATION, location)).json(payment))
}
