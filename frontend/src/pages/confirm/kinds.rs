//! What is migrated: all of it, with what it costs, or a free trial.

use leptos::prelude::*;
use mailferry_shared::order::{Order, StartKind};

use super::{lacking, payment::Paying, summary::all_counted};
use crate::{
    components::RadioCard,
    pages::parts,
    state::{order::OrderContext, service::Service},
    t, tn,
};

/// True if something has paid for every account.
fn is_paid(order: &Order) -> bool {
    order.payment.pairs_needed > 0 && lacking(order) == 0
}

/// Full migration, with what it costs, or free trial.
#[component]
pub(super) fn Kinds(
    /// How the full one is to be paid for.
    paying: RwSignal<Paying>,
) -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let chosen = context.typed().start.kind;
    let days = expect_context::<Service>().trial_days();
    let paid = Memo::new(move |_| context.order.with(is_paid));
    let full = Signal::derive(move || {
        let mail = all_counted(context).map_or_else(|| t!("confirm.full_all").to_owned(), parts::amount_text);
        match paying.with(Paying::total) {
            Some(total) => t!("confirm.full_for", mail = mail, total = total),
            None if paid.get() => t!("confirm.full_paid", mail = mail),
            None => t!("confirm.full_text", mail = mail),
        }
    });
    let trial = Signal::stored(tn!("confirm.trial_text", days));
    let card = move |kind: StartKind, value: &'static str, title: &'static str, text: Signal<String>| {
        view! {
            <RadioCard
                name="kind"
                value=value
                title=title
                text=text
                checked=Signal::derive(move || chosen.get() == kind)
                on_choose=move |()| chosen.set(kind)
            />
        }
    };
    view! {
        <fieldset>
            <legend class="visually-hidden">{t!("confirm.kind_legend")}</legend>
            {card(StartKind::Main, "main", t!("confirm.full"), full)}
            // Who has paid for all is not to start a trial by mistake.
            <details
                class="disclosure"
                class:is-only=move || !paid.get() || chosen.get() == StartKind::Trial
                open=move || !paid.get() || chosen.get() == StartKind::Trial
            >
                <summary>{t!("confirm.trial_though_paid")}</summary>
                <div class="disclosure-body">{card(StartKind::Trial, "trial", t!("confirm.trial"), trial)}</div>
            </details>
        </fieldset>
    }
}
