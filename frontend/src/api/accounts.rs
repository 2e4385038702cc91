//! Account pairs, imports and checks.

use mailferry_shared::{
    account::{AccountChange, AccountCreate, AccountList, AccountPair, AccountTicks},
    check::{Check, CheckCreate},
    ids::{CheckId, OrderId, PairId},
    import::{ImportRequest, ImportResult},
    order::Order,
};

use super::{
    error::ApiError,
    request::{self, Method, Polled},
};

pub(crate) async fn poll_accounts(order: OrderId, etag: Option<&str>) -> Result<Polled<AccountList>, ApiError> {
    request::poll(&format!("/orders/{order}/accounts?limit=500"), etag).await
}

pub(crate) async fn create_account(order: OrderId, account: &AccountCreate) -> Result<AccountPair, ApiError> {
    request::send(Method::Post, &format!("/orders/{order}/accounts"), account).await
}

pub(crate) async fn change_account(
    order: OrderId,
    pair: PairId,
    change: &AccountChange,
) -> Result<AccountPair, ApiError> {
    request::send(Method::Patch, &format!("/orders/{order}/accounts/{pair}"), change).await
}

/// Ticks or unticks every pair.
pub(crate) async fn tick_accounts(order: OrderId, ticked: bool) -> Result<Order, ApiError> {
    let ticks = AccountTicks { ticked, pair_ids: Vec::new() };
    request::send(Method::Patch, &format!("/orders/{order}/accounts"), &ticks).await
}

pub(crate) async fn delete_account(order: OrderId, pair: PairId) -> Result<(), ApiError> {
    request::delete(&format!("/orders/{order}/accounts/{pair}")).await
}

pub(crate) async fn import_accounts(order: OrderId, import: &ImportRequest) -> Result<ImportResult, ApiError> {
    request::send(Method::Post, &format!("/orders/{order}/imports"), import).await
}

/// Where the example of a file of this layout can be downloaded.
pub(crate) fn import_example_url(layout: &str) -> String {
    request::url(&format!("/imports/examples/{layout}"))
}

pub(crate) async fn start_check(order: OrderId, check: &CheckCreate) -> Result<Check, ApiError> {
    request::send(Method::Post, &format!("/orders/{order}/checks"), check).await
}

pub(crate) async fn poll_check(order: OrderId, check: CheckId, etag: Option<&str>) -> Result<Polled<Check>, ApiError> {
    request::poll(&format!("/orders/{order}/checks/{check}"), etag).await
}
