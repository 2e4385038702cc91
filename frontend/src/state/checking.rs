//! The login check that is under way: its results flow into the account pairs as they come.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    account::{AccountPair, LoginState, SideName},
    check::{Check, CheckCreate, CheckItem},
    ids::PairId,
};

use super::{Load, order::OrderContext, poll};
use crate::api::{self, ApiError};

const ROUND_MS: u32 = 700;

/// State of the checks of an order.
#[derive(Clone, Copy)]
pub(crate) struct Checking {
    /// How many checks are under way.
    pub(crate) running: RwSignal<u32>,
    /// Why the latest one could not be started or followed.
    pub(crate) error: RwSignal<Option<ApiError>>,
}

impl Checking {
    pub(crate) fn new() -> Self {
        Self { running: RwSignal::new(0), error: RwSignal::new(None) }
    }
}

/// Checks `pairs` (none: every ticked pair) and follows the check to its end.
pub(crate) fn check(context: OrderContext, pair_ids: Vec<PairId>) {
    let checking = context.checking;
    checking.error.set(None);
    checking.running.update(|running| *running += 1);
    spawn_local(async move {
        let result = follow(context, pair_ids).await;
        // The order may have been left meanwhile: then there is nobody to tell.
        checking.running.try_update(|running| *running = running.saturating_sub(1));
        if let Err(error) = result {
            checking.error.try_set(Some(error));
        }
        context.load_accounts().await;
        if !context.order.is_disposed() {
            context.refresh();
        }
    });
}

async fn follow(context: OrderContext, pair_ids: Vec<PairId>) -> Result<(), ApiError> {
    let check = api::start_check(context.id, &CheckCreate { pair_ids }).await?;
    let id = check.id;
    let ask = |etag: Option<String>| async move { api::poll_check(context.id, id, etag.as_deref()).await };
    let is_wanted = || !context.accounts.is_disposed();
    let told = |check: Check| {
        merge(context, &check);
        (!check.finished && is_wanted()).then_some(ROUND_MS)
    };
    poll::followed(check, ask, told, is_wanted).await
}

fn merge(context: OrderContext, check: &Check) {
    context.accounts.try_update(|accounts| {
        if let Load::Ready(pairs) = accounts {
            check.items.iter().for_each(|item| merge_item(pairs, item));
        }
    });
}

fn merge_item(pairs: &mut [AccountPair], item: &CheckItem) {
    let Some(pair) = pairs.iter_mut().find(|pair| pair.id == item.pair_id) else { return };
    let side = match item.side {
        SideName::Source => &mut pair.source,
        SideName::Destination => &mut pair.destination,
    };
    // What waits for its turn is shown as being checked.
    side.login = if item.login == LoginState::Unchecked { LoginState::Checking } else { item.login };
    side.findings.clone_from(&item.findings);
    side.survey = item.survey.or(side.survey);
}
