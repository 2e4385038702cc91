//! The protocol of a pair: one log per run.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    ids::RunId,
    progress::PairProgress,
    protocol::Protocol,
    run::{Counts, RunKind, RunSummary},
};

use super::{Page, folders, items::Items, pair_row::run_state};
use crate::{
    api, browser,
    browser::intl,
    components::{Dialog, DialogSize, Failure, Glyph, Skeleton, TabItem, Tabs, icon},
    i18n,
    pages::parts,
    state::Load,
    t,
};

/// The dialog; it shows the protocol of the pair in `shown`.
#[component]
pub(super) fn ProtocolDialog(page: Page, shown: RwSignal<Option<PairProgress>>) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move || open.set(shown.with(Option::is_some)));
    Effect::new(move || {
        if !open.get() && shown.with_untracked(Option::is_some) {
            shown.set(None);
        }
    });
    let title = Signal::derive(move || {
        shown.with(|pair| {
            pair.as_ref()
                .map(|pair| t!("protocol.title", source = pair.source, destination = pair.destination))
                .unwrap_or_default()
        })
    });
    view! {
        <Dialog id="protocol" title=title open=open size=DialogSize::Wide>
            {move || shown.get().map(|pair| view! { <Logs page=page pair=pair /> })}
        </Dialog>
    }
}

fn kind_text(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Trial => t!("protocol.kind_trial"),
        RunKind::Main => t!("protocol.kind_main"),
        RunKind::Delta => t!("protocol.kind_delta"),
    }
}

/// What a run is called, "Log 2 · Delta".
pub(super) fn log_name(number: u32, kind: RunKind) -> String {
    format!("{} · {}", t!("protocol.log", number = number), kind_text(kind))
}

#[component]
fn Logs(page: Page, pair: PairProgress) -> impl IntoView {
    let (order, pair_id) = (page.context.id, pair.pair_id);
    let runs = RwSignal::new(Load::<Vec<RunSummary>>::Loading);
    let chosen = RwSignal::new(None::<RunId>);
    let protocol = RwSignal::new(Load::<Protocol>::Loading);
    let load_protocol = move || {
        if let Some(run) = chosen.get_untracked() {
            spawn_local(async move {
                let loaded = api::protocol(order, pair_id, run).await;
                // Another log may have been chosen meanwhile.
                if chosen.try_get_untracked() == Some(Some(run)) {
                    protocol.try_set(loaded.into());
                }
            });
        }
    };
    let choose = move |run: RunId| {
        chosen.set(Some(run));
        protocol.set(Load::Loading);
        load_protocol();
    };
    let load = Callback::new(move |()| {
        spawn_local(async move {
            let loaded = api::runs(order, pair_id).await.map(|list| list.items);
            let last = loaded.as_ref().ok().and_then(|runs| runs.last()).map(|run| run.id);
            runs.try_set(loaded.into());
            match (chosen.try_get_untracked(), last) {
                (Some(None), Some(last)) => choose(last),
                (Some(Some(_)), _) => load_protocol(),
                _ => {}
            }
        });
    });
    load.run(());
    let known = Memo::new(move |_| {
        runs.with(|runs| {
            runs.ready().map(|runs| runs.iter().map(|run| (run.id, run.number, run.kind)).collect::<Vec<_>>())
        })
    });
    let select = move |run: Option<RunId>| run.into_iter().for_each(choose);
    let json = move || chosen.get().map(|run| api::protocol_json_url(order, pair_id, run));
    let csv = move || chosen.get().map(|run| api::protocol_csv_url(order, pair_id, run));
    view! {
            {move || match known.get() {
                None => {
                    match runs.get() {
                        Load::Failed(error) => view! { <Failure error=error retry=load /> }.into_any(),
                        _ => view! { <Skeleton /> }.into_any(),
                    }
                }
                Some(runs) if runs.is_empty() => view! { <p class="soft">{t!("protocol.none")}</p> }.into_any(),
                Some(runs) => {
                    let items = runs
                        .into_iter()
                        .map(|(id, number, kind)| TabItem {
                            value: Some(id),
                            key: number.to_string(),
                            label: log_name(number, kind),
                            short: None,
                            count: Signal::derive(|| None),
                        })
                        .collect();
                    view! {
                        <Tabs
                            id="log"
                            label=t!("protocol.runs")
                            items=items
                            selected=chosen
                            on_select=select
                            has_panels=false
                        />
                    }
                        .into_any()
                }
            }}
            <div role="tabpanel" tabindex="0" aria-label=t!("status.protocol")>
                {move || match protocol.get() {
                    Load::Loading => (chosen.get().is_some()).then(|| view! { <Skeleton /> }).into_any(),
                    Load::Failed(error) => view! { <Failure error=error retry=load /> }.into_any(),
                    Load::Ready(protocol) => view! { <Log page=page protocol=protocol /> }.into_any(),
                }}
            </div>
            <div class="dialog-actions dialog-foot">
                <a
                    class="button"
                    href=csv
                    download=""
                    rel="external"
                    hidden=move || chosen.get().is_none()
                >
                    {icon(Glyph::Download)}
                    {t!("protocol.download")}
                </a>
                <a
                    class="button"
                    href=json
                    download="protocol.json"
                    rel="external"
                    hidden=move || chosen.get().is_none()
                >
                    {icon(Glyph::Download)}
                    {t!("protocol.download_json")}
                </a>
                <button type="button" class="button" on:click=|_| browser::print()>
                    {icon(Glyph::Printer)}
                    {t!("protocol.print")}
                </button>
                <button type="button" class="button" on:click=move |_| load.run(())>
                    {icon(Glyph::Refresh)}
                    {t!("action.refresh")}
                </button>
    </div>
        }
}

/// One log.
#[component]
fn Log(page: Page, protocol: Protocol) -> impl IntoView {
    let run = &protocol.run;
    let number = |name: &'static str, value: u64| fact(name, i18n::number(value).into_any());
    let time = |time: Option<_>| time.map_or_else(|| t!("status.not_yet").to_owned(), intl::date_time).into_any();
    let counts = run.counts;
    let facts = view! {
        <dl class="facts facts-small">
            {wide_fact(t!("protocol.state"), run_state(run.state).into_any())}
            {fact(t!("protocol.started"), time(run.started_at))}
            {fact(t!("protocol.finished"), time(run.finished_at))}
            {(run.finished_at.is_none() && run.started_at.is_some()).then(|| fact(t!("status.eta"), estimate(page)))}
            {wide_fact(t!("protocol.bytes"), bytes(&counts).into_any())}
            {number(t!("protocol.listed"), counts.listed)}
            {number(t!("protocol.copied"), counts.stored)}
            // Duplicates are among these; the list below has them.
            {number(t!("protocol.present"), counts.present)}
            {number(t!("protocol.skipped"), counts.skipped)}
            {number(t!("protocol.failed"), counts.failed)}
            {(counts.uncertain > 0).then(|| number(t!("protocol.uncertain"), counts.uncertain))}
        </dl>
    };
    let finding = run.finding.as_ref().map(parts::finding_view);
    let notes = if protocol.notes.is_empty() {
        view! { <p class="soft small">{t!("protocol.no_notes")}</p> }.into_any()
    } else {
        protocol.notes.iter().map(parts::finding_view).collect_view().into_any()
    };
    let folders = folders::table(&protocol.folders, &run.counts);
    view! {
        <div class="stack-l">
            <div class="stack">{facts} {finding}</div>
            <section class="stack-s">
                <h3>{t!("protocol.notes")}</h3>
                {notes}
            </section>
            <Items protocol=protocol.clone() order=page.context.id />
            <section class="stack-s">
                <h3>{t!("protocol.folders")}</h3>
                {folders}
            </section>
        </div>
    }
}

fn bytes(counts: &Counts) -> String {
    let (arrived, listed) = (intl::size(counts.arrived_bytes()), intl::size(counts.listed_bytes));
    t!("protocol.bytes_arrived", arrived = arrived, listed = listed)
}

/// When the order's runs will have ended, if that can be told.
fn estimate(page: Page) -> AnyView {
    let at = page.progress.with_untracked(|progress| progress.ready().and_then(|progress| progress.estimated_finish));
    at.map_or_else(|| t!("status.eta_none").to_owned(), intl::date_time).into_any()
}

fn fact(name: &'static str, value: AnyView) -> impl IntoView {
    fact_of("fact", name, value)
}

/// One that is longer than a number or a time.
fn wide_fact(name: &'static str, value: AnyView) -> impl IntoView {
    fact_of("fact fact-wide", name, value)
}

fn fact_of(class: &'static str, name: &'static str, value: AnyView) -> impl IntoView {
    view! {
        <div class=class>
            <dt>{name}</dt>
            <dd>{value}</dd>
        </div>
    }
}
