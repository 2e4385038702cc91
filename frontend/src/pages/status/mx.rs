//! Where new mail of the domains goes, watched in DNS and shown live.

use leptos::prelude::*;
use mailferry_shared::schedule::{MxRecord, MxReport, MxState, MxWatch};

use super::Page;
use crate::{
    api::{self, Polled},
    browser::intl,
    components::{Glyph, icon},
    state::poll::{self, Kick},
    t,
};

/// Asked again after this, milliseconds, when the service could not be reached.
const RETRY_MS: u32 = 30_000;

/// The card; nothing while there is nothing to tell.
#[component]
pub(super) fn Mx(page: Page) -> impl IntoView {
    let report = RwSignal::new(None::<MxReport>);
    let etag = StoredValue::new(None::<String>);
    poll::poll(Kick::new(), move || async move {
        let known = etag.try_get_value()?;
        match api::poll_mx(page.context.id, known.as_deref()).await {
            Ok(Polled::New(newer, tag)) => {
                etag.try_set_value(tag);
                let pause = newer.poll_after_ms;
                report.try_set(Some(newer));
                Some(pause)
            }
            Ok(Polled::Same) => {
                report.try_with_untracked(|report| report.as_ref().map_or(RETRY_MS, |it| it.poll_after_ms))
            }
            Err(_) => Some(RETRY_MS),
        }
    });
    let any = move || report.with(|report| report.as_ref().is_some_and(|report| !report.items.is_empty()));
    view! {
        <Show when=any>
            <section class="card" aria-labelledby="mx-title" aria-live="polite">
                <h2 id="mx-title">{t!("mx.title")}</h2>
                {move || {
                    report
                        .with(|report| {
                            report.as_ref().map(|report| {
                                let starts = report.starts_delta.then(|| view! { <p class="soft">{t!("mx.starts_delta")}</p> });
                                let rows = report.items.iter().map(domain).collect_view();
                                view! { {starts} <ul role="list" class="stack">{rows}</ul> }
                            })
                        })
                }}
            </section>
        </Show>
    }
}

fn hosts(records: &[MxRecord]) -> String {
    records.iter().map(|record| record.host.as_str()).collect::<Vec<_>>().join(", ")
}

fn domain(watch: &MxWatch) -> impl IntoView + use<> {
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
    view! {
        <li class="mx-domain">
            <strong class="account-name">{watch.domain.clone()}</strong>
            <p class=class>{icon(glyph)}<span>{text}</span></p>
            {failed} {delta} {looked}
        </li>
    }
}
