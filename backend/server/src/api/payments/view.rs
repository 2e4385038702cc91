//! A payment as it is shown.

use mailferry_shared::{
    order::LinkScope,
    payment::{OrderPayment, PaymentState},
};
use mailferry_store::PaymentRecord;

/// Ask again after this time while PayPal is being asked, milliseconds.
const POLL_MOVING_MS: u32 = 1_000;
/// And after this time when nothing moves.
const POLL_RESTING_MS: u32 = 15_000;

/// Only who may manage the order gets the address at which the payer agrees.
pub(super) fn compose(payment: PaymentRecord, scope: LinkScope) -> OrderPayment {
    let open = matches!(payment.state, PaymentState::AwaitingApproval | PaymentState::Declined);
    let moves = matches!(payment.state, PaymentState::Creating | PaymentState::Capturing | PaymentState::Refunding);
    OrderPayment {
        id: payment.id,
        order_id: payment.order_id,
        method: payment.method,
        state: payment.state,
        amount: payment.amount,
        approve_url: payment.approve_url.filter(|_| open && scope == LinkScope::Manage),
        reference: payment.remote_capture,
        captured: payment.captured,
        created_at: payment.created_at,
        paid_at: payment.paid_at,
        refunded_minor: payment.refunded_minor,
        poll_after_ms: if moves { POLL_MOVING_MS } else { POLL_RESTING_MS },
    }
}
