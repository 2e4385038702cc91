//! Verifications: the destination is fetched again and compared.

use mailferry_shared::{
    ids::{OrderId, VerificationId},
    verification::{Verification, VerificationCreate, VerificationList},
};

use super::{
    error::ApiError,
    request::{self, Method, Polled},
};

pub(crate) async fn verifications(order: OrderId) -> Result<VerificationList, ApiError> {
    request::get(&format!("/orders/{order}/verifications")).await
}

pub(crate) async fn start_verification(order: OrderId) -> Result<Verification, ApiError> {
    request::send(Method::Post, &format!("/orders/{order}/verifications"), &VerificationCreate::default()).await
}

pub(crate) async fn poll_verification(
    order: OrderId,
    id: VerificationId,
    etag: Option<&str>,
) -> Result<Polled<Verification>, ApiError> {
    request::poll(&format!("/orders/{order}/verifications/{id}"), etag).await
}
