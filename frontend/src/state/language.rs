//! The language of the page.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::order::Language;

use crate::{browser, components, i18n};

const STORED: &str = "mailferry.language";

/// The language in use, in every component's context. Texts are looked up when a view is made: whoever shows the
/// page makes its views anew when this changes.
#[derive(Clone, Copy)]
pub(crate) struct PageLanguage {
    chosen: RwSignal<&'static str>,
    /// True after a table could not be loaded.
    pub(crate) failed: RwSignal<bool>,
}

/// Uses the table that the shell has loaded, for the language the shell has chosen.
pub(crate) fn begin() {
    let code = browser::document_language();
    install(&code, browser::take_global("mailferryTexts").unwrap_or_default());
}

fn install(code: &str, table: String) {
    let preferred = browser::languages();
    i18n::install(code, table, preferred.iter().map(String::as_str));
}

impl PageLanguage {
    pub(crate) fn provide() -> Self {
        let language = Self { chosen: RwSignal::new(i18n::current().code), failed: RwSignal::new(false) };
        provide_context(language);
        language
    }

    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// The tag of the language in use; tracked.
    pub(crate) fn code(self) -> &'static str {
        self.chosen.get()
    }

    /// The same for the API.
    pub(crate) fn of_orders(self) -> Language {
        let code = self.chosen.get_untracked();
        Language::ALL.into_iter().find(|language| language.tag() == code).unwrap_or_default()
    }

    /// Shows the page in the language `code` unless one was chosen in this browser.
    pub(crate) fn prefer(self, code: &str) {
        if browser::stored(STORED).is_none() && self.chosen.get_untracked() != code {
            self.show(code.to_owned(), None);
        }
    }

    /// Shows the page in the language `code`, and remembers it in this browser. Whoever chose it goes on where they chose:
    /// at the element `from`.
    pub(crate) fn switch(self, code: String, from: &'static str) {
        browser::store(STORED, Some(&code));
        self.show(code, Some(from));
    }

    fn show(self, code: String, from: Option<&'static str>) {
        self.failed.set(false);
        spawn_local(async move {
            if !i18n::reuse(&code) {
                match browser::fetch_text(&browser::asset(&format!("texts-{code}"))).await {
                    Some(table) => install(&code, table),
                    None => return self.failed.set(true),
                }
            }
            browser::set_document_language(&code);
            if let Some(from) = from {
                components::the_next_stays();
                request_animation_frame(move || browser::focus(from));
            }
            self.chosen.set(i18n::current().code);
        });
    }
}
