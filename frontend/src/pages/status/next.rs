//! What to do after the mail has arrived.

use leptos::prelude::*;
use mailferry_shared::run::RunKind;

use super::Page;
use crate::{pages::parts::Help, t};

/// Where the move of the account stands, as far as the list below depends on it.
#[derive(Clone, Copy, PartialEq)]
enum Ahead {
    /// The owner switches over, and starts the delta.
    Everything,
    /// The owner switches over; the delta starts by itself.
    SwitchOnly,
    /// A delta has fetched what came in late.
    Nothing,
}

fn ahead(page: Page) -> Ahead {
    let had_delta = page.progress.with(|progress| {
        progress.ready().is_some_and(|progress| {
            progress.pairs.iter().filter_map(|pair| pair.run.as_ref()).any(|run| run.kind == RunKind::Delta)
        })
    });
    let is_set = page.context.order.with(|order| order.delta_schedule.is_some());
    match (had_delta, is_set) {
        (true, _) => Ahead::Nothing,
        (false, true) => Ahead::SwitchOnly,
        (false, false) => Ahead::Everything,
    }
}

/// The list, with the new provider's server in it; what is done or happens by itself is not asked for.
#[component]
pub(super) fn Next(page: Page) -> impl IntoView {
    let server = Memo::new(move |_| {
        page.context.order.with(|order| order.destination.as_ref().map(|choice| choice.endpoint.to_string()))
    });
    let ahead = Memo::new(move |_| ahead(page));
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
    let late = move || match ahead.get() {
        Ahead::Everything => Some(step(t!("status.next_4"), t!("status.next_4_text"))),
        Ahead::SwitchOnly => Some(step(t!("status.next_4"), t!("status.next_4_set"))),
        Ahead::Nothing => None,
    };
    view! {
        <section class="card" aria-labelledby="next-title">
            <h2 id="next-title">{t!("status.next_title")}</h2>
            <ol class="next-steps" role="list">
                {step(t!("status.next_1"), t!("status.next_1_text"))}
                {move || (ahead.get() != Ahead::Nothing).then(|| step(t!("status.next_2"), t!("status.next_2_text")))}
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
