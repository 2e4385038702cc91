//! Passwords that are kept no longer, and where to tell them again.

use leptos::prelude::*;
use mailferry_shared::{finding::FindingCode, order::OrderState};

use super::{Page, pair_row::wants_password};
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
        if started && page.may_manage() { lacking(page) } else { 0 }
    });
    let waits = Memo::new(move |_| page.context.order.with(|order| order.delta_pending));
    view! {
        <Show when=move || { lacking.get() > 0 }>
            {move || {
                // What waits for them is held up.
                let (tone, class, title) = if waits.get() {
                    (Tone::Warning, "button button-small button-primary", t!("status.passwords_wait"))
                } else {
                    (Tone::Info, "button button-small", t!("status.passwords_title"))
                };
                view! {
                    <Notice tone=tone title=title>
                        <p>{move || tn!("status.passwords_text", lacking.get())}</p>
                        <a class=class href=Step::Accounts.path(page.context.id)>
                            {t!("status.passwords_enter")}
                            {icon(Glyph::ArrowRight)}
                        </a>
                    </Notice>
                }
            }}
        </Show>
    }
}

/// Ticked accounts of which a password is not here.
pub(super) fn lacking(page: Page) -> u64 {
    let pairs = page.context.pairs().into_iter().filter(|pair| pair.ticked);
    let lacking = pairs.filter(|pair| !(pair.source.has_password && pair.destination.has_password)).count();
    u64::try_from(lacking).unwrap_or_default()
}

/// True if something is left to log in with.
pub(super) fn has_any(page: Page) -> bool {
    page.context.pairs().iter().any(|pair| pair.source.has_password || pair.destination.has_password)
}

/// The way to the accounts, beside a finding that a new password mends, or a certificate that is accepted.
pub(super) fn way_to_accounts(page: Page, code: FindingCode) -> Option<impl IntoView> {
    let text = match code {
        FindingCode::CertificateChanged | FindingCode::CertificateInvalid | FindingCode::CertificateMismatch => {
            t!("steps.accounts")
        }
        code if wants_password(code) => t!("status.passwords_enter"),
        _ => return None,
    };
    Some(view! {
        <a class="small" href=Step::Accounts.path(page.context.id)>
            {text}
        </a>
    })
}
