//! What to do after the mail has arrived.

use leptos::prelude::*;

use super::Page;
use crate::{pages::parts::Help, t};

/// The list, with the new provider's server in it; a delta that starts by itself is not asked for.
#[component]
pub(super) fn Next(page: Page) -> impl IntoView {
    let server = Memo::new(move |_| {
        page.context.order.with(|order| order.destination.as_ref().map(|choice| choice.endpoint.to_string()))
    });
    let is_set = Memo::new(move |_| page.context.order.with(|order| order.delta_schedule.is_some()));
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
    let programs = move || match server.get() {
        Some(server) => view! {
            <span class="soft">{t!("status.next_3_text")}</span>
            " "
            <code>{server}</code>
        }
        .into_any(),
        None => view! { <span class="soft">{t!("status.next_3_unnamed")}</span> }.into_any(),
    };
    let late = move || {
        let text = if is_set.get() { t!("status.next_4_set") } else { t!("status.next_4_text") };
        step(t!("status.next_4"), text)
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
                        {programs}
                    </div>
                </li>
                {late}
                {step(t!("status.next_5"), t!("status.next_5_text"))}
            </ol>
            <p class="soft">
                <Help />
            </p>
        </section>
    }
}
