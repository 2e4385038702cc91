//! What to do after the mail has arrived.

use leptos::prelude::*;

use super::Page;
use crate::{pages::parts::Help, t};

/// The list, with the new provider's server in it.
#[component]
pub(super) fn Next(page: Page) -> impl IntoView {
    let server = Memo::new(move |_| {
        page.context.order.with(|order| order.destination.as_ref().map(|choice| choice.endpoint.to_string()))
    });
    let step = |title: &'static str, text: &'static str| {
        view! {
            <li>
                <div>
                    <strong>{title}</strong>
                    <span class="soft">{text}</span>
                </div>
            </li>
        }
    };
    view! {
        <section class="card" aria-labelledby="next-title">
            <h2 id="next-title">{t!("status.next_title")}</h2>
            <ol class="next-steps" role="list">
                {step(t!("status.next_1"), t!("status.next_1_text"))}
                {step(t!("status.next_2"), t!("status.next_2_text"))}
                <li>
                    <div>
                        <strong>{t!("status.next_3")}</strong>
                        <span class="soft">{t!("status.next_3_text")}</span>
                        " "
                        <code>{move || server.get()}</code>
                    </div>
                </li>
                {step(t!("status.next_4"), t!("status.next_4_text"))}
                {step(t!("status.next_5"), t!("status.next_5_text"))}
            </ol>
            <p class="soft">
                <Help />
            </p>
        </section>
    }
}
