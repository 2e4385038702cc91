//! Runs and their protocols.

use mailferry_shared::{
    ids::{OrderId, PairId, RunId},
    protocol::{Protocol, RunList},
};

use super::request::{self, ApiError};

pub(crate) async fn runs(order: OrderId, pair: PairId) -> Result<RunList, ApiError> {
    request::get(&format!("/orders/{order}/accounts/{pair}/runs")).await
}

pub(crate) async fn protocol(order: OrderId, pair: PairId, run: RunId) -> Result<Protocol, ApiError> {
    request::get(&format!("/orders/{order}/accounts/{pair}/runs/{run}/protocol")).await
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
