//! What needs an answer: an order that waits for payment, and why a request was declined.

use leptos::prelude::*;
use mailferry_shared::{address::MailAddress, order::OrderState, request::RequestState};

use super::Page;
use crate::{
    components::{Glyph, Notice, Tone, icon},
    route::Step,
    state::offer::Offer,
    t,
};

/// An accepted request whose order waits for payment.
#[component]
pub(super) fn Pay(page: Page) -> impl IntoView {
    let wanted = move || {
        page.request.with(|request| {
            request.ready().is_some_and(|request| {
                request.state == RequestState::Accepted && request.order_state == OrderState::AwaitingPayment
            })
        })
    };
    view! {
        <Show when=wanted>
            <Notice tone=Tone::Warning title=t!("request.pay_title")>
                <p>{t!("request.pay_text")}</p>
                <a class="button button-small" href=Step::Confirm.path(page.order_id)>
                    {icon(Glyph::Ticket)}
                    {t!("request.pay")}
                </a>
            </Notice>
        </Show>
    }
}

/// Why it was declined.
#[component]
pub(super) fn Reason(page: Page) -> impl IntoView {
    let reason = move || page.request.with(|request| request.ready().and_then(|request| request.reason.clone()));
    let help = Offer::get().help();
    // The number in the subject tells which request the question is about.
    let write_to = move |address: &MailAddress| format!("mailto:{address}?subject={}", page.order_id);
    view! {
        {move || {
            reason()
                .map(|reason| {
                    view! {
                        <Notice tone=Tone::Warning title=t!("request.reason")>
                            <p class="as-written" data-data="">{reason}</p>
                            {help.get().map(|address| view! {
                                <p class="small">
                                    {t!("app.help")} " " <a href=write_to(&address)>{address.to_string()}</a>
                                </p>
                            })}
                        </Notice>
                    }
                })
        }}
    }
}
