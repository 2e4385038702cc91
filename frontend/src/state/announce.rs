//! What a screen reader is told, politely.

use leptos::prelude::*;

/// The text of the page's live region, in every component's context.
#[derive(Clone, Copy)]
pub(crate) struct Announcer(RwSignal<String>);

impl Announcer {
    /// Makes the announcer and provides it.
    pub(crate) fn provide() -> Self {
        let announcer = Self(RwSignal::new(String::new()));
        provide_context(announcer);
        announcer
    }

    /// Says `text` once; saying the same twice in a row says nothing.
    pub(crate) fn say(self, text: impl Into<String>) {
        let text = text.into();
        if self.0.with_untracked(|said| *said != text) {
            self.0.set(text);
        }
    }

    /// The text to read out.
    pub(crate) fn text(self) -> String {
        self.0.get()
    }
}
