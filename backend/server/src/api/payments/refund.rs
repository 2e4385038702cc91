//! `POST /payments/{payment_id}/refund`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::{order::LinkScope, payment::OrderPayment};

use super::view;
use crate::{
    api::{
        auth::{Acting, acting::PaymentsWrite},
        errors, examples,
        json::NoBody,
        path::{Ids, PaidPath},
        problem::ApiError,
    },
    app::App,
};

/// Pays back a payment, all of it: for its seller, the tenant of the order.
///
/// Refused while the order waits to start or runs: cancel it first. Poll the payment until it is `refunded`.
#[utoipa::path(
    operation_id = "refundPayment",
    tag = "payments",
    params(PaidPath),
    responses(
        (status = 202, description = "The payment; PayPal is being asked", body = OrderPayment, example = json!(examples::payment::refunding())),
        errors::Guarded,
        errors::OfState,
        errors::Always,
    ),
    security(("api_key" = ["payments:write"])),
)]
#[post("/payments/{payment_id}/refund")]
pub(crate) async fn refund_payment(
    app: Data<App>,
    acting: Acting<PaymentsWrite>,
    path: Ids<PaidPath>,
    body: NoBody,
) -> Result<HttpResponse, ApiError> {
    body.read()?;
    let payment = app.store.begin_refund(acting.0.tenant_id, path.0.payment_id).await?;
    Ok(HttpResponse::Accepted().json(view::compose(payment, LinkScope::Manage)))
}
