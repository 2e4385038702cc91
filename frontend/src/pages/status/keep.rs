//! What to keep: the order number and the link.

use leptos::prelude::*;

use super::{Page, ask::Question};
use crate::{
    browser::intl,
    components::{CopyLine, icon},
    t,
};

/// The card.
#[component]
pub(super) fn Keep(page: Page) -> impl IntoView {
    let link = Memo::new(move |_| page.context.order.with(|order| order.manage_url.clone()));
    let expires = Memo::new(move |_| page.context.order.with(|order| order.expires_at));
    let until = move || expires.get().map(|at| format!(" {}", t!("status.valid_until", time = intl::date_time(at))));
    view! {
        <section class="card" aria-labelledby="keep-title">
            <h2 id="keep-title">{t!("status.keep_title")}</h2>
            <div class="two">
            <div class="stack-s">
                <h3 class="field-label">{t!("status.order_number")}</h3>
                <CopyLine label=t!("status.order_number") text=page.context.id.to_string() />
            </div>
            {move || {
                link.get()
                    .map(|link| {
                        view! {
                            <div class="stack-s">
                                <h3 class="field-label">{t!("status.manage_link")}</h3>
                                <CopyLine label=t!("status.manage_link") text=link is_long=true />
                                <p class="field-hint">{t!("status.manage_hint")} {until}</p>
                                <button
                                    type="button"
                                    class="button button-small"
                                    on:click=move |_| page.question.set(Some(Question::Renew))
                                >
                                    {icon(Question::Renew.glyph())}
                                    {t!("status.renew")}
                                </button>
                            </div>
                        }
                    })
            }}
            </div>
        </section>
    }
}
