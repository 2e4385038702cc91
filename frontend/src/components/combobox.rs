//! A list one types to search in, by the ARIA pattern of an editable combobox with list autocompletion.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast as _;

use super::{
    field::FieldError,
    icon::{Glyph, icon},
};
use crate::t;

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

/// The entries that match `typed`: those whose name begins with it first.
fn matching(choices: &[Choice], typed: &str) -> Vec<Choice> {
    let typed = typed.trim().to_lowercase();
    // Somebody may type the whole mail address: the domain tells the provider.
    let wanted = typed.rsplit_once('@').map_or(typed.as_str(), |(_, domain)| domain);
    let mut found: Vec<&Choice> = choices.iter().filter(|choice| choice.search.contains(wanted)).collect();
    found.sort_by_key(|choice| !choice.name.to_lowercase().starts_with(wanted));
    found.into_iter().cloned().collect()
}

/// The combobox. `selected` holds the value of the entry chosen, `on_select` is told of a choice.
#[component]
pub(crate) fn Combobox(
    id: &'static str,
    #[prop(into)] label: String,
    #[prop(into)] placeholder: String,
    #[prop(into)] choices: Signal<Vec<Choice>>,
    #[prop(into)] selected: Signal<Option<String>>,
    #[prop(into)] on_select: Callback<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let searching = RwSignal::new(false);
    let open = RwSignal::new(false);
    let active = RwSignal::new(None::<usize>);
    let input = NodeRef::<html::Input>::new();

    let selected_name = Memo::new(move |_| {
        let value = selected.get()?;
        choices.with(|choices| choices.iter().find(|choice| choice.value == value).map(|choice| choice.name.clone()))
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

    let show = move || {
        if !disabled.get_untracked() {
            open.set(true);
        }
    };
    let leave = move || {
        open.set(false);
        active.set(None);
        searching.set(false);
        typed.set(selected_name.get_untracked().unwrap_or_default());
    };
    let choose = move |choice: Choice| {
        on_select.run(choice.value);
        searching.set(false);
        open.set(false);
        active.set(None);
        typed.set(choice.name);
    };
    let move_to = move |to: Option<usize>| {
        show();
        active.set(to);
        if let Some(at) = to {
            scroll_into_view(&format!("{id}-option-{at}"));
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let count = found.with_untracked(Vec::len);
        let at = active.get_untracked();
        match event.key().as_str() {
            "ArrowDown" if count > 0 => move_to(Some(at.map_or(0, |at| (at + 1) % count))),
            "ArrowUp" if count > 0 => move_to(Some(at.map_or(count - 1, |at| (at + count - 1) % count))),
            "Enter" if open.get_untracked() => {
                let only = (count == 1).then_some(0);
                match at.or(only).and_then(|at| found.with_untracked(|found| found.get(at).cloned())) {
                    Some(choice) => choose(choice),
                    None => return,
                }
            }
            "Escape" if open.get_untracked() => leave(),
            _ => return,
        }
        event.prevent_default();
    };
    let on_input = move |event| {
        typed.set(event_target_value(&event));
        searching.set(true);
        active.set(None);
        show();
    };
    let list_id = format!("{id}-list");
    let controls = list_id.clone();
    let list_label = label.clone();
    let error_id = format!("{id}-error");
    let described = error_id.clone();
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
                        id=id
                        type="text"
                        role="combobox"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        placeholder=placeholder
                        aria-autocomplete="list"
                        aria-haspopup="listbox"
                        aria-expanded=move || open.get().to_string()
                        aria-controls=controls
                        aria-activedescendant=move || active.get().map(|at| format!("{id}-option-{at}"))
                        aria-describedby=described
                        aria-invalid=move || error.get().is_some().then_some("true")
                        disabled=move || disabled.get()
                        prop:value=move || typed.get()
                        node_ref=input
                        on:input=on_input
                        on:keydown=on_key
                        on:click=move |_| show()
                        on:focus=move |_| {
                            if let Some(input) = input.get_untracked() {
                                input.select();
                            }
                        }
                        on:blur=move |_| leave()
                    />
                </div>
                <ul class="combobox-list" role="listbox" id=list_id aria-label=list_label hidden=move || !open.get()>
                    {move || options(id, found.get(), selected, active, choose)}
                </ul>
            </div>
            <FieldError id=error_id error=error />
        </div>
    }
}

fn options(
    id: &'static str,
    found: Vec<Choice>,
    selected: Signal<Option<String>>,
    active: RwSignal<Option<usize>>,
    choose: impl Fn(Choice) + Copy + 'static,
) -> AnyView {
    if found.is_empty() {
        return view! { <li class="combobox-none" role="option" aria-disabled="true" aria-selected="false">{t!("combobox.none")}</li> }.into_any();
    }
    let option = move |(at, choice): (usize, Choice)| {
        let value = choice.value.clone();
        let picked = choice.clone();
        view! {
            <li
                class="option"
                class:is-active=move || active.get() == Some(at)
                role="option"
                id=format!("{id}-option-{at}")
                aria-selected=move || selected.with(|selected| selected.as_ref() == Some(&value)).to_string()
                // Before the field loses the focus, which would close the list.
                on:mousedown=move |event| {
                    event.prevent_default();
                    choose(picked.clone());
                }
                on:mouseenter=move |_| active.set(Some(at))
            >
                <span class="option-name">{choice.name}</span>
                <span class="option-note">{choice.note}</span>
            </li>
        }
    };
    found.into_iter().enumerate().map(option).collect_view().into_any()
}

fn scroll_into_view(id: &str) {
    let element = document().get_element_by_id(id);
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::Element>().ok()) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}
