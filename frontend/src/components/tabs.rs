//! Tabs by the ARIA pattern: arrow keys move, one stop for Tab.

use leptos::prelude::*;

use crate::browser;

/// One tab.
#[derive(Clone)]
pub(crate) struct TabItem<T> {
    /// What it stands for.
    pub(crate) value: T,
    /// Ending of its ids: `ID-tab-KEY` and `ID-panel-KEY`.
    pub(crate) key: String,
    /// Its name.
    pub(crate) label: String,
    /// A shorter one, seen where there is little room; the whole one is read out there too.
    pub(crate) short: Option<&'static str>,
    /// A number behind the name.
    pub(crate) count: Signal<Option<u64>>,
}

/// The row of tabs.
#[component]
pub(crate) fn Tabs<T>(
    id: &'static str,
    #[prop(into)] label: String,
    items: Vec<TabItem<T>>,
    #[prop(into)] selected: Signal<T>,
    #[prop(into)] on_select: Callback<T>,
    /// False where the tabs filter what stands below instead of showing panels of their own.
    #[prop(default = true)]
    has_panels: bool,
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let order: Vec<(T, String)> = items.iter().map(|item| (item.value, item.key.clone())).collect();
    let order = StoredValue::new(order);
    let go = move |to: usize| {
        let target = order.with_value(|order| order.get(to).cloned());
        if let Some((value, key)) = target {
            on_select.run(value);
            browser::focus(&format!("{id}-tab-{key}"));
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let count = order.with_value(Vec::len);
        let at = order.with_value(|order| order.iter().position(|(value, _)| *value == selected.get_untracked()));
        let at = at.unwrap_or_default();
        let to = match event.key().as_str() {
            "ArrowRight" => (at + 1) % count,
            "ArrowLeft" => (at + count - 1) % count,
            "Home" => 0,
            "End" => count - 1,
            _ => return,
        };
        event.prevent_default();
        go(to);
    };
    let tabs = items.into_iter().map(|item| tab(id, item, selected, on_select, has_panels)).collect_view();
    view! {
        <div class="tabs" role="tablist" aria-label=label on:keydown=on_key>
            {tabs}
        </div>
    }
}

fn tab<T>(
    id: &'static str,
    item: TabItem<T>,
    selected: Signal<T>,
    on_select: Callback<T>,
    has_panels: bool,
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let TabItem { value, key, label, short, count } = item;
    let long_class = if short.is_some() { "tab-long" } else { "" };
    let controls = has_panels.then(|| format!("{id}-panel-{key}"));
    let is_selected = move || selected.get() == value;
    view! {
        <button
            type="button"
            class="tab"
            role="tab"
            id=format!("{id}-tab-{key}")
            aria-controls=controls
            aria-selected=move || is_selected().to_string()
            tabindex=move || if is_selected() { "0" } else { "-1" }
            on:click=move |_| on_select.run(value)
        >
            <span class=long_class>{label}</span>
            {short.map(|short| view! { <span class="tab-short" aria-hidden="true">{short}</span> })}
            {move || {
                count
                    .get()
                    .map(|count| view! { <span class="tab-count">{crate::i18n::number(count)}</span> })
            }}
        </button>
    }
}

/// What a tab shows.
#[component]
pub(crate) fn TabPanel(
    id: &'static str,
    key: &'static str,
    #[prop(into)] shown: Signal<bool>,
    children: ChildrenFn,
) -> impl IntoView {
    view! {
        <div
            class="tab-panel"
            role="tabpanel"
            id=format!("{id}-panel-{key}")
            aria-labelledby=format!("{id}-tab-{key}")
            tabindex="0"
            hidden=move || !shown.get()
        >
            <Show when=move || shown.get()>{children()}</Show>
        </div>
    }
}
