//! The service, its providers, orders and sessions.

use mailferry_shared::{
    ids::OrderId,
    link::{LinkOffer, LinkOpen},
    order::{Delta, DeltaCreate, Order, OrderChange, OrderCreate, OrderStart, Session, SessionCreate, VoucherRedeem},
    progress::Progress,
    provider::ProviderList,
    service::ServiceInfo,
};

use super::{
    error::ApiError,
    request::{self, Method, Polled},
};

/// What one can ask of an order without saying more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Pause,
    Resume,
    Cancel,
    Retry,
    ForgetPasswords,
    Unschedule,
}

pub(crate) async fn service() -> Result<ServiceInfo, ApiError> {
    request::get("/service").await
}

pub(crate) async fn providers() -> Result<ProviderList, ApiError> {
    request::get("/providers").await
}

pub(crate) async fn create_order(order: &OrderCreate) -> Result<Order, ApiError> {
    request::send(Method::Post, "/orders", order).await
}

pub(crate) async fn read_order(id: OrderId) -> Result<Order, ApiError> {
    request::get(&format!("/orders/{id}")).await
}

pub(crate) async fn change_order(id: OrderId, change: &OrderChange) -> Result<Order, ApiError> {
    request::send(Method::Patch, &format!("/orders/{id}"), change).await
}

pub(crate) async fn delete_order(id: OrderId) -> Result<(), ApiError> {
    request::delete(&format!("/orders/{id}")).await
}

pub(crate) async fn start_order(id: OrderId, start: &OrderStart) -> Result<Order, ApiError> {
    request::send(Method::Post, &format!("/orders/{id}/start"), start).await
}

pub(crate) async fn act_on_order(id: OrderId, act: Act) -> Result<Order, ApiError> {
    let verb = match act {
        Act::Pause => "pause",
        Act::Resume => "resume",
        Act::Cancel => "cancel",
        Act::Retry => "retry",
        Act::ForgetPasswords => "forget-passwords",
        Act::Unschedule => "unschedule",
    };
    request::act(&format!("/orders/{id}/{verb}")).await
}

/// Revokes every link that is out; the order holds the new ones.
pub(crate) async fn renew_links(id: OrderId) -> Result<Order, ApiError> {
    request::act(&format!("/orders/{id}/links")).await
}

pub(crate) async fn redeem_voucher(id: OrderId, voucher: &VoucherRedeem) -> Result<Order, ApiError> {
    request::send(Method::Post, &format!("/orders/{id}/voucher"), voucher).await
}

/// What a pre-configured link offers.
pub(crate) async fn open_link(link: &LinkOpen) -> Result<LinkOffer, ApiError> {
    request::send(Method::Post, "/offers", link).await
}

pub(crate) async fn open_session(session: &SessionCreate) -> Result<Session, ApiError> {
    request::send(Method::Post, "/sessions", session).await
}

pub(crate) async fn start_delta(id: OrderId) -> Result<Delta, ApiError> {
    request::send(Method::Post, &format!("/orders/{id}/deltas"), &DeltaCreate::default()).await
}

pub(crate) async fn poll_progress(id: OrderId, etag: Option<&str>) -> Result<Polled<Progress>, ApiError> {
    request::poll(&format!("/orders/{id}/progress"), etag).await
}
