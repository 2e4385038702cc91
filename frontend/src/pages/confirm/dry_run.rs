//! The dry run: per folder what would be copied, left out and why; the folder mapping, which can be changed there.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    dry_run::{DryRun, DryRunFolder, DryRunLeftOut, DryRunState, LeftOutReason, PairDryRun},
    ids::DryRunId,
    order::{OrderAction, StartKind},
};
use wasm_bindgen::JsCast as _;

use super::options::{self, OptionErrors};
use crate::{
    api::{self, ApiError},
    browser::{self, intl},
    components::{Failure, Glyph, icon},
    i18n,
    pages::parts,
    state::{
        order::OrderContext,
        poll,
        typed::{OptionFields, RuleFields},
    },
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
                    {move || icon(if busy.get() { Glyph::Spinner } else { Glyph::Eye })}
                    {move || if busy.get() { t!("dry_run.running") } else { t!("dry_run.start") }}
                </button>
            </div>
            {move || failure.get().map(|error| view! { <Failure error=error /> })}
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

/// True for a folder that may hold mail: what cannot is no loss.
fn is_told(folder: &DryRunLeftOut) -> bool {
    folder.reason != LeftOutReason::NoMessages
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

/// Which columns have something in them.
#[derive(Debug, Clone, Copy)]
struct Columns {
    present: bool,
    skipped: bool,
}

fn table(at: usize, pair: &PairDryRun) -> Option<impl IntoView + use<>> {
    let columns = Columns {
        present: pair.folders.iter().any(|folder| folder.counts.present > 0),
        skipped: pair.folders.iter().any(|folder| !folder.skipped.is_empty()),
    };
    let rows = pair.folders.iter().enumerate().map(|(row, folder)| folder_row(at, row, folder, columns)).collect_view();
    let left_out = pair
        .left_out
        .iter()
        .filter(|folder| is_told(folder))
        .map(|folder| left_out_row(folder, columns))
        .collect_view();
    (!pair.folders.is_empty()).then(|| {
        view! {
            <div class="table-scroll" tabindex="0" role="region" aria-label=t!("dry_run.table")>
                <table class="table table-tight table-dry-run">
                    <caption class="visually-hidden">{t!("dry_run.table")}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t!("options.rule_source")}</th>
                            <th scope="col">{t!("options.rule_destination")}</th>
                            <th scope="col" class="number">{t!("dry_run.col_copy")}</th>
                            {columns.present.then(|| view! { <th scope="col" class="number">{t!("protocol.present")}</th> })}
                            {columns.skipped.then(|| view! { <th scope="col">{t!("dry_run.col_skipped")}</th> })}
                        </tr>
                    </thead>
                    <tbody>{rows} {left_out}</tbody>
                </table>
            </div>
        }
    })
}

fn folder_row(pair: usize, row: usize, folder: &DryRunFolder, columns: Columns) -> impl IntoView + use<> {
    let tags = [(folder.create, t!("dry_run.create")), (folder.renamed, t!("dry_run.renamed"))];
    let tags = tags.into_iter().filter(|(is, _)| *is).map(|(_, text)| view! { <span class="tagged">{text}</span> });
    let skipped = folder.skipped.iter().map(|skip| {
        let cause = i18n::code_cause(skip.code);
        view! { <p class="small">{format!("{}: {cause}", i18n::number(skip.messages))}</p> }
    });
    view! {
        <tr>
            <th scope="row" class="account-name">{folder.source.clone()}</th>
            <td class="cell-place">
                <Place
                    id=format!("mapping-{pair}-{row}")
                    source=folder.source.clone()
                    destination=folder.destination.clone()
                />
                {tags.collect_view()}
            </td>
            <td class="number">{i18n::number(folder.counts.copy)}</td>
            {columns.present.then(|| view! {
                <td class="number" data-label=t!("protocol.present")>{i18n::number(folder.counts.present)}</td>
            })}
            {columns.skipped.then(|| view! { <td>{skipped.collect_view()}</td> })}
        </tr>
    }
}

/// Where a folder goes, and the pencil that lets one change it.
#[component]
fn Place(id: String, source: String, destination: String) -> impl IntoView {
    let context = expect_context::<OrderContext>();
    // The same name goes without saying.
    let planned = (source == destination).then(|| destination.clone());
    let name = RwSignal::new(destination);
    let is_plain = Memo::new(move |_| name.with(|name| planned.as_ref() == Some(name)));
    let label = StoredValue::new(t!("dry_run.destination_of", folder = source));
    let (field, source) = (StoredValue::new(id), StoredValue::new(source));
    let button = move || field.with_value(|id| format!("{id}-edit"));
    let editing = RwSignal::new(false);
    let may_change = Memo::new(move |_| context.allows(OrderAction::Change));
    let edit = move |_| {
        editing.set(true);
        request_animation_frame(move || browser::focus(&field.get_value()));
    };
    let take = move |typed: String| {
        if name.with_untracked(|before| *before != typed) {
            name.set(typed.clone());
            source.with_value(|source| map_folder(context.typed().options, source, typed));
        }
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        if !matches!(event.key().as_str(), "Enter" | "Escape") {
            return;
        }
        event.prevent_default();
        if event.key() == "Enter" {
            take(event_target_value(&event));
        }
        editing.set(false);
        request_animation_frame(move || browser::focus(&button()));
    };
    let seen = move || {
        view! {
            <span class="place" class:is-same=is_plain>{move || name.get()}</span>
            <Show when=move || may_change.get()>
                <button
                    type="button"
                    id=button()
                    class="button button-quiet button-icon button-small"
                    aria-label=label.get_value()
                    on:click=edit
                >
                    {icon(Glyph::Pencil)}
                </button>
            </Show>
        }
    };
    view! {
        <Show when=move || editing.get() fallback=seen>
            <input
                class="input input-small"
                id=field.get_value()
                aria-label=label.get_value()
                prop:value=move || name.get()
                on:keydown=on_key
                on:change=move |event| take(event_target_value(&event))
                on:blur=move |_| editing.set(false)
            />
        </Show>
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

fn left_out_row(left_out: &DryRunLeftOut, columns: Columns) -> impl IntoView + use<> {
    let reason = match left_out.reason {
        LeftOutReason::Option => t!("dry_run.left_out_option"),
        LeftOutReason::Trash => t!("dry_run.left_out_trash"),
        LeftOutReason::Junk => t!("dry_run.left_out_junk"),
        LeftOutReason::NoMessages => t!("dry_run.left_out_no_messages"),
        LeftOutReason::Chats => t!("dry_run.left_out_chats"),
        LeftOutReason::Shared => t!("dry_run.left_out_shared"),
        LeftOutReason::View => t!("dry_run.left_out_view"),
    };
    let reason = match left_out.messages {
        Some(messages) => format!("{reason} · {}", tn!("dry_run.stay", messages)),
        None => reason.to_owned(),
    };
    let span = 2 + u32::from(columns.present) + u32::from(columns.skipped);
    view! {
        <tr class="is-left-out">
            <th scope="row" class="account-name">{left_out.folder.clone()}</th>
            <td colspan=span.to_string() class="soft">{reason}</td>
        </tr>
    }
}
