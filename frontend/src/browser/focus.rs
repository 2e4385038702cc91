//! Where the keyboard's focus is, and where it goes on when what had it goes away.

use leptos::prelude::{document, request_animation_frame};
use wasm_bindgen::JsCast as _;

/// Moves the focus to the element `id`.
pub(crate) fn focus(id: &str) {
    let element = document().get_element_by_id(id);
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Gives the focus back to what has it now, should it lose it while the page is made anew: what is put to another place
/// does, and so do rows of a list before which others are put.
pub(crate) fn hold_focus() {
    let held = document().active_element().and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    leptos::task::spawn_local(async move {
        leptos::task::tick().await;
        let is_lost = document().active_element().is_none_or(|element| element.tag_name() == "BODY");
        if let Some(held) = held.filter(|held| is_lost && held.is_connected()) {
            // It may be out of sight by now, and is not to pull the page back there.
            let still = web_sys::FocusOptions::new();
            still.set_prevent_scroll(true);
            let _ = held.focus_with_options(&still);
        }
    });
}

/// True if a part of the date in the field `id` was typed and a part is missing: its value is empty then.
pub(crate) fn is_incomplete_date(id: &str) -> bool {
    document().query_selector(&format!("#{id}:invalid")).ok().flatten().is_some()
}

/// Leads to the first date within the element `id` of which a part was typed and a part is missing; true if there is
/// one.
pub(crate) fn focus_incomplete_date(id: &str) -> bool {
    let selector = format!("#{id} input[type='datetime-local']:invalid, #{id} input[type='date']:invalid");
    let found = document().query_selector(&selector).ok().flatten();
    let found = found.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    found.map(|field| field.focus()).is_some()
}

/// Leads to the first field with an error.
pub(crate) fn focus_first_error() {
    request_animation_frame(|| {
        let found = document().query_selector("[aria-invalid='true'], .field-error").ok().flatten();
        match found.as_ref().and_then(|element| element.get_attribute("id")) {
            Some(id) => {
                focus(&id);
                // What is no field takes no focus, and is shown.
                if document().active_element().is_none_or(|active| active.id() != id) {
                    found.iter().for_each(web_sys::Element::scroll_into_view);
                }
            }
            // What has no field of its own is read out as an alert; it must be seen too.
            None => found.iter().for_each(web_sys::Element::scroll_into_view),
        }
    });
}

/// Leads to the page's part, if what had the focus is gone: so that nobody begins at the top again.
pub(crate) fn keep_focus_within() {
    keep_focus_at("main");
}

/// Leads to the element `id`, if what had the focus is gone.
pub(crate) fn keep_focus_at(id: &'static str) {
    request_animation_frame(move || {
        let held = document().active_element().is_some_and(|element| element.tag_name() != "BODY");
        if !held {
            focus(id);
        }
    });
}

/// Leads to the element `id`, if what has the focus within it is about to go away.
pub(crate) fn pass_focus_to(id: &'static str) {
    let holder = document().active_element().and_then(|active| active.closest(&format!("#{id}")).ok().flatten());
    if holder.is_some() {
        keep_focus_at(id);
    }
}
