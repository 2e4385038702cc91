//! A list one types to search in, by the ARIA pattern of an editable combobox with list autocompletion.

use leptos::{html, prelude::*};
use mailferry_shared::provider::Provider;
use wasm_bindgen::JsCast as _;

use super::{
    field::FieldError,
    icon::{Glyph, icon},
};
use crate::{browser, t};

/// One entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// What it stands for.
    pub(crate) value: String,
    /// Its name.
    pub(crate) name: String,
    /// What is shown beside it.
    pub(crate) note: String,
    /// What a search looks at, lower case.
    pub(crate) search: String,
}

impl Choice {
    /// A known provider, found by its name and its domains.
    pub(crate) fn of_provider(provider: Provider) -> Self {
        let domains = provider.domains.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        // A product that runs at many places.
        let needs_host = provider.endpoint.is_none();
        Self {
            search: browser::lower_case(&format!("{} {}", provider.name, provider.domains.join(" "))),
            note: if needs_host { t!("providers.host_needed_short").to_owned() } else { domains },
            value: provider.id,
            name: provider.name,
        }
    }
}

/// The entries that match `typed`: those whose name begins with it first.
fn matching(choices: &[Choice], typed: &str) -> Vec<Choice> {
    let typed = browser::lower_case(typed.trim());
    // Somebody may type the whole mail address: the domain tells the provider.
    let wanted = typed.rsplit_once('@').map_or(typed.as_str(), |(_, domain)| domain);
    let found = choices.iter().filter(|choice| choice.search.contains(wanted));
    let (first, rest): (Vec<_>, Vec<_>) =
        found.partition(|choice| browser::lower_case(&choice.name).starts_with(wanted));
    first.into_iter().chain(rest).cloned().collect()
}

/// True for what may be an address or a domain.
fn is_name(typed: &str) -> bool {
    typed.contains(['@', '.'])
}

/// What a combobox is doing.
#[derive(Clone, Copy)]
struct Search {
    id: &'static str,
    /// What stands in the field.
    typed: RwSignal<String>,
    /// True from the first letter typed until a choice or until the field is left.
    searching: RwSignal<bool>,
    open: RwSignal<bool>,
    /// Place of the entry that Enter would choose.
    active: RwSignal<Option<usize>>,
    found: Memo<Vec<Choice>>,
    selected_name: Memo<Option<String>>,
    on_select: Callback<String>,
    disabled: Signal<bool>,
    /// Told of what is typed.
    told: Option<RwSignal<String>>,
    /// What was chosen stays in the field.
    keeps: bool,
}

impl Search {
    fn new(
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

    fn show(self) {
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
    fn leave(self) {
        let chosen = self.selected_name.get_untracked();
        let stays = chosen.is_none() && self.told.is_some() && self.typed.with_untracked(|typed| is_name(typed));
        self.close(if stays { self.typed.get_untracked() } else { chosen.unwrap_or_default() });
    }

    fn choose(self, choice: Choice) {
        self.on_select.run(choice.value);
        self.close(if self.keeps { choice.name } else { String::new() });
    }

    fn input(self, text: String) {
        if let Some(told) = self.told {
            told.set(text.clone());
        }
        self.typed.set(text);
        self.searching.set(true);
        self.active.set(None);
        self.show();
    }

    /// An address or a domain that is in no list: whoever is told of it looks for it, and shows what was found below.
    fn looks_elsewhere(self) -> bool {
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

    fn key(self, event: &web_sys::KeyboardEvent) {
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

/// The combobox. `selected` holds the value of the entry chosen, `on_select` is told of a choice.
#[component]
pub(crate) fn Combobox(
    id: &'static str,
    label: &'static str,
    #[prop(into)] placeholder: String,
    #[prop(into)] choices: Signal<Vec<Choice>>,
    #[prop(into)] selected: Signal<Option<String>>,
    #[prop(into)] on_select: Callback<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    #[prop(optional, into)] disabled: Signal<bool>,
    /// Told of what is typed.
    #[prop(optional)]
    told: Option<RwSignal<String>>,
    /// False: a choice is taken elsewhere, and the field is ready for the next.
    #[prop(default = true)]
    keeps_choice: bool,
) -> impl IntoView {
    let search = Search::new(id, choices, selected, on_select, disabled, told, keeps_choice);
    let input = NodeRef::<html::Input>::new();
    let select_text = move |_| {
        if let Some(input) = input.get_untracked() {
            input.select();
        }
    };
    let list_id = format!("{id}-list");
    let error_id = format!("{id}-error");
    view! {
        <div class="field combobox">
            <label class="field-label" for=id>
                {label}
            </label>
            <div class="combobox">
                <div class="combobox-input">
                    {icon(Glyph::Search)}
                    <input
                        class="input"
                        class:is-none=move || selected.with(|selected| selected.as_ref().is_some_and(String::is_empty))
                        id=id
                        type="text"
                        role="combobox"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        placeholder=placeholder
                        aria-autocomplete="list"
                        aria-haspopup="listbox"
                        aria-expanded=move || (search.open.get() && !search.looks_elsewhere()).to_string()
                        aria-controls=list_id.clone()
                        aria-activedescendant=move || search.active.get().map(|at| format!("{id}-option-{at}"))
                        aria-describedby=error_id.clone()
                        aria-invalid=move || error.get().is_some().then_some("true")
                        disabled=move || disabled.get()
                        prop:value=move || search.typed.get()
                        node_ref=input
                        on:input=move |event| search.input(event_target_value(&event))
                        on:keydown=move |event| search.key(&event)
                        on:click=move |_| search.show()
                        on:focus=select_text
                        on:blur=move |_| search.leave()
                    />
                </div>
                <ul
                    class="combobox-list"
                    role="listbox"
                    id=list_id.clone()
                    aria-label=label
                    hidden=move || !search.open.get() || search.looks_elsewhere()
                >
                    {move || options(search, selected)}
                </ul>
            </div>
            <FieldError id=error_id.clone() error=error />
        </div>
    }
}

fn options(search: Search, selected: Signal<Option<String>>) -> AnyView {
    let found = search.found.get();
    if found.is_empty() {
        return view! {
            <li class="combobox-none" role="option" aria-disabled="true" aria-selected="false">
                {t!("combobox.none")}
            </li>
        }
        .into_any();
    }
    let wanted = if search.searching.get() { search.typed.get() } else { String::new() };
    let option = move |(at, choice): (usize, Choice)| {
        let value = choice.value.clone();
        let picked = choice.clone();
        // On mousedown, before the field loses the focus, which would close the list.
        let pick = move |event: web_sys::MouseEvent| {
            event.prevent_default();
            search.choose(picked.clone());
        };
        view! {
            <li
                class="option"
                class:is-active=move || search.active.get() == Some(at)
                role="option"
                id=format!("{}-option-{at}", search.id)
                aria-selected=move || selected.with(|selected| selected.as_ref() == Some(&value)).to_string()
                on:mousedown=pick
                on:mouseenter=move |_| search.active.set(Some(at))
            >
                <span class="option-name">{marked(&choice.name, &wanted)}</span>
                <span class="option-note">{marked(&choice.note, &wanted)}</span>
            </li>
        }
    };
    found.into_iter().enumerate().map(option).collect_view().into_any()
}

/// `name` with the part in bold that was typed.
fn marked(name: &str, typed: &str) -> AnyView {
    let typed = typed.trim().to_ascii_lowercase();
    let found = name.to_ascii_lowercase().find(&typed).filter(|_| !typed.is_empty());
    let Some((before, rest)) = found.map(|at| name.split_at(at)) else { return name.to_owned().into_any() };
    let (part, after) = rest.split_at(typed.len());
    view! { {before.to_owned()} <strong>{part.to_owned()}</strong> {after.to_owned()} }.into_any()
}

fn scroll_into_view(id: &str) {
    let element = document().get_element_by_id(id);
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::Element>().ok()) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}
