//! Examples of what is about money.

use mailferry_shared::{
    ids::{OrderId, PaymentId},
    payment::{Amount, Captured, OrderPayment, PaymentList, PaymentMethod, PaymentState, Price, TenantPrice},
};

use super::{at, id};

/// A price with its tax inside.
pub fn price() -> Option<Price> {
    Some(Price {
        currency: "EUR".parse().ok()?,
        pair_minor: 1490,
        tax_name: "VAT".to_owned(),
        tax_basis_points: 1900,
        tax_included: true,
    })
}

/// It, or none.
pub fn tenant_price() -> TenantPrice {
    TenantPrice { price: price() }
}

fn amount() -> Option<Amount> {
    mailferry_domain::money::amount(&price()?, 2)
}

fn captured() -> Option<Captured> {
    let asked = amount()?;
    Some(Captured { amount_minor: asked.total_minor, currency: asked.price.currency })
}

fn payment(state: PaymentState) -> Option<OrderPayment> {
    let agreed = matches!(state, PaymentState::Paid | PaymentState::Refunding);
    Some(OrderPayment {
        id: PaymentId(id(16)),
        order_id: OrderId(id(1)),
        method: PaymentMethod::Paypal,
        state,
        amount: amount()?,
        approve_url: (state == PaymentState::AwaitingApproval)
            .then(|| "https://www.paypal.com/checkoutnow?token=5O190127TN364715T".to_owned()),
        reference: agreed.then(|| "3C679366HH908993F".to_owned()),
        captured: captured().filter(|_| agreed),
        created_at: at(0),
        paid_at: agreed.then(|| at(2)),
        refunded_minor: 0,
        poll_after_ms: 1000,
    })
}

/// One that PayPal is being told of.
pub fn creating() -> Option<OrderPayment> {
    payment(PaymentState::Creating)
}

/// One that waits for the payer.
pub fn awaiting() -> Option<OrderPayment> {
    payment(PaymentState::AwaitingApproval)
}

/// One whose money is being taken.
pub fn capturing() -> Option<OrderPayment> {
    payment(PaymentState::Capturing)
}

/// One that is being paid back.
pub fn refunding() -> Option<OrderPayment> {
    payment(PaymentState::Refunding)
}

/// What is left to pay, and a payment.
pub fn list() -> PaymentList {
    PaymentList {
        due: amount(),
        methods: vec![PaymentMethod::Paypal],
        items: payment(PaymentState::AwaitingApproval).into_iter().collect(),
        next_cursor: None,
    }
}
