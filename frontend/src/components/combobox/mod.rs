//! A list one types to search in, by the ARIA pattern of an editable combobox with list autocompletion. `choice` is its
//! entries, `search` what happens as one types.

mod choice;
mod search;

use leptos::{html, prelude::*};

pub(crate) use self::choice::Choice;
use self::{choice::marked, search::Search};
use super::{
    field::FieldError,
    icon::{Glyph, icon},
};
use crate::t;

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
