//! The dry run: per folder what would be copied, left out and why.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    dry_run::{DryRun, DryRunState, PairDryRun},
    ids::DryRunId,
    order::{OrderAction, StartKind},
};
use wasm_bindgen::JsCast as _;

use super::{
    dry_run_table::{is_told, table},
    options::{self, OptionErrors},
};
use crate::{
    api::{self, ApiError},
    browser::{self, intl},
    components::{Glyph, busy_icon, failed, icon},
    pages::parts,
    state::{order::OrderContext, poll},
    t, tn,
};

const ROUND_MS: u32 = 800;

/// The card.
#[component]
pub(super) fn DryRunCard(option_errors: OptionErrors) -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let result = RwSignal::new(None::<DryRun>);
    let failure = RwSignal::new(None::<ApiError>);
    let busy = RwSignal::new(false);
    let start = move |_| {
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let done = follow(context, option_errors, result).await;
            busy.try_set(false);
            if let Err(error) = done {
                failure.try_set(Some(error));
            }
        });
    };
    view! {
        <section class="card" aria-labelledby="dry-run-title">
            <div class="row-between">
                <div class="stack-s">
                    <h2 id="dry-run-title">{t!("dry_run.title")}</h2>
                    <p class="soft">{t!("dry_run.text")}</p>
                </div>
                <button
                    type="button"
                    class="button"
                    class:is-busy=move || busy.get()
                    disabled=move || busy.get()
                    on:click=start
                >
                    {busy_icon(busy, Glyph::Eye)}
                    {move || if busy.get() { t!("dry_run.running") } else { t!("dry_run.start") }}
                </button>
            </div>
            {failed(failure)}
            <div class="stack">
                <p class="numbers" aria-live="polite">{move || result.with(|result| result.as_ref().and_then(sum))}</p>
                <For each=move || keys(result) key=|key| *key let((_, at, _))>
                    {result.with_untracked(|result| Some(pair_view(at, result.as_ref()?.pairs.get(at)?)))}
                </For>
            </div>
        </section>
    }
}

/// Saves the options, since the dry run goes by them, starts it, and follows it to its end.
async fn follow(context: OrderContext, errors: OptionErrors, result: RwSignal<Option<DryRun>>) -> Result<(), ApiError> {
    if untrack(|| context.allows(OrderAction::Change)) && !options::save(context, errors).await? {
        return Ok(());
    }
    let kind = context.typed().start.kind.get_untracked();
    let told = |dry_run| result.try_set(Some(dry_run)).map_or((), drop);
    run(context, kind, told, || !result.is_disposed()).await
}

/// Starts a dry run and tells of its results until it has ended, or somebody who listens no more has it no more `is_wanted`.
pub(super) async fn run(
    context: OrderContext,
    kind: StartKind,
    told: impl Fn(DryRun),
    is_wanted: impl Fn() -> bool,
) -> Result<(), ApiError> {
    let dry_run = poll::begun(&is_wanted, || api::start_dry_run(context.id, kind)).await?;
    let id = dry_run.id;
    let ask = |etag: Option<String>| async move { api::poll_dry_run(context.id, id, etag.as_deref()).await };
    let hear = |dry_run: DryRun| {
        let pause = (!dry_run.finished).then_some(ROUND_MS);
        told(dry_run);
        pause
    };
    poll::followed(dry_run, ask, hear, &is_wanted).await
}

/// What the views of pairs depend on: each is made anew when its state has changed, and stays as it was opened otherwise.
fn keys(result: RwSignal<Option<DryRun>>) -> Vec<(DryRunId, usize, DryRunState)> {
    result.with(|result| {
        let pairs = result.iter().flat_map(|dry_run| dry_run.pairs.iter().map(|pair| (dry_run.id, pair.state)));
        pairs.enumerate().map(|(at, (id, state))| (id, at, state)).collect()
    })
}

/// What would become of all messages, as soon as that of any account is known.
fn sum(dry_run: &DryRun) -> Option<String> {
    if !dry_run.pairs.iter().any(|pair| pair.state == DryRunState::Finished) {
        return None;
    }
    let counts = &dry_run.counts;
    let mut parts =
        vec![t!("dry_run.sum_copy", copy = tn!("count.messages", counts.copy), size = intl::size(counts.copy_bytes))];
    if counts.present > 0 {
        parts.push(tn!("dry_run.sum_present", counts.present));
    }
    if counts.skipped > 0 {
        parts.push(tn!("dry_run.sum_skipped", counts.skipped));
    }
    let folders: Vec<_> =
        dry_run.pairs.iter().flat_map(|pair| &pair.left_out).filter(|folder| is_told(folder)).collect();
    if !folders.is_empty() {
        let messages = tn!("count.messages", folders.iter().filter_map(|folder| folder.messages).sum());
        let count = u64::try_from(folders.len()).unwrap_or_default();
        parts.push(tn!("dry_run.folders_stay", count, messages = messages));
    }
    Some(parts.join(" "))
}

fn pair_view(at: usize, pair: &PairDryRun) -> impl IntoView + use<> {
    let name = format!("{} → {}", pair.source, pair.destination);
    let waiting = matches!(pair.state, DryRunState::Queued | DryRunState::Running).then(
        || view! { <p class="status status-busy">{icon(Glyph::Spinner)}<span>{t!("dry_run.running")}</span></p> },
    );
    let findings = pair.findings.iter().map(parts::finding_view).collect_view();
    // Of many accounts few are looked into, and where there is little room none before somebody wants to.
    let is_open = at == 0 && !browser::is_narrow();
    let open = RwSignal::new(is_open);
    let copied = (pair.state == DryRunState::Finished).then(|| {
        view! { <span class="soft numbers">{tn!("count.messages", pair.counts.copy)}</span> }
    });
    let pair = StoredValue::new(pair.clone());
    let table = move || open.get().then(|| pair.with_value(|pair| table(at, pair)));
    let toggle = move |event: leptos::ev::Event| {
        let details = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        if details.is_some_and(|details| details.has_attribute("open")) {
            open.set(true);
        }
    };
    view! {
        <details class="disclosure" open=is_open on:toggle=toggle>
            <summary>{name} {copied}</summary>
            <div class="disclosure-body stack-s">{waiting} {findings} {table}</div>
        </details>
    }
}
