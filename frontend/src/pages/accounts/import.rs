//! Tab *Add multiple accounts*: a file or pasted lines, read by the service, shown before anything is added.

use leptos::prelude::*;
use mailferry_shared::import::Layout;
use wasm_bindgen::JsCast as _;

use super::{
    Page,
    file::{Importing, add, look, read, read_file},
    preview::{Preview, layout_name},
};
use crate::{
    api,
    components::{Glyph, Notice, TextArea, Tone, busy_icon, icon},
    forms, i18n,
    state::{Load, service::Service},
    t,
};

const LAYOUTS: [Layout; 6] = Layout::ALL;

fn layout_value(layout: Option<Layout>) -> &'static str {
    match layout {
        None => "auto",
        Some(Layout::Request) => "request",
        Some(Layout::Standard) => "standard",
        Some(Layout::MasterUser) => "master_user",
        Some(Layout::Pairs) => "pairs",
        Some(Layout::Full) => "full",
        Some(Layout::Microsoft) => "microsoft",
    }
}

fn layout_text(layout: Option<Layout>) -> &'static str {
    match layout {
        None => t!("import.layout_auto"),
        Some(Layout::Request) => t!("import.layout_request"),
        Some(Layout::Standard) => t!("import.layout_standard"),
        Some(Layout::MasterUser) => t!("import.layout_master_user"),
        Some(Layout::Pairs) => t!("import.layout_pairs"),
        Some(Layout::Full) => t!("import.layout_full"),
        Some(Layout::Microsoft) => t!("import.layout_microsoft"),
    }
}

/// The tab.
#[component]
pub(super) fn ImportAccounts() -> impl IntoView {
    let page = expect_context::<Page>();
    let service = expect_context::<Service>();
    let importing = Importing::of_order(page);
    let text = move || {
        let (most, usual) = match service.info() {
            Load::Ready(info) => (info.max_pairs, info.recommended_rows),
            _ => (500, 50),
        };
        let number = |count: u32| i18n::number(u64::from(count));
        t!("import.text", rows = number(most), usual = number(usual))
    };
    let on_add = Callback::new(move |()| add(page, importing));
    view! {
        <div class="stack">
            <div class="page-head">
                <h2>{t!("import.title")}</h2>
                <p class="soft">{text}</p>
            </div>
            <AccountFile importing=importing on_add=on_add />
        </div>
    }
}

/// A file of accounts: chosen or pasted, read by the service, shown with what is wrong in it.
#[component]
pub(crate) fn AccountFile(importing: Importing, #[prop(optional)] on_add: Option<Callback<()>>) -> impl IntoView {
    let fields = importing.fields;
    let has_preview = Memo::new(move |_| fields.preview.with(Option::is_some));
    view! {
        {move || {
            fields
                .error
                .get()
                .map(|error| {
                    view! {
                        <Notice tone=Tone::Error>
                            <p>{error}</p>
                        </Notice>
                    }
                })
        }}
        <LayoutField importing=importing />
        <Show when=move || has_preview.get() fallback=move || view! { <Pick importing=importing /> }>
            <Preview importing=importing on_add=on_add />
        </Show>
    }
}

#[component]
fn LayoutField(importing: Importing) -> impl IntoView {
    let fields = importing.fields;
    let on_change = move |event| {
        let value = event_target_value(&event);
        fields.layout.set(LAYOUTS.into_iter().find(|layout| layout_value(Some(*layout)) == value));
        look(importing);
    };
    let options = std::iter::once(None).chain(LAYOUTS.map(Some)).map(|layout| {
        view! {
            <option value=layout_value(layout) selected=move || fields.layout.get() == layout>
                {layout_text(layout)}
            </option>
        }
    });
    view! {
        <div class="field">
            <label class="field-label" for="layout">
                {t!("import.layout_label")}
            </label>
            <select class="input" id="layout" on:change=on_change>
                {options.collect_view()}
            </select>
        </div>
    }
}

/// Where a file or lines come from.
#[component]
fn Pick(importing: Importing) -> impl IntoView {
    let Importing { fields, busy, open, .. } = importing;
    let over = RwSignal::new(false);
    let pasted = RwSignal::new(String::new());
    let on_drop = move |event: web_sys::DragEvent| {
        event.prevent_default();
        over.set(false);
        let file = event.data_transfer().and_then(|data| data.files()).and_then(|files| files.get(0));
        if let Some(file) = file {
            read_file(importing, file);
        }
    };
    let on_choose = move |event: web_sys::Event| {
        let input = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
        if let Some(input) = input {
            if let Some(file) = input.files().and_then(|files| files.get(0)) {
                read_file(importing, file);
            }
            // The same file may be chosen again after it was corrected.
            input.set_value("");
        }
    };
    // First the one that says all there is to say.
    let examples = std::iter::once(Layout::Full).chain(LAYOUTS.into_iter().filter(|layout| *layout != Layout::Full));
    let on_paste = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        match pasted.with_untracked(|text| forms::account_file(text.as_bytes())) {
            Ok(bytes) => read(importing, bytes, None),
            Err(error) => fields.error.set(Some(error.to_owned())),
        }
    };
    view! {
        <div
            class="drop"
            class:is-over=move || over.get()
            on:dragover=move |event| {
                event.prevent_default();
                over.set(true);
            }
            on:dragleave=move |_| over.set(false)
            on:drop=on_drop
            data-testid="drop-zone"
        >
            {icon(Glyph::File)}
            <p>
                <strong>{t!("import.drop")}</strong>
                " "
                <span class="faint">{t!("import.or")}</span>
            </p>
            <label class="button button-primary" class:is-busy=move || busy.get()>
                {busy_icon(busy, Glyph::File)}
                {t!("import.choose")}
                <input
                    class="visually-hidden"
                    type="file"
                    aria-label=t!(
                        "import.choose_name", choose = t!("import.choose"), file = t!("import.file_label")
                    )
                    accept=".csv,.txt,.tsv,text/csv,text/plain,text/tab-separated-values"
                    disabled=move || !open.get()
                    on:change=on_choose
                />
            </label>
        </div>
        <details class="disclosure">
            <summary>{t!("import.paste")}</summary>
            <form class="disclosure-body stack" on:submit=on_paste novalidate>
                <TextArea
                    id="paste"
                    label=t!("import.paste_label")
                    value=pasted
                    hint=t!("import.paste_hint")
                    disabled=Signal::derive(move || !open.get())
                />
                <button type="submit" class="button">
                    {t!("import.paste_go")}
                </button>
            </form>
        </details>
        <section class="stack-s">
            <h3>{t!("import.examples")}</h3>
            <ul class="bullets" role="list">
                {examples.map(example).collect_view()}
            </ul>
        </section>
    }
}

fn example(layout: Layout) -> impl IntoView {
    let name = layout_value(Some(layout));
    let about = layout_text(Some(layout)).split_once(": ").map(|(_, about)| about);
    view! {
        <li>
            {icon(Glyph::Download)}
            <span>
                <a href=api::import_example_url(name) download=format!("accounts-{name}.csv") rel="external">
                    {layout_name(layout)}
                </a>
                <span class="tick-hint">{about}</span>
            </span>
        </li>
    }
}
