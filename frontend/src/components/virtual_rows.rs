//! The rows of a table that may be long: only those near what is seen exist.

use leptos::{html, prelude::*};
use uuid::Uuid;
use wasm_bindgen::JsCast as _;

use crate::{
    browser,
    window::{Rows, Window},
};

/// Pixels above and below the view in which rows exist already, so that scrolling and tabbing find them.
const MARGIN: f64 = 700.0;
/// Pixels of a row that was not seen yet.
const GUESS: f64 = 96.0;

/// A table's body with a row per id, made by `row` from the id and its place, which stands in its `aria-rowindex`. Rows
/// may change their height.
#[component]
pub(crate) fn VirtualRows(
    #[prop(into)] ids: Signal<Vec<Uuid>>,
    columns: u32,
    #[prop(into)] row: Callback<(Uuid, usize), AnyView>,
) -> impl IntoView {
    let body = NodeRef::<html::Tbody>::new();
    let rows = StoredValue::new(Rows::new(ids.with_untracked(Vec::len), GUESS));
    let window = RwSignal::new(Window { rows: 0..ids.with_untracked(Vec::len).min(20), before: 0.0, after: 0.0 });
    // On paper stands the whole list.
    let printing = StoredValue::new(false);
    let look = move || {
        if printing.try_get_value() != Some(false) {
            return;
        }
        let Some(Some(body)) = body.try_get_untracked() else { return };
        let start = window.with_untracked(|window| window.rows.start);
        let focus = rows.try_update_value(|rows| measure(&body, rows, start)).flatten();
        let (top, bottom) = seen(&body);
        let wanted = rows.with_value(|rows| rows.with_focus(rows.window(top, bottom, MARGIN), focus));
        if window.with_untracked(|window| *window != wanted) {
            if focus.is_some() {
                browser::hold_focus();
            }
            window.set(wanted);
        }
    };
    // Once a frame at most, however often the browser tells of scrolling.
    let asked = StoredValue::new(false);
    let soon = move || {
        if asked.try_get_value() == Some(false) {
            asked.set_value(true);
            request_animation_frame(move || {
                if asked.try_set_value(false).is_none() {
                    look();
                }
            });
        }
    };
    let scrolling = window_event_listener(leptos::ev::scroll, move |_| soon());
    let resizing = window_event_listener(leptos::ev::resize, move |_| soon());
    let before_print = window_event_listener_untyped("beforeprint", move |_| {
        printing.set_value(true);
        window.set(Window { rows: 0..ids.with_untracked(Vec::len), before: 0.0, after: 0.0 });
    });
    let after_print = window_event_listener_untyped("afterprint", move |_| {
        printing.set_value(false);
        look();
    });
    on_cleanup(move || {
        for listener in [scrolling, resizing, before_print, after_print] {
            listener.remove();
        }
    });
    Effect::new(move || {
        let count = ids.with(Vec::len);
        rows.update_value(|rows| rows.resize(count));
        window.track();
        soon();
    });
    let shown = move || {
        let range = window.with(|window| window.rows.clone());
        ids.with(|ids| ids.iter().copied().enumerate().skip(range.start).take(range.len()).collect::<Vec<_>>())
    };
    let space = move |pixels: Memo<f64>| {
        view! {
            <Show when=move || { pixels.get() > 0.0 }>
                <tr class="rows-space" aria-hidden="true">
                    <td colspan=columns.to_string() style:height=move || format!("{}px", whole(pixels.get()))></td>
                </tr>
            </Show>
        }
    };
    view! {
        <tbody node_ref=body>
            {space(Memo::new(move |_| window.with(|window| window.before)))}
            <For each=shown key=|(_, id)| *id let((at, id))>
                {row.run((id, at))}
            </For>
            {space(Memo::new(move |_| window.with(|window| window.after)))}
        </tbody>
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a page")]
fn whole(pixels: f64) -> u32 {
    pixels.round().max(0.0) as u32
}

/// Notes the heights of the rows that exist, the first of which is row `start`, and tells which has the focus. A row may
/// bring further `tr` with it, which have no `aria-rowindex` of their own.
fn measure(body: &web_sys::HtmlElement, rows: &mut Rows, start: usize) -> Option<usize> {
    let made = body.query_selector_all(":scope > tr:not(.rows-space)").ok()?;
    let active = document().active_element();
    let (mut heights, mut focus) = (Vec::<f64>::new(), None);
    for at in 0..made.length() {
        let Some(element) = made.item(at).and_then(|node| node.dyn_into::<web_sys::HtmlElement>().ok()) else {
            continue;
        };
        let height = f64::from(element.offset_height());
        match heights.last_mut() {
            Some(last) if !element.has_attribute("aria-rowindex") => *last += height,
            _ => heights.push(height),
        }
        if element.contains(active.as_deref()) {
            focus = Some(start + heights.len() - 1);
        }
    }
    for (at, height) in heights.into_iter().enumerate() {
        rows.measure(start + at, height);
    }
    focus
}

/// From where to where the body is seen, in its own pixels.
fn seen(body: &web_sys::HtmlElement) -> (f64, f64) {
    let mut below = f64::from(body.offset_top());
    let mut parent = body.offset_parent();
    while let Some(element) = parent.and_then(|parent| parent.dyn_into::<web_sys::HtmlElement>().ok()) {
        below += f64::from(element.offset_top());
        parent = element.offset_parent();
    }
    let top = window().scroll_y().unwrap_or_default() - below;
    let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(1000.0);
    (top, top + height)
}
