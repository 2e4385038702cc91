//! MX records and payments.

use mailferry_shared::{
    ids::{OrderId, PaymentId},
    payment::{OrderPayment, PaymentCreate, PaymentList},
    schedule::MxReport,
};

use super::request::{self, ApiError, Method, Polled};

pub(crate) async fn poll_mx(order: OrderId, etag: Option<&str>) -> Result<Polled<MxReport>, ApiError> {
    request::poll(&format!("/orders/{order}/mx"), etag).await
}

pub(crate) async fn payments(order: OrderId) -> Result<PaymentList, ApiError> {
    request::get(&format!("/orders/{order}/payments")).await
}

pub(crate) async fn begin_payment(order: OrderId) -> Result<OrderPayment, ApiError> {
    request::send(Method::Post, &format!("/orders/{order}/payments"), &PaymentCreate::default()).await
}

pub(crate) async fn capture_payment(order: OrderId, id: PaymentId) -> Result<OrderPayment, ApiError> {
    request::act(&format!("/orders/{order}/payments/{id}/capture")).await
}

pub(crate) async fn payment(order: OrderId, id: PaymentId) -> Result<OrderPayment, ApiError> {
    request::get(&format!("/orders/{order}/payments/{id}")).await
}
