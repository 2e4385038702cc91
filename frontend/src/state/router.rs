//! Where one is in the page, and going elsewhere in it without loading anything.

use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, JsValue};

use crate::{
    browser,
    route::{Module, Place},
};

/// The address in use, in every component's context.
#[derive(Clone, Copy)]
pub(crate) struct Router {
    path: RwSignal<String>,
    /// The module that is loaded; places of another one are loaded by the browser.
    module: Module,
}

impl Router {
    /// Follows the address bar and the links of the page, and provides itself.
    pub(crate) fn provide(module: Module) -> Self {
        let router = Self { path: RwSignal::new(address()), module };
        provide_context(router);
        window_event_listener(leptos::ev::popstate, move |_| router.path.set(address()));
        window_event_listener(leptos::ev::click, move |event| {
            let Some(path) = link_of(&event) else { return };
            if router.shows(&path) {
                event.prevent_default();
                router.go(&path);
            } else {
                browser::leave_within();
            }
        });
        router
    }

    /// The router.
    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// What the address names.
    pub(crate) fn place(self) -> Place {
        self.path.with(|path| Place::of_path(path))
    }

    /// True within the console: whoever works there looks after the mail of others.
    pub(crate) fn is_in_console(self) -> bool {
        matches!(self.place(), Place::Console(_))
    }

    fn shows(self, path: &str) -> bool {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        Place::of_path(path).module() == self.module
    }

    /// Goes to `path`; *Back* leads here again.
    pub(crate) fn go(self, path: &str) {
        if !self.shows(path) {
            browser::leave_within();
            let _ = window().location().assign(path);
        } else if self.path.with_untracked(|here| here != path) {
            if let Ok(history) = window().history() {
                let _ = history.push_state_with_url(&JsValue::NULL, "", Some(path));
            }
            self.path.set(address());
        }
    }

    /// Goes to `path` in the place of the present address.
    pub(crate) fn replace(self, path: &str) {
        if !self.shows(path) {
            browser::leave_within();
            let _ = window().location().replace(path);
            return;
        }
        if let Ok(history) = window().history() {
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(path));
        }
        self.path.set(address());
    }
}

fn address() -> String {
    window().location().pathname().unwrap_or_default()
}

/// The path that a plain click on a link of ours leads to; the browser follows all others itself.
fn link_of(event: &web_sys::MouseEvent) -> Option<String> {
    let is_plain =
        event.button() == 0 && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
    if !is_plain || event.default_prevented() {
        return None;
    }
    let target = event.target()?.dyn_into::<web_sys::Element>().ok()?;
    let link = target.closest("a[href^='/']").ok().flatten()?;
    let is_foreign = ["target", "download", "rel"].iter().any(|name| link.has_attribute(name));
    link.get_attribute("href").filter(|path| !is_foreign && !path.starts_with("//"))
}
