//! Every component with all its states on one page, for those who build the page. Development builds of the service
//! serve it at `/styleguide`; its own words are English, because nobody else reads them.

use leptos::prelude::*;

use crate::{
    api::ApiError,
    components::{
        Chart, Choice, Combobox, CopyLine, Dialog, DialogSize, Failure, FieldError, Glyph, Notice, PageHead,
        PasswordField, RadioCard, Skeleton, TabItem, Tabs, TextArea, TextField, Tick, Tone, icon,
    },
    throughput::Rate,
};

const COLOURS: [&str; 19] = [
    "ground",
    "surface",
    "surface-sunk",
    "surface-raised",
    "line",
    "line-strong",
    "ink",
    "ink-soft",
    "ink-faint",
    "accent",
    "accent-strong",
    "accent-soft",
    "on-accent",
    "good",
    "bad",
    "warn",
    "good-soft",
    "bad-soft",
    "warn-soft",
];

/// The page.
#[component]
pub(crate) fn StyleGuide() -> impl IntoView {
    view! {
        <main class="page" id="main" tabindex="-1">
            <PageHead title="Style guide" lead="Every component with all its states. Switch theme, language and contrast to see them there." />
            <Colours />
            <Types />
            <Buttons />
            <Fields />
            <Choices />
            <Messages />
            <Data />
            <Overlays />
        </main>
    }
}

#[component]
fn Section(title: &'static str, children: Children) -> impl IntoView {
    let id = title.to_ascii_lowercase();
    view! {
        <section class="card" aria-labelledby=id.clone()>
            <h2 id=id.clone()>{title}</h2>
            {children()}
        </section>
    }
}

#[component]
fn Colours() -> impl IntoView {
    let swatch = |name: &'static str| {
        view! {
            <figure class="swatch">
                <div class="swatch-colour" style:background-color=format!("var(--{name})")></div>
                <figcaption class="small mono">{name}</figcaption>
            </figure>
        }
    };
    view! {
        <Section title="Colours">
            <div class="swatches">{COLOURS.map(swatch).collect_view()}</div>
        </Section>
    }
}

#[component]
fn Types() -> impl IntoView {
    view! {
        <Section title="Type">
            <h3>"Heading of the third level"</h3>
            <p class="lead">"A lead, which says in two sentences what the page is for."</p>
            <p>"Body text with a " <a href="#main" rel="external">"link"</a> ", " <code>"code"</code> " and numbers: 1,234.5."</p>
            <p class="soft">"Soft text"</p>
            <p class="faint small">"Faint small text"</p>
        </Section>
    }
}

#[component]
fn Buttons() -> impl IntoView {
    let kinds = [
        ("button", "Plain"),
        ("button button-primary", "Primary"),
        ("button button-danger", "Danger"),
        ("button button-quiet", "Quiet"),
        ("button button-small", "Small"),
        ("button button-large button-primary", "Large"),
    ];
    let row = |(class, name): (&'static str, &'static str)| {
        view! {
            <div class="row">
                <button type="button" class=class>{name}</button>
                <button type="button" class=class>{icon(Glyph::Check)} {name} " with icon"</button>
                <button type="button" class=format!("{class} is-busy")>{icon(Glyph::Spinner)} {name} " busy"</button>
                <button type="button" class=class disabled=true>{name} " disabled"</button>
            </div>
        }
    };
    view! {
        <Section title="Buttons">
            {kinds.map(row).collect_view()}
            <div class="row">
                <button type="button" class="button button-icon" aria-label="Only an icon">{icon(Glyph::Refresh)}</button>
                <button type="button" class="chip" aria-pressed="true">"Chip, pressed"</button>
                <button type="button" class="chip" aria-pressed="false">"Chip"</button>
                <span class="tagged">"Tag"</span>
            </div>
        </Section>
    }
}

#[component]
fn Fields() -> impl IntoView {
    let text = |value: &str| RwSignal::new(value.to_owned());
    let wrong = || Signal::derive(|| Some("This is what is wrong, and what to do.".to_owned()));
    let choices: Vec<Choice> = ["One", "Two", "Three"]
        .map(|name| Choice {
            value: name.to_owned(),
            name: name.to_owned(),
            note: "note".to_owned(),
            search: name.to_ascii_lowercase(),
        })
        .to_vec();
    view! {
        <Section title="Fields">
            <div class="two">
                <TextField id="sg-plain" label="Plain" value=text("typed") />
                <TextField id="sg-hint" label="With hint" value=text("") hint="What is expected" placeholder="example" is_optional=true />
                <TextField id="sg-wrong" label="Wrong" value=text("wrong") error=wrong() />
                <TextField id="sg-off" label="Disabled" value=text("locked") disabled=Signal::derive(|| true) />
                <PasswordField id="sg-password" label="Password" value=text("secret") />
                <TextField id="sg-time" label="Date and time" value=text("") kind="datetime-local" />
                <TextArea id="sg-area" label="Several lines" value=text("one\ntwo") />
                <Combobox
                    id="sg-combobox"
                    label="Type to search"
                    placeholder="One, Two, Three"
                    choices=Signal::derive(move || choices.clone())
                    selected=Signal::derive(|| None::<String>)
                    on_select=|_: String| {}
                />
                <div class="field">
                    <label class="field-label" for="sg-select">"Select"</label>
                    <select class="input" id="sg-select" aria-invalid="true" aria-describedby="sg-select-error">
                        <option>"One"</option>
                        <option>"Two"</option>
                    </select>
                    <FieldError id="sg-select-error" error=wrong() />
                </div>
            </div>
        </Section>
    }
}

#[component]
fn Choices() -> impl IntoView {
    let (first, second) = (RwSignal::new(true), RwSignal::new(false));
    let chosen = RwSignal::new(0_u8);
    let tab = RwSignal::new(0_u8);
    let card = move |value: u8, key: &'static str, title: &'static str| {
        view! {
            <RadioCard
                name="sg-radio"
                value=key
                title=title
                text="What choosing this means."
                checked=Signal::derive(move || chosen.get() == value)
                on_choose=move |()| chosen.set(value)
            />
        }
    };
    let item = |value: u8, label: &str, count: Option<u64>| TabItem {
        value,
        key: value.to_string(),
        label: label.to_owned(),
        short: None,
        count: Signal::derive(move || count),
    };
    let items = vec![item(0, "First tab", Some(12)), item(1, "Second tab", None), item(2, "Third tab", None)];
    view! {
        <Section title="Choices">
            <div class="two-tight">
                <Tick label="Ticked" checked=first on_change=move |on| first.set(on) />
                <Tick label="Not ticked" hint="With a hint" checked=second on_change=move |on| second.set(on) />
                <Tick label="Disabled" checked=first on_change=|_| {} disabled=Signal::derive(|| true) />
                <Tick label="Missing" checked=second on_change=move |on| second.set(on) is_missing=Signal::derive(|| true) />
            </div>
            <div class="two">{card(0, "a", "One choice")} {card(1, "b", "Another choice")}</div>
            <Tabs id="sg-tabs" label="Tabs" items=items selected=tab on_select=move |to| tab.set(to) has_panels=false />
            <div role="tabpanel" tabindex="0" aria-label="Panel">{move || format!("Tab {} is shown.", tab.get() + 1)}</div>
        </Section>
    }
}

#[component]
fn Messages() -> impl IntoView {
    let notice = |tone: Tone, title: &'static str| {
        view! {
            <Notice tone=tone title=title>
                <p>"What there is to know, in a sentence or two."</p>
            </Notice>
        }
    };
    let statuses = [
        ("status status-idle", Glyph::Clock, "Waiting"),
        ("status status-busy", Glyph::Spinner, "Copying"),
        ("status status-good", Glyph::Check, "Finished"),
        ("status status-warn", Glyph::Warning, "With exceptions"),
        ("status status-bad", Glyph::Cross, "Failed"),
    ];
    let statuses = statuses
        .map(|(class, glyph, text)| view! { <span class=class>{icon(glyph)}<span>{text}</span></span> })
        .collect_view();
    view! {
        <Section title="Messages">
            {notice(Tone::Info, "Info")} {notice(Tone::Good, "Good")} {notice(Tone::Warning, "Warning")}
            {notice(Tone::Error, "Error")}
            <Failure error=ApiError::Offline retry=Callback::new(|()| {}) />
            <div class="row">{statuses}</div>
            <div class="proof proof-good">{icon(Glyph::Shield)} <p class="proof-sentence">"12,345 of 12,345 messages arrived, byte for byte."</p></div>
            <div class="proof proof-warn">{icon(Glyph::Warning)} <p class="proof-sentence">"12,344 of 12,345 messages arrived, byte for byte."</p></div>
            <Skeleton />
        </Section>
    }
}

#[component]
fn Data() -> impl IntoView {
    let rates: Vec<Rate> = [2.0, 5.0, 4.0, 7.0, 6.0, 9.0, 8.0]
        .into_iter()
        .enumerate()
        .map(|(at, rate)| Rate {
            at_ms: f64::from(u32::try_from(at).unwrap_or_default()) * 2000.0,
            bytes_per_second: rate,
        })
        .collect();
    let bar = |class: &'static str, value: &'static str| {
        view! { <progress class=class max="100" value=value aria-label="Progress"></progress> }
    };
    view! {
        <Section title="Data">
            {bar("progress", "40")} {bar("progress progress-good", "100")} {bar("progress progress-bad", "70")}
            <progress class="progress" aria-label="Not known yet"></progress>
            <Chart rates=Signal::derive(move || rates.clone()) label=Signal::derive(|| "Speed, as a line".to_owned()) />
            <dl class="facts">
                <div class="fact"><dt>"Messages"</dt><dd>"12,345"</dd></div>
                <div class="fact"><dt>"Size"</dt><dd>"1.5 GB"</dd></div>
            </dl>
            <div class="table-scroll" tabindex="0" role="region" aria-label="A table">
                <table class="table">
                    <caption class="visually-hidden">"A table"</caption>
                    <thead><tr><th scope="col">"Name"</th><th scope="col" class="number">"Number"</th></tr></thead>
                    <tbody>
                        <tr><th scope="row">"First"</th><td class="number">"1"</td></tr>
                        <tr><th scope="row">"Second"</th><td class="number">"2"</td></tr>
                    </tbody>
                </table>
            </div>
            <CopyLine label="Order number" text="0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0001" />
            <dl class="bill">
                <div><dt>"3 accounts at €14.90"</dt><dd>"€44.70"</dd></div>
                <div class="bill-total"><dt>"Total"</dt><dd>"€44.70"</dd></div>
                <div><dt>"VAT 19% included"</dt><dd>"€7.14"</dd></div>
            </dl>
            <div class="empty">
                {icon(Glyph::List)}
                <p>"What is said where there is nothing yet, and what one can do about it."</p>
                <button type="button" class="button">{icon(Glyph::Plus)} "Begin one"</button>
            </div>
        </Section>
    }
}

#[component]
fn Overlays() -> impl IntoView {
    let open = RwSignal::new(false);
    view! {
        <Section title="Overlays">
            <button type="button" class="button" on:click=move |_| open.set(true)>"Open a dialog"</button>
            <Dialog id="sg-dialog" title=Signal::derive(|| "A question?".to_owned()) open=open size=DialogSize::Small>
                <p>"What happens then."</p>
                <div class="dialog-actions">
                    <button type="button" class="button" on:click=move |_| open.set(false)>"Not yet"</button>
                    <button type="button" class="button button-danger" on:click=move |_| open.set(false)>"Do it"</button>
                </div>
            </Dialog>
        </Section>
    }
}
