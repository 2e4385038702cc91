//! What stands above a list: its heading, the button that makes one more, the file, and how many there are.

use leptos::prelude::*;

use super::list::Listed;
use crate::{
    components::{Glyph, PageHead, icon},
    t, tn,
};

/// The heading of a list, with the button that makes one more.
#[component]
pub(super) fn ListHead(
    title: &'static str,
    lead: &'static str,
    /// What the button says.
    create: &'static str,
    #[prop(into)] on_create: Callback<()>,
    /// False: there is no button.
    #[prop(default = true)]
    may_create: bool,
    /// Where the list can be had as a file.
    #[prop(optional)]
    export: Option<Signal<String>>,
) -> impl IntoView {
    let button = may_create.then(|| {
        view! {
            <button type="button" class="button button-primary" on:click=move |_| on_create.run(())>
                {icon(Glyph::Plus)}
                {create}
            </button>
        }
    });
    view! {
        <div class="row-between">
            <PageHead title=title lead=lead />
            <div class="row">{export.map(|url| view! { <Export url=url /> })} {button}</div>
        </div>
    }
}

/// A link to the list as it is narrowed down now, as a file.
#[component]
pub(super) fn Export(url: Signal<String>) -> impl IntoView {
    view! {
        <a class="button" href=url download="" rel="external">
            {icon(Glyph::Download)}
            <span>{t!("console.export")}</span>
        </a>
    }
}

/// How many a list has; of one with more pages, how many are shown.
#[component]
pub(super) fn Count<T: Send + Sync + 'static>(listed: Listed<T>) -> impl IntoView {
    let count = move || {
        let shown = listed.items.with(|items| items.ready().map(Vec::len)).filter(|shown| *shown > 0)?;
        let shown = u64::try_from(shown).unwrap_or_default();
        Some(if listed.has_more() { tn!("console.count_more", shown) } else { tn!("console.count", shown) })
    };
    view! { <p class="small soft numbers list-count">{count}</p> }
}
