//! Why a migration cannot be started yet, and what helps.

use leptos::prelude::*;
use mailferry_shared::{
    account::{AccountPair, LoginState},
    order::{OrderAction, OrderState, StartKind},
};

use super::{
    lacking,
    payment::Paying,
    start::{has_started, to_u64},
};
use crate::{
    components::{Glyph, icon},
    pages::parts,
    route::Step,
    state::{
        checking,
        order::{OrderContext, is_checking},
    },
    t, tn,
};

/// Why the start is not possible yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reasons {
    /// Empty when it is.
    pub(super) texts: Vec<String>,
    /// Some of them are looked after at the accounts.
    by_accounts: bool,
}

/// `failed` did not pass their checks: one, or two, by their names.
fn why_failed(failed: &[&AccountPair]) -> String {
    let names: Vec<_> = failed.iter().map(|pair| parts::mailbox(&pair.source)).collect();
    match names.as_slice() {
        [name] => t!("confirm.why_failed_one", account = name),
        [first, second] => t!("confirm.why_failed_two", first = first, second = second),
        names => tn!("confirm.why_failed", to_u64(names.len())),
    }
}

/// What is not paid for is no reason where it is paid for here, by the button that starts it, nor while money is on its
/// way.
pub(super) fn reasons(context: OrderContext, paying: &Paying) -> Reasons {
    let ticked: Vec<_> = context.pairs().into_iter().filter(|pair| pair.ticked).collect();
    let count = |wanted: &dyn Fn(&AccountPair) -> bool| to_u64(ticked.iter().filter(|pair| wanted(pair)).count());
    let failed: Vec<_> = ticked.iter().filter(|pair| parts::has_failed(pair)).collect();
    let checking = count(&is_checking);
    let unchecked = count(&|pair| {
        !parts::has_failed(pair)
            && [&pair.source, &pair.destination].into_iter().any(|side| side.login == LoginState::Unchecked)
    });
    let by_accounts = ticked.is_empty() || !failed.is_empty() || checking + unchecked > 0;
    let mut reasons = Vec::new();
    if !context.allows(OrderAction::Start) {
        let is_over = context.order.with(|order| matches!(order.state, OrderState::Cancelled | OrderState::Closed));
        reasons.push(if is_over { t!("confirm.why_over") } else { t!("confirm.why_state") }.to_owned());
    }
    if ticked.is_empty() {
        reasons.push(t!("confirm.why_none").to_owned());
    }
    if !failed.is_empty() {
        reasons.push(why_failed(&failed));
    }
    if checking > 0 {
        reasons.push(t!("confirm.why_checking").to_owned());
    } else if unchecked > 0 {
        reasons.push(tn!("confirm.why_unchecked", unchecked));
    }
    let lacking = context.order.with(lacking);
    if context.typed().start.kind.get() == StartKind::Main && lacking > 0 && paying.is_elsewise() {
        let lapsed = context.order.with(|order| parts::lapsed(order.link.as_ref()?.voucher_state));
        reasons.extend(lapsed.map(str::to_owned));
        reasons.push(tn!("confirm.why_unpaid", u64::from(lacking)));
    }
    Reasons { texts: reasons, by_accounts }
}

/// The reasons as a list, and the ways out of them.
pub(super) fn view(context: OrderContext, reasons: Reasons) -> Option<impl IntoView + use<>> {
    let Reasons { texts: reasons, by_accounts } = reasons;
    if reasons.is_empty() {
        return None;
    }
    let unchecked = context.pairs().iter().any(|pair| {
        pair.ticked && [&pair.source, &pair.destination].into_iter().any(|side| side.login == LoginState::Unchecked)
    });
    let way_out = if context.order.with(has_started) && !context.allows(OrderAction::Start) {
        view! { <a href=Step::Status.path(context.id)>{t!("confirm.to_status")}</a> }.into_any()
    } else if by_accounts {
        view! { <a href=Step::Accounts.path(context.id)>{t!("confirm.to_accounts")}</a> }.into_any()
    } else {
        ().into_any()
    };
    let items =
        reasons.into_iter().map(|reason| view! { <li>{icon(Glyph::Warning)}<span>{reason}</span></li> }).collect_view();
    Some(view! {
        <div class="stack-s">
            <p class="small soft">{t!("confirm.blocked")}</p>
            <ul class="reasons" role="list">
                {items}
            </ul>
            <div class="row small">
                {unchecked
                    .then(|| {
                        view! {
                            <button
                                type="button"
                                class="button button-small"
                                on:click=move |_| checking::check(context, Vec::new())
                            >
                                {t!("confirm.run_check")}
                            </button>
                        }
                    })}
                {way_out}
            </div>
        </div>
    })
}
