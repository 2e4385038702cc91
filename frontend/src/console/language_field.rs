//! Choosing the language that others read.

use leptos::prelude::*;
use mailferry_shared::order::Language;

use crate::i18n;

/// The languages by their own names.
#[component]
pub(super) fn LanguageField(id: &'static str, label: &'static str, language: RwSignal<Language>) -> impl IntoView {
    let choose = move |event: web_sys::Event| {
        let tag = event_target_value(&event);
        language.set(Language::ALL.into_iter().find(|one| one.tag() == tag).unwrap_or_default());
    };
    let option = move |one: Language| {
        let name = i18n::LANGUAGES.into_iter().find(|(tag, _)| *tag == one.tag()).map_or("", |(_, name)| name);
        view! {
            <option value=one.tag() lang=one.tag() selected=move || language.get() == one>
                {name}
            </option>
        }
    };
    view! {
        <div class="field">
            <label class="field-label" for=id>
                {label}
            </label>
            <select class="input" id=id on:change=choose>
                {Language::ALL.map(option).collect_view()}
            </select>
        </div>
    }
}
