//! What is shown where there is nothing, or nothing that may be seen.

use leptos::prelude::*;

use crate::{
    components::{Glyph, PageHead, adrift, icon},
    t,
};

/// No such page.
#[component]
pub(crate) fn NotFound() -> impl IntoView {
    view! {
        <main class="page" id="main" tabindex="-1">
            <Lost title=t!("lost.title") text=t!("lost.text") />
        </main>
    }
}

/// The order cannot be opened: unknown, foreign, or its link is used up.
#[component]
pub(crate) fn Locked(
    /// True if a link was tried, false if there was only an address.
    by_link: bool,
) -> impl IntoView {
    let (title, text) = if by_link {
        (t!("lost.bad_link_title"), t!("lost.bad_link_text"))
    } else {
        (t!("lost.locked_title"), t!("lost.locked_text"))
    };
    view! { <Lost title=title text=text /> }
}

/// What was shown may not be seen any more: its link was replaced or has ended, or it was deleted.
#[component]
pub(crate) fn Ended() -> impl IntoView {
    view! { <Lost title=t!("lost.ended_title") text=t!("lost.ended_text") /> }
}

/// Title, explanation, and the way back.
#[component]
pub(crate) fn Lost(title: &'static str, text: &'static str) -> impl IntoView {
    view! {
        <div class="lost">
            {adrift()}
            <PageHead title=title lead=text />
            <a class="button button-primary" href="/">
                {icon(Glyph::ArrowLeft)}
                {t!("lost.to_start")}
            </a>
        </div>
    }
}
