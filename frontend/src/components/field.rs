//! Text fields with label, hint and error. Hint and error stand below their field, so that fields side by side stand on one
//! line however long their hints are, and are tied to it.

use leptos::prelude::*;

use super::icon::{Glyph, icon};
use crate::{browser::intl, t};

/// The error below a field.
#[component]
pub(crate) fn FieldError(#[prop(into)] id: String, #[prop(into)] error: Signal<Option<String>>) -> impl IntoView {
    view! {
        <div id=id role="alert">
            {move || {
                error
                    .get()
                    .map(|error| {
                        view! {
                            <p class="field-error">
                                {icon(Glyph::Warning)}
                                <span>{error}</span>
                            </p>
                        }
                    })
            }}
        </div>
    }
}

/// What a text field may be told.
#[component]
pub(crate) fn TextField(
    #[prop(into)] id: String,
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    #[prop(default = "text")] kind: &'static str,
    #[prop(default = "off")] autocomplete: &'static str,
    #[prop(optional)] inputmode: Option<&'static str>,
    #[prop(optional, into)] placeholder: Option<String>,
    #[prop(optional)] is_optional: bool,
    #[prop(optional)] is_short: bool,
    #[prop(optional)] maxlength: Option<u32>,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    let error_id = format!("{id}-error");
    let hint_id = format!("{id}-hint");
    let described = describe(hint.as_ref().map(|_| hint_id.clone()), &error_id);
    view! {
        <div class="field">
            {label_of(&id, label, is_optional)}
            <input
                class="input"
                class:input-short=is_short
                id=id
                type=kind
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                inputmode=inputmode
                placeholder=placeholder
                maxlength=maxlength
                aria-describedby=described
                aria-invalid=move || error.get().is_some().then_some("true")
                disabled=move || disabled.get()
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            />
            {hint.map(|hint| view! { <p class="field-hint" id=hint_id>{hint}</p> })}
            <FieldError id=error_id error=error />
        </div>
    }
}

/// A date with a time of day, in the browser's time zone, which is named below it.
#[component]
pub(crate) fn TimeField(
    id: &'static str,
    label: &'static str,
    /// As the field of the browser writes it.
    value: RwSignal<String>,
    #[prop(optional)] is_optional: bool,
    #[prop(into)] error: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <TextField
            id=id
            label=label
            hint=t!("confirm.at_zone", zone = intl::time_zone())
            kind="datetime-local"
            value=value
            is_optional=is_optional
            error=error
        />
    }
}

/// A password, which can be shown while it is typed.
#[component]
pub(crate) fn PasswordField(
    #[prop(into)] id: String,
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    #[prop(optional, into)] placeholder: Option<String>,
    #[prop(default = "new-password")] autocomplete: &'static str,
    #[prop(optional)] is_optional: bool,
) -> impl IntoView {
    let shown = RwSignal::new(false);
    let error_id = format!("{id}-error");
    let hint_id = format!("{id}-hint");
    let described = describe(hint.as_ref().map(|_| hint_id.clone()), &error_id);
    let controls = id.clone();
    view! {
        <div class="field">
            {label_of(&id, label, is_optional)}
            <div class="input-reveal">
                <input
                    class="input"
                    id=id
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    autocapitalize="none"
                    spellcheck="false"
                    placeholder=placeholder
                    aria-describedby=described
                    aria-invalid=move || error.get().is_some().then_some("true")
                    prop:value=move || value.get()
                    on:input=move |event| value.set(event_target_value(&event))
                />
                <button
                    type="button"
                    class="button button-quiet button-icon"
                    aria-label=t!("form.show_password")
                    aria-controls=controls
                    aria-pressed=move || shown.get().to_string()
                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                >
                    {move || icon(if shown.get() { Glyph::EyeOff } else { Glyph::Eye })}
                </button>
            </div>
            {hint.map(|hint| view! { <p class="field-hint" id=hint_id>{hint}</p> })}
            <FieldError id=error_id error=error />
        </div>
    }
}

/// Several lines of text.
#[component]
pub(crate) fn TextArea(
    #[prop(into)] id: String,
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    #[prop(optional, into)] placeholder: Option<String>,
    #[prop(optional)] is_optional: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    let error_id = format!("{id}-error");
    let hint_id = format!("{id}-hint");
    let described = describe(hint.as_ref().map(|_| hint_id.clone()), &error_id);
    view! {
        <div class="field">
            {label_of(&id, label, is_optional)}
            <textarea
                class="input"
                id=id
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                placeholder=placeholder
                aria-describedby=described
                aria-invalid=move || error.get().is_some().then_some("true")
                disabled=move || disabled.get()
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            ></textarea>
            {hint.map(|hint| view! { <p class="field-hint" id=hint_id>{hint}</p> })}
            <FieldError id=error_id error=error />
        </div>
    }
}

fn label_of(id: &str, label: String, is_optional: bool) -> impl IntoView + use<> {
    view! {
        <label class="field-label" for=id.to_owned()>
            {label}
            {is_optional.then(|| view! { <span class="field-optional">{t!("form.optional")}</span> })}
        </label>
    }
}

fn describe(hint: Option<String>, error: &str) -> String {
    hint.map_or_else(|| error.to_owned(), |hint| format!("{hint} {error}"))
}
