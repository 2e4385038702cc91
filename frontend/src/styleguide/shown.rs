//! What tells something: messages, data, and what lies above the page.

use leptos::prelude::*;

use super::Section;
use crate::{
    api::ApiError,
    components::{Chart, CopyLine, Dialog, DialogSize, Failure, Glyph, Notice, Skeleton, Tone, icon},
    throughput::Rate,
};

#[component]
pub(super) fn Messages() -> impl IntoView {
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
pub(super) fn Data() -> impl IntoView {
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
pub(super) fn Overlays() -> impl IntoView {
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
