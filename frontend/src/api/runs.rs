//! Runs and their protocols.

use mailferry_shared::{
    ids::{OrderId, PairId, RunId},
    protocol::{ItemProtocol, Protocol, RunList},
};

use super::{
    error::ApiError,
    request::{self, Paged},
};

pub(crate) async fn runs(order: OrderId, pair: PairId) -> Result<RunList, ApiError> {
    request::get(&format!("/orders/{order}/accounts/{pair}/runs")).await
}

pub(crate) async fn protocol(order: OrderId, pair: PairId, run: RunId) -> Result<Protocol, ApiError> {
    request::get(&format!("/orders/{order}/accounts/{pair}/runs/{run}/protocol")).await
}

/// A page of the messages that were not simply copied, of one outcome if one is named.
pub(crate) async fn protocol_items(
    (order, pair, run): (OrderId, PairId, RunId),
    outcome: &str,
    cursor: Option<String>,
) -> Result<Paged<ItemProtocol>, ApiError> {
    let query = if outcome.is_empty() { String::new() } else { format!("outcome={outcome}") };
    request::page(&format!("/orders/{order}/accounts/{pair}/runs/{run}/protocol/items"), &query, cursor).await
}

/// Where the protocol can be downloaded as JSON.
pub(crate) fn protocol_json_url(order: OrderId, pair: PairId, run: RunId) -> String {
    request::url(&format!("/orders/{order}/accounts/{pair}/runs/{run}/protocol"))
}

/// Where a row per account can be downloaded.
pub(crate) fn report_url(order: OrderId) -> String {
    request::url(&format!("/orders/{order}/report.csv"))
}

/// Where the protocol can be downloaded as CSV.
pub(crate) fn protocol_csv_url(order: OrderId, pair: PairId, run: RunId) -> String {
    request::url(&format!("/orders/{order}/accounts/{pair}/runs/{run}/protocol.csv"))
}
