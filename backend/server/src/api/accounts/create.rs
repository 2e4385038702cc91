//! `POST /orders/{order_id}/accounts`

use actix_web::{HttpResponse, http::header, post, web::Data};
use mailferry_domain::order::OrderTransitionError;
use mailferry_shared::{
    API_PREFIX,
    account::{AccountCreate, AccountPair},
    order::OrderAction,
};
use mailferry_store::OrderRecord;

use crate::{
    api::{auth::Managing, errors, examples, json::Body, path::OrderPath, problem::ApiError, validate::Check},
    app::App,
};

/// Adds an account pair, while the order has not been started.
///
/// Passwords are sealed and never given back. A pair between two mailboxes that another pair of the order is for already is
/// refused.
#[utoipa::path(
    operation_id = "createAccount",
    tag = "accounts",
    params(OrderPath),
    request_body(content = AccountCreate, example = json!(examples::account_create())),
    responses(
        (status = 201, description = "The new account pair", body = AccountPair, headers(("Location" = String, description = "The pair's address")), example = json!(examples::account())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[post("/orders/{order_id}/accounts")]
pub(crate) async fn create_account(
    app: Data<App>,
    managing: Managing,
    body: Body<AccountCreate>,
) -> Result<HttpResponse, ApiError> {
    let (access, account) = (managing.0, body.read()?);
    let order = &access.order;
    may_change(order)?;
    let mut check = Check::within(order.asker.sandbox);
    check.account(&account, &app.settings.oauth);
    check.done()?;
    access.may_move("/source/user", account.source.mailbox(), account.destination.mailbox())?;
    let limit = app.store.max_pairs(order.tenant_id, app.settings.limits.max_pairs).await?;
    let created = app.store.create_pairs(order.id, limit, &[account]).await?;
    let id = *created.first().ok_or_else(|| ApiError::internal("no pair was created"))?;
    let pair = app.store.pair(order.id, id).await?;
    let location = format!("{API_PREFIX}/orders/{}/accounts/{id}", order.id);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(pair))
}

/// Pairs are added, ticked and deleted before the start only.
///
/// # Errors
/// [`OrderTransitionError`] naming the order's state.
pub(in crate::api) fn may_change(order: &OrderRecord) -> Result<(), OrderTransitionError> {
    if order.life.actions().contains(&OrderAction::Change) {
        Ok(())
    } else {
        Err(OrderTransitionError { from: order.life.state(), action: "have its accounts changed" })
    }
}
