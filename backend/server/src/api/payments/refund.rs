//! `POST /payments/{payment_id}/refund`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::{
    order::LinkScope,
    payment::{OrderPayment, RefundCreate},
};

use super::view;
use crate::{
    api::{
        auth::{Acting, acting::PaymentsWrite},
        errors, examples,
        json::Body,
        path::{Ids, PaidPath},
        problem::ApiError,
    },
    app::App,
};

/// Pays back a payment, all of it or a part: for its seller, the tenant of the order.
///
/// All of it is refused while the order waits to start or runs, unless payment was waived: cancel it first. Poll the payment until it is `refunded`, or
/// `paid` again with the part in `refunded_minor`. A payment that is `mismatched` goes back as a whole only.
#[utoipa::path(
    operation_id = "refundPayment",
    tag = "payments",
    params(PaidPath),
    request_body(content = RefundCreate, example = json!({"amount_minor": 500})),
    responses(
        (status = 202, description = "The payment; PayPal is being asked", body = OrderPayment, example = json!(examples::payment::refunding())),
        errors::Guarded,
        errors::WithBody,
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
    body: Body<RefundCreate>,
) -> Result<HttpResponse, ApiError> {
    let amount_minor = body.read()?.amount_minor;
    let payment = app.store.begin_refund(acting.0.tenant_id, path.0.payment_id, amount_minor).await?;
    Ok(HttpResponse::Accepted().json(view::compose(payment, LinkScope::Manage)))
}
