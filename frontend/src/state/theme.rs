//! Light, dark, or as the system says.

use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, closure::Closure};

use crate::browser;

const STORED: &str = "mailferry.theme";

/// What the system prefers, as a media query that tells when it changes.
fn system() -> Option<web_sys::MediaQueryList> {
    window().match_media("(prefers-color-scheme: dark)").ok().flatten()
}

/// The theme in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    Light,
    Dark,
}

impl Theme {
    fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// What is shown now: what was chosen, else what the system says.
    pub(crate) fn now() -> Self {
        match browser::stored(STORED).as_deref() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => {
                if system().is_some_and(|query| query.matches()) {
                    Self::Dark
                } else {
                    Self::Light
                }
            }
        }
    }

    /// Keeps `theme` what is shown when the system changes its mind.
    pub(crate) fn follow(theme: RwSignal<Self>) {
        let Some(query) = system() else { return };
        let on_change = Closure::<dyn Fn()>::new(move || theme.set(Self::now()));
        // The header lives as long as the page, and so does this.
        let _ = query.add_event_listener_with_callback("change", on_change.as_ref().unchecked_ref());
        on_change.forget();
    }

    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Light => Self::Dark,
            Self::Dark => Self::Light,
        }
    }

    /// Shows the theme and remembers it in this browser.
    pub(crate) fn apply(self) {
        browser::store(STORED, Some(self.name()));
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-theme", self.name());
        }
    }
}
