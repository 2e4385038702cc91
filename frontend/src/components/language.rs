//! Choosing the language of the page.

use leptos::prelude::*;

use super::icon::{Glyph, icon};
use crate::{
    i18n,
    state::{announce::Announcer, language::PageLanguage},
    t,
};

/// The languages by their own names, as a list to choose from.
#[component]
fn LanguageSelect(
    id: &'static str,
    /// Names the list where no label does.
    #[prop(optional)]
    name: Option<&'static str>,
) -> impl IntoView {
    let language = PageLanguage::get();
    let options = i18n::LANGUAGES
        .into_iter()
        .map(|(code, name)| view! { <option value=code lang=code selected=move || language.code() == code>{name}</option> })
        .collect_view();
    view! {
        <select
            class="input"
            id=id
            aria-label=name
            on:change=move |event| language.switch(event_target_value(&event), id)
        >
            {options}
        </select>
    }
}

/// The same in the header.
#[component]
pub(crate) fn LanguageMenu() -> impl IntoView {
    let language = PageLanguage::get();
    let announcer = expect_context::<Announcer>();
    Effect::new(move || {
        if language.failed.get() {
            announcer.say(t!("error.language"));
        }
    });
    view! {
        <div class="language-menu">
            {icon(Glyph::Globe)}
            <LanguageSelect id="page-language" name=t!("app.choose_language") />
        </div>
    }
}
