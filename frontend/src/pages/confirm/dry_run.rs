//! The dry run: per folder what would be copied, left out and why; the folder mapping, which can be changed there.

use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    dry_run::{DryRun, DryRunFolder, DryRunLeftOut, DryRunState, LeftOutReason, PairDryRun},
    ids::DryRunId,
    order::{OrderAction, StartKind},
};
use wasm_bindgen::JsCast as _;

use super::options::{self, OptionErrors};
use crate::{
    api::{self, ApiError, Polled},
    browser::intl,
    components::{Failure, Glyph, icon},
    i18n,
    pages::parts,
    state::{
        order::OrderContext,
        typed::{OptionFields, RuleFields},
    },
    t, tn,
};

const ROUND_MS: u32 = 800;
/// After the service could not be asked.
const PATIENCE_MS: u32 = 3000;

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
                    {move || icon(if busy.get() { Glyph::Spinner } else { Glyph::Eye })}
                    {move || if busy.get() { t!("dry_run.running") } else { t!("dry_run.start") }}
                </button>
            </div>
            {move || failure.get().map(|error| view! { <Failure error=error /> })}
            <div class="stack">
                <p class="numbers" aria-live="polite">{move || result.with(|result| result.as_ref().map(sum))}</p>
                <For each=move || keys(result) key=|key| *key let((_, at, _))>
                    {result.with_untracked(|result| Some(pair_view(at, result.as_ref()?.pairs.get(at)?, context)))}
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
    run(context, kind, |dry_run| result.try_set(Some(dry_run.clone())).is_none()).await
}

/// Starts a dry run and tells of its results until it has ended, or `told` says that nobody listens.
pub(super) async fn run(
    context: OrderContext,
    kind: StartKind,
    told: impl Fn(&DryRun) -> bool,
) -> Result<(), ApiError> {
    let mut dry_run = api::start_dry_run(context.id, kind).await?;
    let mut etag = None;
    loop {
        if !told(&dry_run) || dry_run.finished {
            return Ok(());
        }
        TimeoutFuture::new(ROUND_MS).await;
        match api::poll_dry_run(context.id, dry_run.id, etag.as_deref()).await {
            Ok(Polled::New(newer, tag)) => (dry_run, etag) = (newer, tag),
            Ok(Polled::Same) => {}
            Err(error) if error.is_passing() => TimeoutFuture::new(PATIENCE_MS).await,
            Err(error) => return Err(error),
        }
    }
}

/// What the views of pairs depend on: each is made anew when its state has changed, and stays as it was opened otherwise.
fn keys(result: RwSignal<Option<DryRun>>) -> Vec<(DryRunId, usize, DryRunState)> {
    result.with(|result| {
        let pairs = result.iter().flat_map(|dry_run| dry_run.pairs.iter().map(|pair| (dry_run.id, pair.state)));
        pairs.enumerate().map(|(at, (id, state))| (id, at, state)).collect()
    })
}

fn sum(dry_run: &DryRun) -> String {
    let counts = &dry_run.counts;
    t!(
        "dry_run.sum",
        copy = tn!("count.messages", counts.copy),
        size = intl::size(counts.copy_bytes),
        present = i18n::number(counts.present),
        skipped = i18n::number(counts.skipped)
    )
}

fn pair_view(at: usize, pair: &PairDryRun, context: OrderContext) -> impl IntoView + use<> {
    let name = format!("{} → {}", pair.source, pair.destination);
    let waiting = matches!(pair.state, DryRunState::Queued | DryRunState::Running).then(
        || view! { <p class="status status-busy">{icon(Glyph::Spinner)}<span>{t!("dry_run.running")}</span></p> },
    );
    let findings = pair.findings.iter().map(parts::finding_view).collect_view();
    // Of many accounts few are looked into.
    let open = RwSignal::new(at == 0);
    let pair = StoredValue::new(pair.clone());
    let table = move || open.get().then(|| pair.with_value(|pair| table(at, pair, context)));
    let toggle = move |event: leptos::ev::Event| {
        let details = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        if details.is_some_and(|details| details.has_attribute("open")) {
            open.set(true);
        }
    };
    view! {
        <details class="disclosure" open=at == 0 on:toggle=toggle>
            <summary>{name}</summary>
            <div class="disclosure-body stack-s">{waiting} {findings} {table}</div>
        </details>
    }
}

fn table(at: usize, pair: &PairDryRun, context: OrderContext) -> Option<impl IntoView + use<>> {
    let rows = pair.folders.iter().enumerate().map(|(row, folder)| folder_row(at, row, folder, context)).collect_view();
    let left_out = pair.left_out.iter().map(left_out_row).collect_view();
    (!pair.folders.is_empty()).then(|| {
        view! {
            <div class="table-scroll" tabindex="0" role="region" aria-label=t!("dry_run.table")>
                <table class="table table-tight table-cards">
                    <caption class="visually-hidden">{t!("dry_run.table")}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t!("options.rule_source")}</th>
                            <th scope="col">{t!("options.rule_destination")}</th>
                            <th scope="col" class="number">{t!("dry_run.col_copy")}</th>
                            <th scope="col" class="number">{t!("protocol.present")}</th>
                            <th scope="col">{t!("dry_run.col_skipped")}</th>
                        </tr>
                    </thead>
                    <tbody>{rows} {left_out}</tbody>
                </table>
            </div>
        }
    })
}

fn folder_row(pair: usize, row: usize, folder: &DryRunFolder, context: OrderContext) -> impl IntoView + use<> {
    let fields = context.typed().options;
    let locked = Memo::new(move |_| !context.allows(OrderAction::Change));
    let source = folder.source.clone();
    let destination = RwSignal::new(folder.destination.clone());
    let label = t!("dry_run.destination_of", folder = folder.source);
    let tags = [(folder.create, t!("dry_run.create")), (folder.renamed, t!("dry_run.renamed"))];
    let tags = tags.into_iter().filter(|(is, _)| *is).map(|(_, text)| view! { <span class="tagged">{text}</span> });
    let skipped = folder.skipped.iter().map(|skip| {
        let cause = i18n::code_cause(skip.code);
        view! { <p class="small">{format!("{}: {cause}", i18n::number(skip.messages))}</p> }
    });
    view! {
        <tr>
            <th scope="row" class="account-name">{folder.source.clone()}</th>
            <td data-label=t!("options.rule_destination")>
                <input
                    class="input input-small"
                    id=format!("mapping-{pair}-{row}")
                    aria-label=label
                    prop:value=move || destination.get()
                    disabled=move || locked.get()
                    on:change=move |event| {
                        destination.set(event_target_value(&event));
                        map_folder(fields, &source, event_target_value(&event));
                    }
                />
                {tags.collect_view()}
            </td>
            <td class="number" data-label=t!("dry_run.col_copy")>
                {i18n::number(folder.counts.copy)}
            </td>
            <td class="number" data-label=t!("protocol.present")>
                {i18n::number(folder.counts.present)}
            </td>
            <td>{skipped.collect_view()}</td>
        </tr>
    }
}

/// Makes the change a rule of the options, or takes the rule away where there is no name; it counts from the next dry
/// run, and from the start, on.
fn map_folder(fields: OptionFields, source: &str, destination: String) {
    fields.rules.update(|rules| {
        // Under another key, so that the list of the options shows it.
        let key = rules.iter().map(|rule| rule.key + 1).max().unwrap_or_default();
        rules.retain(|rule| rule.source != source);
        if !destination.trim().is_empty() {
            rules.push(RuleFields { key, source: source.to_owned(), destination });
        }
    });
}

fn left_out_row(left_out: &DryRunLeftOut) -> impl IntoView + use<> {
    let reason = match left_out.reason {
        LeftOutReason::Option => t!("dry_run.left_out_option"),
        LeftOutReason::Trash => t!("dry_run.left_out_trash"),
        LeftOutReason::Junk => t!("dry_run.left_out_junk"),
        LeftOutReason::NoMessages => t!("dry_run.left_out_no_messages"),
        LeftOutReason::Chats => t!("dry_run.left_out_chats"),
        LeftOutReason::Shared => t!("dry_run.left_out_shared"),
        LeftOutReason::View => t!("dry_run.left_out_view"),
    };
    view! {
        <tr>
            <th scope="row" class="account-name">{left_out.folder.clone()}</th>
            <td colspan="4" class="soft">{reason}</td>
        </tr>
    }
}
