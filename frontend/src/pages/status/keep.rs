//! What to keep: the order number and the link.

use leptos::prelude::*;
use mailferry_shared::order::OrderState;

use super::{Page, passwords, question::Question};
use crate::{
    browser::intl,
    components::{CopyLine, icon},
    state::service::Service,
    t, tn,
};

/// The card.
#[component]
pub(super) fn Keep(page: Page) -> impl IntoView {
    let link = Memo::new(move |_| page.context.order.with(|order| order.manage_url.clone()));
    let expires = Memo::new(move |_| page.context.order.with(|order| order.expires_at));
    let service = Service::get();
    // What became of a link that is used no more is not told.
    let ended = Memo::new(move |_| page.state() == OrderState::Cancelled);
    let until = move || {
        let time = expires.get().filter(|_| !ended.get()).map(intl::date_time);
        let days = service.purge_days();
        Some(match time {
            Some(time) if passwords::lacking(page) > 0 && !passwords::has_any(page) => {
                tn!("status.valid_until_erased", days, time = time)
            }
            Some(time) => tn!("status.valid_until", days, time = time),
            None if ended.get() => tn!("status.purged_after", days),
            None => return None,
        })
    };
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
                                <p class="field-hint">{t!("status.manage_hint")} " " {until}</p>
                                // What has ended needs no other link.
                                <button
                                    type="button"
                                    class="button button-small"
                                    hidden=move || ended.get()
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
