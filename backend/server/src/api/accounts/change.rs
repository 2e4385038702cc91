//! `PATCH /orders/{order_id}/accounts/{pair_id}`

use actix_web::{
    patch,
    web::{Data, Json},
};
use mailferry_shared::{
    account::{AccountChange, AccountPair, Side, SideInput},
    order::OrderState,
};
use mailferry_store::OrderRecord;

use super::create::may_change;
use crate::{
    api::{
        auth::Managing,
        errors, examples,
        json::Body,
        path::{Ids, PairPath},
        problem::ApiError,
        validate::Check,
    },
    app::App,
};

/// Changes an account pair; what is absent stays.
///
/// After the start only a side's password can still be changed, since a run or a delta may need a new one.
#[utoipa::path(
    operation_id = "changeAccount",
    tag = "accounts",
    params(PairPath),
    request_body(content = AccountChange, example = json!({"ticked": false})),
    responses(
        (status = 200, description = "The pair as it is now", body = AccountPair, example = json!(examples::account())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[patch("/orders/{order_id}/accounts/{pair_id}")]
pub(crate) async fn change_account(
    app: Data<App>,
    managing: Managing,
    path: Ids<PairPath>,
    body: Body<AccountChange>,
) -> Result<Json<AccountPair>, ApiError> {
    let (access, pair_id, change) = (managing.0, path.0.pair_id, body.read()?);
    let order = &access.order;
    let mut check = Check::within(order.asker.sandbox);
    check.account_change(&change, &app.settings.oauth);
    check.done()?;
    let pair = app.store.pair(order.id, pair_id).await?;
    let new = |change: &Option<SideInput>, old: &Side| {
        change.as_ref().map_or_else(|| old.mailbox().to_owned(), |side| side.mailbox().to_owned())
    };
    access.may_move(
        "/source/user",
        &new(&change.source, &pair.source),
        &new(&change.destination, &pair.destination),
    )?;
    if let Err(error) = may_change(order) {
        may_change_passwords(order, &pair, &change).ok_or(error)?;
    }
    Ok(Json(app.store.change_pair(order.id, pair_id, &change).await?))
}

/// `Some` if the change is of passwords only, and the order can still need them.
fn may_change_passwords(order: &OrderRecord, pair: &AccountPair, change: &AccountChange) -> Option<()> {
    let over = matches!(order.life.state(), OrderState::Closed | OrderState::Cancelled);
    let same = |new: &Option<SideInput>, old: &Side| new.as_ref().is_none_or(|new| is_same_login(new, old));
    let ticked = change.ticked.is_none_or(|ticked| ticked == pair.ticked);
    (!over && ticked && same(&change.source, &pair.source) && same(&change.destination, &pair.destination))
        .then_some(())
}

fn is_same_login(new: &SideInput, old: &Side) -> bool {
    new.user == old.user
        && new.act_for == old.act_for
        && new.endpoint == old.endpoint
        && new.credential == old.credential
        && new.delegation == old.delegation
        && new.by_admin == old.by_admin
}
