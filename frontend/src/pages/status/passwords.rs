//! Passwords that are kept no longer, and where to tell them again.

use leptos::prelude::*;
use mailferry_shared::order::OrderState;

use super::Page;
use crate::{
    components::{Glyph, Notice, Tone, icon},
    route::Step,
    t, tn,
};

/// A notice while accounts of an order that can still go on lack a password.
#[component]
pub(super) fn Passwords(page: Page) -> impl IntoView {
    let lacking = Memo::new(move |_| {
        let started = matches!(
            page.state(),
            OrderState::Scheduled | OrderState::Active | OrderState::Paused | OrderState::Completed
        );
        let pairs = page.context.pairs().into_iter().filter(|pair| pair.ticked);
        let lacking = pairs.filter(|pair| !(pair.source.has_password && pair.destination.has_password)).count();
        if started && page.may_manage() { u64::try_from(lacking).unwrap_or_default() } else { 0 }
    });
    view! {
        <Show when=move || { lacking.get() > 0 }>
            <Notice tone=Tone::Info title=t!("status.passwords_title")>
                <p>{move || tn!("status.passwords_text", lacking.get())}</p>
                <a class="button button-small" href=Step::Accounts.path(page.context.id)>
                    {t!("status.passwords_enter")}
                    {icon(Glyph::ArrowRight)}
                </a>
            </Notice>
        </Show>
    }
}

/// The way to the passwords, beside a finding that a new one mends.
pub(super) fn way_to_accounts(page: Page) -> impl IntoView {
    view! {
        <a class="small" href=Step::Accounts.path(page.context.id)>
            {t!("status.passwords_enter")}
        </a>
    }
}
