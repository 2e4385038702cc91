//! What DNS says of the domains, shown live: where new mail goes, and once it has arrived who may send.

use leptos::prelude::*;
use mailferry_shared::{
    order::{OrderState, StartKind},
    run::RunKind,
    schedule::{MxRecord, MxReport, MxState, MxWatch, WantedRecords},
};

use super::{
    Page, Stale,
    next::{Switch, switched},
    passwords, sending,
};
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
    // The first run has not ended: whoever reads this is not to change anything yet.
    let is_early = Memo::new(move |_| {
        let is_delta = page.progress.with(|progress| {
            let runs = progress.ready().into_iter().flat_map(|progress| &progress.pairs);
            runs.filter_map(|pair| pair.run.as_ref()).any(|run| run.kind == RunKind::Delta)
        });
        let goes_on = matches!(page.state(), OrderState::Scheduled | OrderState::Active | OrderState::Paused);
        goes_on && !is_delta
    });
    let lacking = Memo::new(move |_| passwords::lacking(page) > 0);
    // What has ended waits for no record, and a trial moves nobody.
    let any = move || {
        !matches!(page.state(), OrderState::Cancelled | OrderState::Closed)
            && page.context.order.with(|order| order.kind != Some(StartKind::Trial))
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
                                let is_early = is_early.get();
                                let lead = lead(report, is_early, lacking.get());
                                let wanted = report.wanted.as_ref();
                                let rows =
                                    report.items.iter().map(|watch| domain(watch, wanted, is_early)).collect_view();
                                let source = wanted.filter(|_| tells_of_sending(report)).map(instructions);
                                view! {
                                    {(!lead.is_empty()).then(|| view! { <p class="soft">{lead}</p> })}
                                    <ul role="list" class="stack">{rows}</ul>
                                    {source}
                                }
                            })
                        })
                }}
            </section>
        </Show>
    }
}

/// What to do about the records, and when a delta begins by itself.
fn lead(report: &MxReport, is_early: bool, lacks_passwords: bool) -> String {
    let leave = is_early.then(|| t!("mx.leave").to_owned());
    let starts = match switched(report) {
        _ if !report.starts_delta || lacks_passwords => None,
        None => Some(t!("mx.starts_delta").to_owned()),
        Some(Switch::Under(_, at)) => Some(t!("mx.starts_at", time = intl::date_time(at))),
        Some(Switch::Done(_)) => None,
    };
    leave.into_iter().chain(starts).collect::<Vec<_>>().join(" ")
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

/// A record that is not known to be the new provider's, and what that means. Too early nobody is to change it; where
/// the new provider's records are not known it may be theirs.
fn old(watch: &MxWatch, wanted: Option<&WantedRecords>, is_early: bool) -> (&'static str, Glyph, String) {
    let hosts = hosts(&watch.records);
    if is_early {
        return ("status status-idle", Glyph::Info, t!("mx.points", hosts = hosts));
    }
    if wanted.is_none() {
        return ("status status-idle", Glyph::Info, t!("mx.same", hosts = hosts));
    }
    let late = watch.ttl_seconds.filter(|ttl| *ttl >= 60).map(|ttl| {
        let ttl = intl::span(u64::from(ttl));
        t!("mx.late", ttl = ttl)
    });
    let texts: Vec<_> = std::iter::once(t!("mx.old", hosts = hosts)).chain(late).collect();
    ("status status-warn", Glyph::Warning, texts.join(" "))
}

fn domain(watch: &MxWatch, wanted: Option<&WantedRecords>, is_early: bool) -> impl IntoView + use<> {
    let (class, glyph, text) = match watch.state {
        MxState::Unknown => ("status status-idle", Glyph::Clock, t!("mx.unknown").to_owned()),
        _ if watch.records.is_empty() => ("status status-idle", Glyph::Minus, t!("mx.none").to_owned()),
        MxState::Old => old(watch, wanted, is_early),
        MxState::Changing => {
            let time = watch.settled_at.map(intl::date_time).unwrap_or_default();
            let text = t!("mx.changing", hosts = hosts(&watch.records), time = time);
            ("status status-busy", Glyph::Spinner, text)
        }
        MxState::Changed => ("status status-good", Glyph::Check, t!("mx.changed", hosts = hosts(&watch.records))),
    };
    let failed = watch.lookup_failed.then(|| view! { <p class="small soft">{t!("mx.lookup_failed")}</p> });
    let delta = watch.delta_id.is_some().then(|| view! { <p class="small soft">{t!("mx.delta_started")}</p> });
    let looked = watch
        .looked_up_at
        .map(|at| view! { <p class="small faint">{t!("mx.looked_up", time = intl::date_time(at))}</p> });
    let should = wanted.filter(|_| watch.state == MxState::Old && !is_early).map(|wanted| {
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
