//! What is typed, ticked and chosen.

use leptos::prelude::*;

use super::Section;
use crate::components::{
    Choice, Combobox, FieldError, PasswordField, RadioCard, TabItem, Tabs, TextArea, TextField, Tick,
};

#[component]
pub(super) fn Fields() -> impl IntoView {
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
pub(super) fn Choices() -> impl IntoView {
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
