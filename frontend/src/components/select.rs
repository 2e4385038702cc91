//! A list one chooses one entry of.

use leptos::prelude::*;

use super::field::FieldError;

/// The list with its label; `choices` are values with what they are called, which may be foreign.
#[component]
pub(crate) fn Select(
    id: &'static str,
    label: &'static str,
    value: RwSignal<String>,
    #[prop(into)] choices: Signal<Vec<(String, String)>>,
    #[prop(optional, into)] error: Signal<Option<String>>,
) -> impl IntoView {
    let error_id = format!("{id}-error");
    let option = move |(key, name): (String, String)| {
        let this = key.clone();
        view! {
            <option data-data="" value=key selected=move || value.with(|value| *value == this)>
                {name}
            </option>
        }
    };
    view! {
        <div class="field">
            <label class="field-label" for=id>
                {label}
            </label>
            <select
                class="input"
                id=id
                aria-describedby=error_id.clone()
                aria-invalid=move || error.get().is_some().then_some("true")
                on:change=move |event| value.set(event_target_value(&event))
            >
                {move || choices.get().into_iter().map(option).collect_view()}
            </select>
            <FieldError id=error_id.clone() error=error />
        </div>
    }
}
