//! What to keep: the number and the link.

use leptos::prelude::*;

use super::Page;
use crate::{components::CopyLine, t};

/// The number of the order, and its link once it is known.
#[component]
pub(super) fn Keep(page: Page) -> impl IntoView {
    let link = move || page.order.with(|order| order.as_ref().and_then(|order| order.manage_url.clone()));
    view! {
        <section class="card" aria-labelledby="keep-title">
            <h2 id="keep-title">{t!("status.keep_title")}</h2>
            <div class="stack-s">
                <h3 class="field-label">{t!("status.order_number")}</h3>
                <CopyLine label=t!("status.order_number") text=page.order_id.to_string() />
            </div>
            {move || {
                link()
                    .map(|link| {
                        view! {
                            <div class="stack-s">
                                <h3 class="field-label">{t!("status.manage_link")}</h3>
                                <CopyLine label=t!("status.manage_link") text=link is_long=true />
                                <p class="field-hint">{t!("status.manage_hint")}</p>
                            </div>
                        }
                    })
            }}
        </section>
    }
}
