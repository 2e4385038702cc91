//! A line of text with a button that copies it.

use leptos::{prelude::*, task::spawn_local};

use super::icon::{Glyph, icon};
use crate::{browser, state::announce::Announcer, t};

/// Shows `text` and copies it on demand; `label` says what it is. A long text is cut off at the end of
/// its line.
#[component]
pub(crate) fn CopyLine(
    label: &'static str,
    #[prop(into)] text: String,
    #[prop(optional)] is_long: bool,
) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let copied = RwSignal::new(false);
    let name = t!("action.copy_what", what = label);
    let to_copy = text.clone();
    let on_click = move |_| {
        let text = to_copy.clone();
        spawn_local(async move {
            let done = browser::copy(&text).await;
            announcer.say(if done { t!("state.copied") } else { t!("state.not_copied") });
            copied.try_set(done);
            gloo_timers::future::TimeoutFuture::new(2500).await;
            copied.try_set(false);
        });
    };
    view! {
        <div class="copyline">
            <span class="mono" class:truncate=is_long>{text}</span>
            <button type="button" class="button button-small button-icon" aria-label=name on:click=on_click>
                {move || icon(if copied.get() { Glyph::Check } else { Glyph::Copy })}
            </button>
        </div>
    }
}
