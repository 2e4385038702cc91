//! What the status page says: the state, what was done of it, and what that means.

use leptos::prelude::*;
use mailferry_shared::{
    account::MailAmount,
    finding::FindingCode,
    ids::OrderId,
    order::{Order, OrderState, StartKind},
    progress::Progress,
    run::{Counts, RunKind, RunState, RunSummary},
    verification::Verification,
};

use super::proof::lost;
use crate::{browser::intl, format, i18n, t, tn};

/// "anna@old.example and 2 more".
pub(super) fn whose(id: OrderId, progress: Option<&Progress>) -> String {
    let pairs = progress.map(|progress| progress.pairs.as_slice()).unwrap_or_default();
    match pairs {
        [] => t!("console.migration", number = format::short_id(&id.to_string())),
        [only] => only.source.clone(),
        [first, more @ ..] => {
            let count = u64::try_from(more.len()).unwrap_or_default();
            tn!("console.and_more", count, name = first.source)
        }
    }
}

/// How much is done, by bytes: a large message takes longer than a small one.
pub(super) fn percent(progress: &Progress) -> u8 {
    let counts = &progress.counts;
    let missing = counts.failed + counts.uncertain;
    if is_over(progress.state) && (missing > 0 || has_exceptions(progress)) {
        // What did not arrive is not done, nor is an account that could not be looked into: the whole is reached by
        // nothing less.
        format::percent(counts.done().saturating_sub(missing), counts.listed).min(99)
    } else {
        let (wanted, done) = wanted(counts);
        match (wanted.1, wanted.0) {
            (0, 0) if progress.state == OrderState::Completed => 100,
            (0, _) => format::percent(done.0, wanted.0),
            _ => format::percent(done.1, wanted.1),
        }
    }
}

/// What is to be copied and what is done of it, messages and bytes each: what is left out is in neither.
fn wanted(counts: &Counts) -> ((u64, u64), (u64, u64)) {
    let bytes = |all: u64| all.saturating_sub(counts.skipped_bytes);
    let messages = |all: u64| all.saturating_sub(counts.skipped);
    ((messages(counts.listed), bytes(counts.listed_bytes)), (messages(counts.done()), bytes(counts.done_bytes())))
}

/// True before anything is copied.
pub(super) fn is_ahead(state: OrderState) -> bool {
    matches!(state, OrderState::Draft | OrderState::AwaitingPayment | OrderState::Scheduled)
}

/// What was found and what became of it, in one line, where there is more to tell than that all has arrived: found is
/// arrived, failed, and left out by the options, as single messages or as whole folders.
pub(super) fn ledger(order: &Order, progress: &Progress) -> Option<String> {
    let is_trial = order.kind == Some(StartKind::Trial);
    if is_trial || !order.totals.survey_complete {
        return None;
    }
    let counts = &progress.counts;
    let options = &order.options;
    let part = |is_taken: bool, amount: MailAmount| if is_taken { 0 } else { amount.messages };
    let in_trash = part(options.include_trash, order.totals.trash) + part(options.include_junk, order.totals.junk);
    if progress.state != OrderState::Completed {
        let goes_on = !is_over(progress.state);
        return (goes_on && in_trash > 0).then(|| tn!("status.stays_behind", in_trash));
    }
    let found = order.totals.messages.max(counts.listed);
    let beyond = found.saturating_sub(counts.listed);
    let in_trash = in_trash.min(beyond);
    let parts = [
        (counts.failed > 0).then(|| tn!("status.failed_some", counts.failed)),
        (counts.uncertain > 0).then(|| tn!("status.uncertain_some", counts.uncertain)),
        (counts.skipped > 0).then(|| tn!("status.ledger_skipped", counts.skipped)),
        (in_trash > 0).then(|| tn!("status.ledger_trash", in_trash)),
        (beyond > in_trash).then(|| tn!("status.ledger_folders", beyond - in_trash)),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return None;
    }
    let arrived = std::iter::once(tn!("status.ledger_arrived", counts.arrived()));
    let parts = arrived.chain(parts).map(|part| glued(&part)).collect::<Vec<_>>().join(" + ");
    Some(t!("status.ledger", found = i18n::number(found), parts = parts))
}

/// True if nothing moves any more.
pub(super) fn is_over(state: OrderState) -> bool {
    matches!(state, OrderState::Completed | OrderState::Closed | OrderState::Cancelled)
}

/// Messages and bytes in words: what has arrived of what is to be copied while it runs; once it is over what arrived;
/// and what did not.
pub(super) fn amounts(counts: &Counts, is_over: bool) -> String {
    let mut parts = if is_over { vec![tn!("status.arrived", counts.arrived())] } else { part_of(counts).into() };
    parts.extend((counts.failed > 0).then(|| tn!("status.failed_some", counts.failed)));
    parts.extend((counts.uncertain > 0).then(|| tn!("status.uncertain_some", counts.uncertain)));
    if is_over {
        parts.extend((counts.skipped > 0).then(|| tn!("status.skipped_some", counts.skipped)));
        // Of nothing no size is told.
        parts.extend((counts.arrived() > 0).then(|| intl::size(counts.arrived_bytes())));
    }
    line(&parts)
}

/// What has arrived of what is to be copied, where the [`ledger`] beside it tells of the rest.
pub(super) fn arrived(counts: &Counts) -> String {
    let [messages, _] = part_of(counts);
    line(&[messages, intl::size(counts.arrived_bytes())])
}

/// What is to be copied, before anything is.
pub(super) fn size_ahead(counts: &Counts) -> String {
    let (wanted, _) = wanted(counts);
    line(&[tn!("count.messages", wanted.0), intl::size(wanted.1)])
}

/// "5 of 6 messages" and "1 MB of 2 MB".
fn part_of(counts: &Counts) -> [String; 2] {
    let (wanted, _) = wanted(counts);
    let (messages, size) = (i18n::number(counts.arrived()), intl::size(counts.arrived_bytes()));
    [
        t!("status.progress_of", done = messages, listed = glued(&tn!("count.messages", wanted.0))),
        t!("status.bytes_of", done = size, listed = intl::size(wanted.1)),
    ]
}

/// Stands between the parts of a line.
const SEPARATOR: &str = " · ";

/// Parts in one line; [`pieces`] shows it.
fn line(parts: &[String]) -> String {
    parts.iter().map(|part| glued(part)).collect::<Vec<_>>().join(SEPARATOR)
}

/// A line whose parts stay whole, and whose separators are not seen where it is broken.
pub(super) fn pieces(line: &str) -> impl IntoView + use<> {
    let mut parts = line.split(SEPARATOR).map(str::to_owned);
    let first = parts.next().map(|first| view! { <span>{first}</span> });
    let more = parts.map(|part| view! { " " <span><i>"· "</i>{part}</span> }).collect_view();
    view! { <span class="pieces">{first}{more}</span> }
}

/// A number stays beside what it counts.
fn glued(text: &str) -> String {
    text.replacen(' ', "\u{a0}", 1)
}

/// True for a trial that found no mail young enough.
pub(super) fn is_empty_trial(progress: &Progress) -> bool {
    let mut runs = progress.pairs.iter().filter_map(|pair| pair.run.as_ref());
    let counts = &progress.counts;
    runs.any(|run| run.kind == RunKind::Trial) && counts.arrived() + counts.failed + counts.uncertain == 0
}

/// True if something did not arrive.
pub(super) fn has_exceptions(progress: &Progress) -> bool {
    progress.pairs.iter().filter_map(|pair| pair.run.as_ref()).any(|run| {
        matches!(run.state, RunState::Partial | RunState::Failed) || run.counts.failed + run.counts.uncertain > 0
    })
}

/// What the page is called; `proof` is the latest verification.
pub(super) fn title(state: OrderState, progress: Option<&Progress>, proof: Option<&Verification>) -> &'static str {
    let is_delta = progress.is_some_and(|progress| {
        progress.pairs.iter().filter_map(|pair| pair.run.as_ref()).any(|run| run.kind == RunKind::Delta)
    });
    let is_trial = progress.is_some_and(|progress| {
        progress.pairs.iter().filter_map(|pair| pair.run.as_ref()).any(|run| run.kind == RunKind::Trial)
    });
    match state {
        OrderState::Draft => t!("status.title_draft"),
        OrderState::AwaitingPayment => t!("status.title_awaiting_payment"),
        OrderState::Scheduled => t!("status.title_scheduled"),
        OrderState::Active if is_delta => t!("status.title_active_delta"),
        OrderState::Active => t!("status.title_active"),
        OrderState::Paused if progress.is_some_and(|progress| parked(progress) > 0) => t!("status.title_parked"),
        OrderState::Paused => t!("status.title_paused"),
        OrderState::Completed if progress.is_some_and(has_exceptions) => t!("status.title_completed_partly"),
        OrderState::Completed if is_disproved(proof) => t!("status.title_disproved"),
        OrderState::Completed if progress.is_some_and(is_empty_trial) => t!("status.title_trial_empty"),
        OrderState::Completed if is_trial => t!("status.title_completed_trial"),
        OrderState::Completed => t!("status.title_completed"),
        OrderState::Closed => t!("status.title_closed"),
        OrderState::Cancelled => t!("status.title_cancelled"),
    }
}

/// True if the latest proof found messages that are not there as they were copied.
fn is_disproved(proof: Option<&Verification>) -> bool {
    proof.is_some_and(|proof| proof.finished && lost(&proof.counts) > 0)
}

/// How many accounts wait for their owner.
pub(super) fn parked(progress: &Progress) -> u64 {
    let count = progress.pairs.iter().filter_map(|pair| pair.run.as_ref()).filter(|run| is_parked(run)).count();
    u64::try_from(count).unwrap_or_default()
}

/// True if something must be mended before the run can go on.
pub(super) fn is_parked(run: &RunSummary) -> bool {
    run.state == RunState::Paused && run.finding.is_some()
}

/// What keeps it, of one account by name; of several their rows tell.
fn lead_parked(progress: &Progress) -> String {
    let mut waiting = progress.pairs.iter().filter_map(|pair| {
        let run = pair.run.as_ref().filter(|run| is_parked(run))?;
        Some((pair, run.finding.as_ref()?))
    });
    match (waiting.next(), waiting.next()) {
        (Some((pair, finding)), None) => {
            let account = match finding.code {
                FindingCode::MailboxFull => pair.destination.clone(),
                _ => format!("{} → {}", pair.source, pair.destination),
            };
            let (cause, next) = (i18n::finding_cause(finding), i18n::finding_next_step(finding));
            t!("status.lead_parked_one", account = account, cause = cause, next = next)
        }
        _ => t!("status.lead_parked").to_owned(),
    }
}

/// What the title means; empty where the proof beneath it says so. A trial copies the mail of `trial_days`.
pub(super) fn lead(
    state: OrderState,
    order: &Order,
    progress: Option<&Progress>,
    proof: Option<&Verification>,
    trial_days: u64,
) -> String {
    let parked = progress.map_or(0, parked);
    let odd = progress.is_some_and(has_exceptions);
    match state {
        OrderState::Completed if progress.is_some_and(is_empty_trial) => {
            let older = progress.map_or(0, |progress| progress.counts.skipped);
            tn!("status.lead_trial_empty", older, days = i18n::number(trial_days))
        }
        OrderState::Draft => t!("status.lead_draft").to_owned(),
        OrderState::AwaitingPayment => t!("status.lead_awaiting_payment").to_owned(),
        OrderState::Scheduled => match order.earliest_start {
            Some(at) => t!("status.lead_scheduled", time = intl::date_time(at), zone = intl::time_zone()),
            None => t!("status.lead_scheduled_soon").to_owned(),
        },
        OrderState::Active => t!("status.lead_active").to_owned(),
        OrderState::Paused if parked > 0 => progress.map(lead_parked).unwrap_or_default(),
        OrderState::Paused => t!("status.lead_paused").to_owned(),
        OrderState::Completed if order.kind == Some(StartKind::Trial) => t!("status.lead_completed_trial").to_owned(),
        OrderState::Completed if odd => match progress.map_or(0, |it| it.counts.failed + it.counts.uncertain) {
            0 => t!("status.lead_completed_partly").to_owned(),
            missing => tn!("status.lead_missing", missing),
        },
        OrderState::Completed if is_disproved(proof) => String::new(),
        OrderState::Completed => t!("status.lead_completed").to_owned(),
        OrderState::Closed => t!("status.lead_closed").to_owned(),
        OrderState::Cancelled => t!("status.lead_cancelled").to_owned(),
    }
}
