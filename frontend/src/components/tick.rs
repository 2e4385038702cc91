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
    /// It must be ticked, and is not.
    #[prop(optional, into)]
    is_missing: Signal<bool>,
) -> impl IntoView {
    let class = if label_hidden { "visually-hidden" } else { "tick-text" };
    view! {
        <label class="tick">
            <input
                type="checkbox"
                prop:checked=move || checked.get()
                disabled=move || disabled.get()
                aria-invalid=move || is_missing.get().then_some("true")
                on:change=move |event| on_change.run(event_target_checked(&event))
            />
            <span class=class>
                {label} {hint.map(|hint| view! { <span class="tick-hint">{hint}</span> })}
            </span>
        </label>
    }
}

/// One of several choices, as a card with title and explanation. `name` and `value` make its ids.
#[component]
pub(crate) fn RadioCard(
    name: &'static str,
    value: &'static str,
    #[prop(into)] title: String,
    #[prop(optional, into)] text: Option<Signal<String>>,
    #[prop(into)] checked: Signal<bool>,
    #[prop(into)] on_choose: Callback<()>,
    #[prop(optional)] is_inline: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    let title_id = format!("{name}-{value}-title");
    let text_id = format!("{name}-{value}-text");
    let described = text.is_some().then(|| text_id.clone());
    view! {
        <label class="choice" class:choice-inline=is_inline>
            <input
                type="radio"
                name=name
                value=value
                aria-labelledby=title_id.clone()
                aria-describedby=described
                prop:checked=move || checked.get()
                disabled=move || disabled.get()
                on:change=move |_| on_choose.run(())
            />
            <span>
                <span class="choice-title" id=title_id>{title}</span>
                {text.map(|text| view! { <span class="choice-text" id=text_id>{text}</span> })}
            </span>
        </label>
    }
}
