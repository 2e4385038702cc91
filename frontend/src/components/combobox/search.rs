//! What happens in a combobox as one types, moves and chooses.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

use super::choice::{Choice, matching};

/// True for what may be an address or a domain.
fn is_name(typed: &str) -> bool {
    typed.contains(['@', '.'])
}

/// What a combobox is doing.
#[derive(Clone, Copy)]
pub(super) struct Search {
    pub(super) id: &'static str,
    /// What stands in the field.
    pub(super) typed: RwSignal<String>,
    /// True from the first letter typed until a choice or until the field is left.
    pub(super) searching: RwSignal<bool>,
    pub(super) open: RwSignal<bool>,
    /// Place of the entry that Enter would choose.
    pub(super) active: RwSignal<Option<usize>>,
    pub(super) found: Memo<Vec<Choice>>,
    selected_name: Memo<Option<String>>,
    on_select: Callback<String>,
    disabled: Signal<bool>,
    /// Told of what is typed.
    told: Option<RwSignal<String>>,
    /// What was chosen stays in the field.
    keeps: bool,
}

impl Search {
    pub(super) fn new(
        id: &'static str,
        choices: Signal<Vec<Choice>>,
        selected: Signal<Option<String>>,
        on_select: Callback<String>,
        disabled: Signal<bool>,
        told: Option<RwSignal<String>>,
        keeps: bool,
    ) -> Self {
        let typed = RwSignal::new(String::new());
        let searching = RwSignal::new(false);
        let selected_name = Memo::new(move |_| {
            let value = selected.get()?;
            let named = |choices: &Vec<Choice>| Some(choices.iter().find(|choice| choice.value == value)?.name.clone());
            choices.with(named)
        });
        // What is chosen stands in the field until one types.
        Effect::new(move || {
            let name = selected_name.get().unwrap_or_default();
            if !searching.get_untracked() {
                typed.set(name);
            }
        });
        let found = Memo::new(move |_| {
            let wanted = if searching.get() { typed.get() } else { String::new() };
            choices.with(|choices| matching(choices, &wanted))
        });
        let (open, active) = (RwSignal::new(false), RwSignal::new(None));
        Self { id, typed, searching, open, active, found, selected_name, on_select, disabled, told, keeps }
    }

    pub(super) fn show(self) {
        if !self.disabled.get_untracked() {
            self.open.set(true);
        }
    }

    fn close(self, text: String) {
        self.open.set(false);
        self.active.set(None);
        self.searching.set(false);
        self.typed.set(text);
    }

    /// Leaves the field as it was chosen last; an address stays, because what was found for it is shown below.
    pub(super) fn leave(self) {
        let chosen = self.selected_name.get_untracked();
        let stays = chosen.is_none() && self.told.is_some() && self.typed.with_untracked(|typed| is_name(typed));
        self.close(if stays { self.typed.get_untracked() } else { chosen.unwrap_or_default() });
    }

    pub(super) fn choose(self, choice: Choice) {
        self.on_select.run(choice.value);
        self.close(if self.keeps { choice.name } else { String::new() });
    }

    pub(super) fn input(self, text: String) {
        if let Some(told) = self.told {
            told.set(text.clone());
        }
        self.typed.set(text);
        self.searching.set(true);
        self.active.set(None);
        self.show();
    }

    /// An address or a domain that is in no list: whoever is told of it looks for it, and shows what was found below.
    pub(super) fn looks_elsewhere(self) -> bool {
        self.told.is_some() && self.found.with(Vec::is_empty) && self.typed.with(|typed| is_name(typed))
    }

    fn activate(self, at: usize) {
        self.show();
        self.active.set(Some(at));
        scroll_into_view(&format!("{}-option-{at}", self.id));
    }

    /// Enter chooses the active entry, or the only one.
    fn choose_active(self) -> bool {
        let choice = self.found.with_untracked(|found| {
            let only = (found.len() == 1).then_some(0);
            self.active.get_untracked().or(only).and_then(|at| found.get(at).cloned())
        });
        choice.map(|choice| self.choose(choice)).is_some()
    }

    pub(super) fn key(self, event: &web_sys::KeyboardEvent) {
        let count = self.found.with_untracked(Vec::len);
        let at = self.active.get_untracked();
        let is_open = self.open.get_untracked();
        let done = match event.key().as_str() {
            "ArrowDown" if count > 0 => {
                self.activate(at.map_or(0, |at| (at + 1) % count));
                true
            }
            "ArrowUp" if count > 0 => {
                self.activate(at.map_or(count - 1, |at| (at + count - 1) % count));
                true
            }
            "Enter" if is_open => self.choose_active(),
            "Escape" if is_open => {
                self.leave();
                true
            }
            _ => false,
        };
        if done {
            event.prevent_default();
        }
    }
}

fn scroll_into_view(id: &str) {
    let element = document().get_element_by_id(id);
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::Element>().ok()) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}
