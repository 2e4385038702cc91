//! Ticks and radio cards.

use leptos::prelude::*;

/// A checkbox with its text.
#[component]
pub(crate) fn Tick(
    #[prop(into)] label: String,
    #[prop(into)] checked: Signal<bool>,
    #[prop(into)] on_change: Callback<bool>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional)] label_hidden: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    let class = if label_hidden { "visually-hidden" } else { "tick-text" };
    view! {
        <label class="tick">
            <input
                type="checkbox"
                prop:checked=move || checked.get()
                disabled=move || disabled.get()
                on:change=move |event| on_change.run(event_target_checked(&event))
            />
            <span class=class>
                {label} {hint.map(|hint| view! { <span class="tick-hint">{hint}</span> })}
            </span>
        </label>
    }
}

/// One of several choices, as a card with title and explanation.
#[component]
pub(crate) fn RadioCard(
    name: &'static str,
    #[prop(into)] title: String,
    #[prop(optional, into)] text: Option<String>,
    #[prop(into)] checked: Signal<bool>,
    #[prop(into)] on_choose: Callback<()>,
    #[prop(optional)] is_inline: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <label class="choice" class:choice-inline=is_inline>
            <input
                type="radio"
                name=name
                prop:checked=move || checked.get()
                disabled=move || disabled.get()
                on:change=move |_| on_choose.run(())
            />
            <span>
                <span class="choice-title">{title}</span>
                {text.map(|text| view! { <span class="choice-text">{text}</span> })}
            </span>
        </label>
    }
}
