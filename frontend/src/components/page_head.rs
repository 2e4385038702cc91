//! The heading of a page.

use std::sync::atomic::{AtomicBool, Ordering};

use leptos::{html, prelude::*};

use crate::browser;

static FIRST: AtomicBool = AtomicBool::new(true);

/// The first heading takes the focus too: one came to it from another module of the page.
pub(crate) fn focus_the_first() {
    FIRST.store(false, Ordering::Relaxed);
}

/// The heading that comes next takes no focus: the page is made anew where one is.
pub(crate) fn the_next_stays() {
    FIRST.store(true, Ordering::Relaxed);
}

/// Heading and lead; names the document, and takes the focus when one comes from another page, so that a screen
/// reader starts there.
#[component]
pub(crate) fn PageHead(
    #[prop(into)] title: Signal<String>,
    #[prop(optional, into)] lead: Option<String>,
) -> impl IntoView {
    let heading = NodeRef::<html::H1>::new();
    Effect::new(move || browser::set_title(&title.get()));
    heading.on_load(|heading| {
        if !FIRST.swap(false, Ordering::Relaxed) {
            let _ = heading.focus();
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
    });
    view! {
        <div class="page-head">
            <h1 tabindex="-1" node_ref=heading>
                {move || title.get()}
            </h1>
            {lead.map(|lead| view! { <p class="lead">{lead}</p> })}
        </div>
    }
}
