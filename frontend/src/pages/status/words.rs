//! What the status page says: the state, what was done of it, and what that means.

use mailferry_shared::{
    ids::OrderId,
    order::{Order, OrderState, StartKind},
    progress::Progress,
    run::{Counts, RunKind, RunState, RunSummary},
};

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
    } else if counts.listed_bytes > 0 {
        format::percent(counts.done_bytes(), counts.listed_bytes)
    } else if counts.listed == 0 && progress.state == OrderState::Completed {
        100
    } else {
        format::percent(counts.done(), counts.listed)
    }
}

/// True if nothing moves any more.
pub(super) fn is_over(state: OrderState) -> bool {
    matches!(state, OrderState::Completed | OrderState::Closed | OrderState::Cancelled)
}

/// Messages and bytes in words: looked at so far while it runs; once it is over what arrived, and what did not.
pub(super) fn amounts(counts: &Counts, is_over: bool) -> String {
    if !is_over {
        let listed = tn!("count.messages", counts.listed);
        let messages = t!("status.progress_of", done = i18n::number(counts.done()), listed = listed);
        let (done, listed) = (intl::size(counts.done_bytes()), intl::size(counts.listed_bytes));
        return format!("{messages} · {}", t!("status.bytes_of", done = done, listed = listed));
    }
    let mut parts = vec![tn!("status.arrived", counts.arrived())];
    parts.extend(exceptions(counts));
    parts.push(intl::size(counts.arrived_bytes()));
    parts.join(" · ")
}

/// What did not arrive, and why not, in words.
pub(super) fn exceptions(counts: &Counts) -> impl Iterator<Item = String> {
    [
        (counts.failed > 0).then(|| tn!("status.failed_some", counts.failed)),
        (counts.uncertain > 0).then(|| tn!("status.uncertain_some", counts.uncertain)),
        (counts.skipped > 0).then(|| tn!("status.skipped_some", counts.skipped)),
    ]
    .into_iter()
    .flatten()
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

pub(super) fn title(state: OrderState, progress: Option<&Progress>) -> &'static str {
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
        OrderState::Paused => t!("status.title_paused"),
        OrderState::Completed if progress.is_some_and(has_exceptions) => t!("status.title_completed_partly"),
        OrderState::Completed if progress.is_some_and(is_empty_trial) => t!("status.title_trial_empty"),
        OrderState::Completed if is_trial => t!("status.title_completed_trial"),
        OrderState::Completed => t!("status.title_completed"),
        OrderState::Closed => t!("status.title_closed"),
        OrderState::Cancelled => t!("status.title_cancelled"),
    }
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

pub(super) fn lead(state: OrderState, order: &Order, progress: Option<&Progress>) -> String {
    let parked = progress.map_or(0, parked);
    let odd = progress.is_some_and(has_exceptions);
    match state {
        OrderState::Completed if progress.is_some_and(is_empty_trial) => {
            tn!("status.lead_trial_empty", progress.map_or(0, |progress| progress.counts.skipped))
        }
        OrderState::Draft => t!("status.lead_draft").to_owned(),
        OrderState::AwaitingPayment => t!("status.lead_awaiting_payment").to_owned(),
        OrderState::Scheduled => match order.earliest_start {
            Some(at) => t!("status.lead_scheduled", time = intl::date_time(at), zone = intl::time_zone()),
            None => t!("status.lead_scheduled_soon").to_owned(),
        },
        OrderState::Active => t!("status.lead_active").to_owned(),
        OrderState::Paused if parked > 0 => t!("status.lead_parked").to_owned(),
        OrderState::Paused => t!("status.lead_paused").to_owned(),
        OrderState::Completed if order.kind == Some(StartKind::Trial) => t!("status.lead_completed_trial").to_owned(),
        OrderState::Completed if odd => t!("status.lead_completed_partly").to_owned(),
        OrderState::Completed => t!("status.lead_completed").to_owned(),
        OrderState::Closed => t!("status.lead_closed").to_owned(),
        OrderState::Cancelled => t!("status.lead_cancelled").to_owned(),
    }
}
