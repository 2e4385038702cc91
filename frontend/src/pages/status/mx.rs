//! What DNS says of the domains, shown live: where new mail goes, and once it has arrived who may send.

use leptos::prelude::*;
use mailferry_shared::{
    order::OrderState,
    schedule::{MxRecord, MxReport, MxState, MxWatch, WantedRecords},
};

use super::{Page, Stale, sending};
use crate::{
    api::{self, Polled},
    browser::intl,
    components::{Glyph, icon},
    state::poll::{self, Heard, Kick},
    t,
};

/// Asked again after this, milliseconds, where nothing else is said.
const RETRY_MS: u32 = 30_000;

/// The card; nothing while there is nothing to tell.
#[component]
pub(super) fn Mx(page: Page) -> impl IntoView {
    let report = page.mx;
    let etag = StoredValue::new(None::<String>);
    let heard = Heard::new();
    poll::poll(Kick::new(), move || async move {
        let known = etag.try_get_value()?;
        match api::poll_mx(page.context.id, known.as_deref()).await {
            Ok(Polled::New(newer, tag)) => {
                heard.answered();
                etag.try_set_value(tag);
                let pause = newer.poll_after_ms;
                report.try_set(Some(newer));
                Some(pause)
            }
            Ok(Polled::Same) => {
                heard.answered();
                report.try_with_untracked(|report| report.as_ref().map_or(RETRY_MS, |it| it.poll_after_ms))
            }
            Err(error) => heard.failed(&error),
        }
    });
    // What has ended waits for no record.
    let any = move || {
        page.state() != OrderState::Cancelled
            && report.with(|report| report.as_ref().is_some_and(|report| !report.items.is_empty()))
    };
    view! {
        <Show when=any>
            <section class="card" aria-labelledby="mx-title" aria-live="polite">
                <h2 id="mx-title">{move || report.with(|report| title(report.as_ref()))}</h2>
                <Stale heard=heard />
                {move || {
                    report
                        .with(|report| {
                            report.as_ref().map(|report| {
                                let starts = report.starts_delta.then(|| view! { <p class="soft">{t!("mx.starts_delta")}</p> });
                                let wanted = report.wanted.as_ref();
                                let rows = report.items.iter().map(|watch| domain(watch, wanted)).collect_view();
                                let source = wanted.filter(|_| tells_of_sending(report)).map(instructions);
                                view! { {starts} <ul role="list" class="stack">{rows}</ul> {source} }
                            })
                        })
                }}
            </section>
        </Show>
    }
}

fn title(report: Option<&MxReport>) -> &'static str {
    if report.is_some_and(tells_of_sending) { t!("mx.dns_title") } else { t!("mx.title") }
}

fn tells_of_sending(report: &MxReport) -> bool {
    report.items.iter().any(|watch| watch.sending.is_some())
}

fn instructions(wanted: &WantedRecords) -> impl IntoView + use<> {
    view! {
        <p class="small">
            <a href=wanted.source.clone() rel="external noreferrer">
                {t!("mx.instructions")}
            </a>
        </p>
    }
}

fn hosts(records: &[MxRecord]) -> String {
    records.iter().map(|record| record.host.as_str()).collect::<Vec<_>>().join(", ")
}

fn domain(watch: &MxWatch, wanted: Option<&WantedRecords>) -> impl IntoView + use<> {
    let ttl = watch.ttl_seconds.map_or_else(|| t!("duration.moments").to_owned(), |ttl| intl::span(u64::from(ttl)));
    let (class, glyph) = match watch.state {
        MxState::Old | MxState::Changing | MxState::Changed if watch.records.is_empty() => {
            ("status status-idle", Glyph::Minus)
        }
        MxState::Unknown => ("status status-idle", Glyph::Circle),
        MxState::Old => ("status status-warn", Glyph::Clock),
        MxState::Changing => ("status status-busy", Glyph::Spinner),
        MxState::Changed => ("status status-good", Glyph::Check),
    };
    let text = match watch.state {
        MxState::Old | MxState::Changing | MxState::Changed if watch.records.is_empty() => t!("mx.none").to_owned(),
        MxState::Unknown => t!("mx.unknown").to_owned(),
        MxState::Old => t!("mx.old", hosts = hosts(&watch.records), ttl = ttl),
        MxState::Changing => {
            let time = watch.settled_at.map(intl::date_time).unwrap_or_default();
            t!("mx.changing", hosts = hosts(&watch.records), time = time)
        }
        MxState::Changed => t!("mx.changed", hosts = hosts(&watch.records)),
    };
    let failed = watch.lookup_failed.then(|| view! { <p class="small soft">{t!("mx.lookup_failed")}</p> });
    let delta = watch.delta_id.is_some().then(|| view! { <p class="small soft">{t!("mx.delta_started")}</p> });
    let looked = watch
        .looked_up_at
        .map(|at| view! { <p class="small faint">{t!("mx.looked_up", time = intl::date_time(at))}</p> });
    let should = wanted.filter(|_| matches!(watch.state, MxState::Old)).map(|wanted| {
        view! { <p class="small soft">{t!("mx.should", hosts = wanted.mx.join(", "))}</p> }
    });
    let sending = watch.sending.as_ref().map(|records| sending::lines(records, wanted));
    view! {
        <li class="mx-domain stack-s">
            <strong class="account-name">{watch.domain.clone()}</strong>
            <div class="mx-line">
                <p class=class>{icon(glyph)}<span>{text}</span></p>
                {should} {failed} {delta}
            </div>
            {sending} {looked}
        </li>
    }
}
