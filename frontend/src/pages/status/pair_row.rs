//! The row of an account pair: state in words, how far it is, its folders and its protocol.

use std::collections::HashSet;

use leptos::prelude::*;
use mailferry_shared::{
    finding::FindingCode,
    ids::PairId,
    order::{OrderAction, OrderState},
    progress::PairProgress,
    run::{RunKind, RunState, RunSummary},
};

use super::{
    Page,
    folders::PairFolders,
    passwords,
    question::Question,
    words::{amounts, is_ahead, is_parked, pieces, size_ahead},
};
use crate::{
    components::{Glyph, icon},
    format,
    pages::parts,
    t,
};

/// One of the rows; `at` is its place among those shown.
#[component]
pub(super) fn Row(
    page: Page,
    id: PairId,
    at: usize,
    shown: RwSignal<Option<PairProgress>>,
    opened: RwSignal<HashSet<PairId>>,
) -> impl IntoView {
    let pair = Memo::new(move |_| {
        page.progress.with(|progress| progress.ready()?.pairs.iter().find(|pair| pair.pair_id == id).cloned())
    });
    let names = pair.with_untracked(|pair| pair.as_ref().map(|pair| (pair.source.clone(), pair.destination.clone())));
    let (source, destination) = names.unwrap_or_default();
    let run = Memo::new(move |_| pair.with(|pair| pair.as_ref().and_then(|pair| pair.run.clone())));
    let has_begun = Memo::new(move |_| run.with(Option::is_some) && !is_ahead(page.state()));
    let has_bar = Memo::new(move |_| has_begun.get() && !run.with(|run| run.as_ref().is_some_and(is_nothing)));
    let bar = t!("status.pair_progress", account = source);
    let open = t!("status.protocol_of", account = source);
    let done = Memo::new(move |_| run.with(|run| run.as_ref().map(part)));
    let class = move || match run.with(|run| run.as_ref().map(|run| run.state)) {
        Some(RunState::Succeeded) => "progress progress-good",
        Some(RunState::Failed) => "progress progress-bad",
        Some(RunState::Partial) => "progress progress-warn",
        _ => "progress",
    };
    let is_open = Memo::new(move |_| opened.with(|opened| opened.contains(&id)));
    let toggle = move |_| {
        opened.update(|opened| {
            if !opened.remove(&id) {
                opened.insert(id);
            }
        });
    };
    let account = source.clone();
    let folders_id = format!("folders-{id}");
    let folders_of = t!("status.folders_of", account = source);
    view! {
        <tr aria-rowindex=(at + 2).to_string()>
            <th scope="row">
                <p class="account-name">{source}</p>
                <p class="account-meta">{format!("→ {destination}")}</p>
            </th>
            <td>{move || state_cell(page, account.clone(), run.get())}</td>
            <td class="cell-progress">
                <div class="stack-s">
                    <Show when=move || has_bar.get()>
                        <progress
                            class=class
                            aria-label=bar.clone()
                            max="100"
                            value=move || done.get().unwrap_or_default().to_string()
                        ></progress>
                    </Show>
                    <p class="small soft numbers">
                        {move || run.with(|run| run.as_ref().map(|run| pieces(&amount(run, has_begun.get()))))}
                    </p>
                </div>
            </td>
            <td>
                <div class="table-actions" hidden=move || !has_begun.get()>
                    <button
                        type="button"
                        class="button button-quiet button-small"
                        aria-expanded=move || is_open.get().to_string()
                        aria-controls=folders_id.clone()
                        aria-label=folders_of
                        on:click=toggle
                    >
                        <span class="chevron" class:is-open=move || is_open.get()>{icon(Glyph::Chevron)}</span>
                        {t!("protocol.folders")}
                    </button>
                    <button
                        type="button"
                        class="button button-small"
                        aria-label=open
                        on:click=move |_| shown.set(pair.get_untracked())
                    >
                        {icon(Glyph::List)}
                        {t!("status.protocol")}
                    </button>
                </div>
            </td>
        </tr>
        <Show when=move || is_open.get()>
            <tr class="row-details">
                <td colspan="4">
                    <div id=folders_id.clone()>
                        <PairFolders page=page id=id run=run />
                    </div>
                </td>
            </tr>
        </Show>
    }
}

/// The state of a run as icon and words.
pub(super) fn run_state(state: RunState) -> impl IntoView {
    let (class, glyph, text) = match state {
        RunState::Queued => ("status status-idle", Glyph::Clock, t!("status.run_queued")),
        RunState::Running => ("status status-busy", Glyph::Spinner, t!("status.run_running")),
        RunState::Paused => ("status status-warn", Glyph::Pause, t!("status.run_paused")),
        RunState::Succeeded => ("status status-good", Glyph::Check, t!("status.run_succeeded")),
        RunState::Partial => ("status status-warn", Glyph::Warning, t!("status.run_partial")),
        RunState::Failed => ("status status-bad", Glyph::Cross, t!("status.run_failed")),
        RunState::Cancelled => ("status status-idle", Glyph::Stop, t!("status.run_cancelled")),
    };
    view! { <span class=class>{icon(glyph)}<span>{text}</span></span> }
}

/// True if a password that is told anew lets the account go on.
pub(super) fn wants_password(code: FindingCode) -> bool {
    use FindingCode::{AppPasswordNeeded, PasswordMissing, TokenRefused, WrongPassword};
    matches!(code, AppPasswordNeeded | PasswordMissing | TokenRefused | WrongPassword)
}

/// Goes on with what waits for its owner, while others run.
#[component]
fn Resume(page: Page, account: String) -> impl IntoView {
    let label = t!("status.resume_of", account = account);
    view! {
        <Show when=move || page.allows(OrderAction::Resume)>
            <button
                type="button"
                class="button button-small"
                aria-label=label.clone()
                on:click=move |_| page.question.set(Some(Question::Resume))
            >
                {icon(Glyph::Play)}
                {t!("status.resume")}
            </button>
        </Show>
    }
}

/// True for a trial that found no mail young enough.
fn is_nothing(run: &RunSummary) -> bool {
    let counts = &run.counts;
    run.kind == RunKind::Trial
        && run.state == RunState::Succeeded
        && counts.arrived() + counts.failed + counts.uncertain == 0
}

fn state_cell(page: Page, account: String, run: Option<RunSummary>) -> AnyView {
    let idle = |glyph: Glyph, text: &'static str| {
        view! { <span class="status status-idle">{icon(glyph)}<span>{text}</span></span> }.into_any()
    };
    let Some(run) = run else { return idle(Glyph::Clock, t!("status.no_run")) };
    if is_nothing(&run) {
        return idle(Glyph::Minus, t!("status.run_nothing"));
    }
    // What is just being stopped does not run for its owner any more.
    let is_stopping = page.state() == OrderState::Paused && run.state == RunState::Running;
    let state = if is_stopping { RunState::Paused } else { run.state };
    view! {
        <div class="account-cell">
            {run_state(state)}
            {run.finding.as_ref().map(parts::finding_view)}
            {run.finding.as_ref().and_then(|finding| passwords::way_to_accounts(page, finding.code))}
            // Where the whole rests, it is resumed as a whole.
            {(is_parked(&run) && page.state() != OrderState::Paused).then(|| view! { <Resume page=page account=account /> })}
        </div>
    }
    .into_any()
}

/// How much of it is done, in percent: by bytes while it runs, and by messages that have arrived once it is over.
fn part(run: &RunSummary) -> u8 {
    let counts = &run.counts;
    let wanted = counts.listed.saturating_sub(counts.skipped);
    match (run.state, run.finished_at) {
        // An empty mailbox is done when its run is.
        (RunState::Succeeded, _) => 100,
        (_, Some(_)) => format::percent(counts.arrived(), wanted).min(99),
        _ => {
            let bytes = |all: u64| all.saturating_sub(counts.skipped_bytes);
            format::percent(bytes(counts.done_bytes()), bytes(counts.listed_bytes))
        }
    }
}

fn amount(run: &RunSummary, has_begun: bool) -> String {
    let counts = &run.counts;
    if !has_begun && counts.listed > 0 {
        return size_ahead(counts);
    }
    if counts.listed == 0 && run.state != RunState::Succeeded {
        return String::new();
    }
    amounts(counts, run.finished_at.is_some())
}
