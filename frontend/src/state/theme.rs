//! Light, dark, or as the system says.

use leptos::prelude::*;

use crate::browser;

const STORED: &str = "mailferry.theme";

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
                let query = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
                if query.is_some_and(|query| query.matches()) { Self::Dark } else { Self::Light }
            }
        }
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
