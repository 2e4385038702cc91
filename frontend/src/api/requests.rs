//! Requested migrations: what customers ask, and the operator's queue.

use mailferry_shared::{
    ids::{AttachmentId, OrderId, RequestId},
    import::{ImportRequest, ImportResult},
    request::{MigrationRequest, RequestCreate, RequestDecline, RequestListItem, RequestSent, RequestStart},
};

use super::{
    error::ApiError,
    request::{self, Method, Paged, Polled},
};

/// Shows what a file of accounts holds, without any order.
pub(crate) async fn preview_import(file: &ImportRequest) -> Result<ImportResult, ApiError> {
    request::send(Method::Post, "/imports/preview", file).await
}

pub(crate) async fn create_request(wanted: &RequestCreate) -> Result<RequestSent, ApiError> {
    request::send(Method::Post, "/requests", wanted).await
}

/// The request that an order was made by.
pub(crate) async fn poll_order_request(
    order: OrderId,
    etag: Option<&str>,
) -> Result<Polled<MigrationRequest>, ApiError> {
    request::poll(&format!("/orders/{order}/request"), etag).await
}

pub(crate) async fn cancel_request(order: OrderId) -> Result<MigrationRequest, ApiError> {
    request::act(&format!("/orders/{order}/request/cancel")).await
}

/// One page of the operator's queue; `query` is what is asked for, `name=value&…`.
pub(crate) async fn requests(query: &str, cursor: Option<String>) -> Result<Paged<RequestListItem>, ApiError> {
    request::page("/requests", query, cursor).await
}

pub(crate) async fn poll_request(id: RequestId, etag: Option<&str>) -> Result<Polled<MigrationRequest>, ApiError> {
    request::poll(&format!("/requests/{id}"), etag).await
}

pub(crate) async fn accept_request(id: RequestId) -> Result<MigrationRequest, ApiError> {
    request::act(&format!("/requests/{id}/accept")).await
}

pub(crate) async fn decline_request(id: RequestId, words: &RequestDecline) -> Result<MigrationRequest, ApiError> {
    request::send(Method::Post, &format!("/requests/{id}/decline"), words).await
}

pub(crate) async fn start_request(id: RequestId, start: &RequestStart) -> Result<MigrationRequest, ApiError> {
    request::send(Method::Post, &format!("/requests/{id}/start"), start).await
}

/// Where a file of a request can be downloaded.
pub(crate) fn attachment_url(id: RequestId, attachment: AttachmentId) -> String {
    request::url(&format!("/requests/{id}/attachments/{attachment}"))
}
