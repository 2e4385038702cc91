//! The few calls into the browser that leptos does not cover.

mod focus;
pub(crate) mod intl;

pub(crate) use self::focus::{
    focus, focus_first_error, focus_incomplete_date, hold_focus, is_incomplete_date, keep_focus_at, keep_focus_within,
    pass_focus_to,
};

use leptos::prelude::{document, window};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Sets the document's title to `title` and the product's name.
pub(crate) fn set_title(title: &str) {
    let name = crate::t!("app.name");
    document().set_title(&if title == name { name.to_owned() } else { format!("{title} · {name}") });
}

/// `text` in lower case, by the browser: Unicode's tables of cases would be a heavy part of the page.
pub(crate) fn lower_case(text: &str) -> String {
    js_sys::JsString::from(text).to_lower_case().into()
}

/// True while the page is in a hidden tab.
pub(crate) fn is_hidden() -> bool {
    document().hidden()
}

/// Up to this width there is room for what is next, and little more. The style sheet has the same number.
const NARROW: &str = "(max-width: 40rem)";

/// True where there is little room.
pub(crate) fn is_narrow() -> bool {
    window().match_media(NARROW).ok().flatten().is_some_and(|media| media.matches())
}

/// The same, as the window becomes wider or narrower.
pub(crate) fn narrow() -> leptos::prelude::ReadSignal<bool> {
    use leptos::prelude::{Set as _, on_cleanup, signal, window_event_listener};
    let (narrow, set_narrow) = signal(is_narrow());
    let handle = window_event_listener(leptos::ev::resize, move |_| set_narrow.set(is_narrow()));
    on_cleanup(move || handle.remove());
    narrow
}

/// What is stored under `name` in this browser. Never a secret.
pub(crate) fn stored(name: &str) -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(name).ok().flatten()
}

/// Stores `value`, or removes what is stored. Storage may be switched off: then nothing is remembered.
pub(crate) fn store(name: &str, value: Option<&str>) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = match value {
            Some(value) => storage.set_item(name, value),
            None => storage.remove_item(name),
        };
    }
}

/// What is stored for this tab alone.
pub(crate) fn stored_here(name: &str) -> Option<String> {
    window().session_storage().ok().flatten()?.get_item(name).ok().flatten()
}

/// Stores `value` for this tab alone, or removes what is stored.
pub(crate) fn store_here(name: &str, value: Option<&str>) {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = match value {
            Some(value) => storage.set_item(name, value),
            None => storage.remove_item(name),
        };
    }
}

/// Stands in this tab's storage while one goes from one module of the page to another.
const FROM_WITHIN: &str = "from_within";

/// Tells the next document of this tab that one came to it from within the page.
pub(crate) fn leave_within() {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.set_item(FROM_WITHIN, "yes");
    }
}

/// True if the document before this one said so; asked once.
pub(crate) fn came_from_within() -> bool {
    let Ok(Some(storage)) = window().session_storage() else { return false };
    let came = storage.get_item(FROM_WITHIN).is_ok_and(|value| value.is_some());
    let _ = storage.remove_item(FROM_WITHIN);
    came
}

/// Keeps `value` in this tab, for the other modules of the page. Never a secret.
pub(crate) fn keep(name: &str, value: &str) {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.set_item(name, value);
    }
}

/// What this tab keeps under `name`.
pub(crate) fn kept(name: &str) -> Option<String> {
    window().session_storage().ok().flatten()?.get_item(name).ok().flatten()
}

/// Puts `text` into the clipboard; false if the browser refuses.
pub(crate) async fn copy(text: &str) -> bool {
    // Only secure contexts have a clipboard.
    if !window().is_secure_context() {
        return false;
    }
    JsFuture::from(window().navigator().clipboard().write_text(text)).await.is_ok()
}

/// Removes the fragment from the address bar without loading anything.
pub(crate) fn drop_fragment() {
    let location = window().location();
    let path = location.pathname().unwrap_or_default() + &location.search().unwrap_or_default();
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&path));
    }
}

/// Removes query and fragment from the address bar without loading anything.
pub(crate) fn drop_query() {
    set_query("");
}

/// Puts `query` into the address bar, without a fragment and without loading anything.
pub(crate) fn set_query(query: &str) {
    let mut path = window().location().pathname().unwrap_or_default();
    if !query.is_empty() {
        path = format!("{path}?{query}");
    }
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&path));
    }
}

/// The languages the user prefers, best first, as BCP 47 tags.
pub(crate) fn languages() -> Vec<String> {
    window().navigator().languages().iter().filter_map(|tag| tag.as_string()).collect()
}

/// The address of a static file, which the shell names.
pub(crate) fn asset(name: &str) -> String {
    document()
        .query_selector(&format!("meta[name='asset:{name}']"))
        .ok()
        .flatten()
        .and_then(|meta| meta.get_attribute("content"))
        .unwrap_or_default()
}

/// `text` as a part of a query.
pub(crate) fn escaped(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

/// The text that [`escaped`] has made of it; one that is spoilt is empty.
pub(crate) fn unescaped(text: &str) -> String {
    js_sys::decode_uri_component(text).map(String::from).unwrap_or_default()
}

/// The bytes of a file that the user has chosen; `None` if the browser cannot read it.
pub(crate) async fn file_bytes(file: &web_sys::File) -> Option<Vec<u8>> {
    let buffer = JsFuture::from(file.array_buffer()).await.ok()?;
    Some(js_sys::Uint8Array::new(&buffer).to_vec())
}

/// A file made here, as an address to download it from; it is forgotten with the page.
pub(crate) fn text_file(text: &str) -> String {
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let blob = web_sys::Blob::new_with_str_sequence(&parts);
    blob.and_then(|blob| web_sys::Url::create_object_url_with_blob(&blob)).unwrap_or_default()
}

/// What the address says under `name` in its fragment.
pub(crate) fn fragment(name: &str) -> Option<String> {
    let hash = window().location().hash().ok()?;
    let parts = hash.trim_start_matches('#').split('&');
    parts.filter_map(|part| part.split_once('=')).find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

/// Sets a variable of the style sheet for the whole page.
pub(crate) fn set_style(name: &str, value: &str) {
    use wasm_bindgen::JsCast as _;
    let root = document().document_element().and_then(|root| root.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(root) = root {
        let _ = root.style().set_property(name, value);
    }
}

/// Lets the browser fetch a file of the shell's when it has nothing better to do: it will be wanted soon.
pub(crate) fn prefetch(name: &str) {
    let (Ok(link), Some(head)) = (document().create_element("link"), document().query_selector("head").ok().flatten())
    else {
        return;
    };
    for (attribute, value) in [("rel", "prefetch"), ("href", &asset(name))] {
        let _ = link.set_attribute(attribute, value);
    }
    let _ = head.append_child(&link);
}

/// Prints the page: of an open dialog alone, see the style sheet for print.
pub(crate) fn print() {
    let _ = window().print();
}

/// A name that no other press, tab or browser comes upon: 104 bits by chance. It is no secret.
pub(crate) fn random_name() -> String {
    let part = || js_sys::Math::random().to_bits();
    format!("{:x}-{:x}", part(), part())
}

/// The language of the document.
pub(crate) fn document_language() -> String {
    document().document_element().and_then(|root| root.get_attribute("lang")).unwrap_or_default()
}

/// Tells the browser the language of the document: for hyphens, spelling, and screen readers.
pub(crate) fn set_document_language(code: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("lang", code);
    }
}

/// Takes a text that a script has left in the global object.
pub(crate) fn take_global(name: &str) -> Option<String> {
    let (global, name) = (js_sys::global(), JsValue::from_str(name));
    let text = js_sys::Reflect::get(&global, &name).ok()?.as_string();
    let _ = js_sys::Reflect::delete_property(&global, &name);
    text
}

/// A static file as text; `None` if it cannot be had.
pub(crate) async fn fetch_text(url: &str) -> Option<String> {
    let answer = gloo_net::http::Request::get(url).send().await.ok()?;
    if answer.ok() { answer.text().await.ok() } else { None }
}
