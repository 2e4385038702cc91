//! `GET /orders/{order_id}/progress`

use actix_web::{HttpResponse, get, web::Data};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use mailferry_domain::order::OrderLife;
use mailferry_shared::{
    order::{OrderAction, OrderState},
    progress::{PairProgress, Progress},
    run::{Counts, RunState, RunSummary},
};
use mailferry_store::OrderRecord;

use crate::{
    api::{auth::Viewing, errors, examples, orders::view, path::OrderPath, problem::ApiError},
    app::App,
};

/// Ask again after this time while something moves, milliseconds.
const POLL_MOVING_MS: u32 = 2_000;
/// And after this time when nothing does.
const POLL_RESTING_MS: u32 = 15_000;
/// What starts within this time is looked at as if it had started.
const SOON: TimeDelta = TimeDelta::minutes(5);

/// Progress of an order: poll it with the last ETag, after `poll_after_ms`.
///
/// Prolongs the session that it is read with, so that whoever looks on for longer than a session lasts is not shut out.
#[utoipa::path(
    operation_id = "readProgress",
    tag = "runs",
    params(OrderPath),
    responses(
        (status = 200, description = "The progress", body = Progress, example = json!(examples::progress())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/progress")]
pub(crate) async fn read_progress(app: Data<App>, viewing: Viewing) -> Result<HttpResponse, ApiError> {
    let access = viewing.0;
    let prolonged = access.prolonged(&app)?;
    let pairs = app.store.progress(access.order.id).await?;
    let parked = pairs.iter().filter_map(|pair| pair.run.as_ref()).any(is_parked);
    let actions = app.store.actions(&access.order, parked);
    let mut progress = progress(&access.order, pairs, actions, app.store.now());
    let request = app.store.request_state(access.order.id).await?;
    view::restrict(&mut progress.actions, access.scope, request);
    let mut response = HttpResponse::Ok().json(progress);
    if let Some(cookie) = prolonged {
        response.add_cookie(&cookie).map_err(|error| ApiError::internal(error.to_string()))?;
    }
    Ok(response)
}

fn progress(order: &OrderRecord, pairs: Vec<PairProgress>, actions: Vec<OrderAction>, now: DateTime<Utc>) -> Progress {
    let runs: Vec<&RunSummary> = pairs.iter().filter_map(|pair| pair.run.as_ref()).collect();
    let mut counts = Counts::default();
    for run in &runs {
        counts.add(&run.counts);
    }
    let pace = Pace::of(&runs, now);
    let state = order.life.state();
    Progress {
        order_id: order.id,
        state,
        counts,
        messages_per_second: pace.as_ref().map(|pace| pace.messages_per_second),
        bytes_per_second: pace.as_ref().map(|pace| pace.bytes_per_second),
        estimated_finish: pace.as_ref().and_then(|pace| pace.finish(&counts, now)),
        at_least: pairs.iter().any(|pair| pair.uncounted),
        actions,
        pairs,
        poll_after_ms: poll_after_ms(order.life, now),
    }
}

/// True for a run that waits until its owner has mended something.
fn is_parked(run: &RunSummary) -> bool {
    run.state == RunState::Paused && run.finding.is_some()
}

fn poll_after_ms(life: OrderLife, now: DateTime<Utc>) -> u32 {
    let moving = match life {
        // What starts some day is at rest until shortly before.
        OrderLife::Scheduled { start } => start.earliest - now < SOON,
        life => life.state() == OrderState::Active,
    };
    if moving { POLL_MOVING_MS } else { POLL_RESTING_MS }
}

/// How fast it goes, rounded to two digits so that a poll at rest finds nothing changed.
struct Pace {
    messages_per_second: u64,
    bytes_per_second: u64,
}

impl Pace {
    /// Averaged since the longest run that is under way was started, with those that have begun and ended meanwhile; `None`
    /// when no run is under way.
    fn of(runs: &[&RunSummary], now: DateTime<Utc>) -> Option<Self> {
        let since = runs.iter().filter(|run| run.state == RunState::Running).filter_map(|run| run.started_at).min()?;
        let current: Vec<_> = runs.iter().filter(|run| run.started_at.is_some_and(|at| at >= since)).collect();
        let seconds = u64::try_from((now - since).num_seconds()).ok()?.max(1);
        let stored: u64 = current.iter().map(|run| run.counts.done()).sum();
        let bytes: u64 = current.iter().map(|run| run.counts.done_bytes()).sum();
        Some(Self { messages_per_second: two_digits(stored / seconds), bytes_per_second: two_digits(bytes / seconds) })
    }

    /// When what has been listed will be done, to the minute.
    fn finish(&self, counts: &Counts, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let left = counts.listed_bytes.checked_sub(counts.done_bytes())?;
        let seconds = left.checked_div(self.bytes_per_second)?;
        let finish = now.checked_add_signed(TimeDelta::try_seconds(i64::try_from(seconds).ok()?)?)?;
        finish.duration_round_up(TimeDelta::minutes(1)).ok()
    }
}

fn two_digits(number: u64) -> u64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    number / unit * unit
}

#[cfg(test)]
mod tests {
    use mailferry_domain::order::{Begun, Ended, Start};
    use mailferry_shared::{order::StartKind, run::RunKind};

    use super::*;

    fn running(done_bytes: u64) -> RunSummary {
        RunSummary {
            id: uuid::Uuid::nil().into(),
            pair_id: uuid::Uuid::nil().into(),
            number: 1,
            kind: RunKind::Main,
            state: RunState::Running,
            created_at: DateTime::UNIX_EPOCH,
            started_at: Some(DateTime::UNIX_EPOCH),
            finished_at: None,
            counts: Counts {
                listed: 100,
                listed_bytes: 10_000,
                stored: 50,
                stored_bytes: done_bytes,
                ..Counts::default()
            },
            finding: None,
        }
    }

    #[test]
    fn the_rate_is_averaged_since_the_start_and_tells_the_end() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(10);
        let run = running(4_000);
        let pace = Pace::of(&[&run], now).expect("moves");
        assert_eq!((pace.messages_per_second, pace.bytes_per_second), (5, 400));
        assert_eq!(pace.finish(&run.counts, now), Some(DateTime::UNIX_EPOCH + TimeDelta::minutes(1)));
    }

    #[test]
    fn accounts_that_wait_belong_to_the_total_and_to_the_estimated_finish() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(10);
        let under_way = running(4_000);
        let waiting = RunSummary {
            state: RunState::Queued,
            started_at: None,
            counts: Counts { listed: 100, listed_bytes: 30_000, ..Counts::default() },
            ..running(0)
        };
        let mut total = under_way.counts;
        total.add(&waiting.counts);
        let pace = Pace::of(&[&under_way, &waiting], now).expect("moves");
        assert_eq!(pace.bytes_per_second, 400);
        // 36,000 bytes are left: 90 seconds from now.
        assert_eq!(pace.finish(&total, now), Some(DateTime::UNIX_EPOCH + TimeDelta::minutes(2)));
        let ended = RunSummary { state: RunState::Succeeded, started_at: Some(now), ..running(6_000) };
        assert_eq!(
            Pace::of(&[&under_way, &ended], now).expect("moves").bytes_per_second,
            1_000,
            "what ended meanwhile"
        );
    }

    #[test]
    fn nothing_under_way_has_no_rate() {
        let ended = RunSummary { state: RunState::Succeeded, ..running(10) };
        assert!(Pace::of(&[&ended], DateTime::UNIX_EPOCH).is_none());
        assert_eq!(
            Pace { messages_per_second: 0, bytes_per_second: 0 }.finish(&ended.counts, DateTime::UNIX_EPOCH),
            None
        );
    }

    #[test]
    fn a_progress_that_moves_is_polled_every_2_seconds_and_one_at_rest_more_slowly() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let begun = Begun { kind: StartKind::Main, started_at: now };
        let in_minutes = |minutes| OrderLife::Scheduled {
            start: Start { kind: StartKind::Main, earliest: now + TimeDelta::minutes(minutes), delta: None },
        };
        for moving in [OrderLife::Active(begun), in_minutes(-1), in_minutes(4)] {
            assert_eq!(poll_after_ms(moving, now), 2_000, "{moving:?}");
        }
        let ended = OrderLife::Completed(begun, Ended { finished_at: now });
        for resting in [OrderLife::Draft, OrderLife::Paused(begun), ended, OrderLife::Closed, in_minutes(60)] {
            assert!(poll_after_ms(resting, now) > 2_000, "{resting:?}");
        }
    }

    #[test]
    fn rates_are_rounded_down_to_two_digits() {
        assert_eq!([0, 7, 99, 100, 1_234_567].map(two_digits), [0, 7, 99, 100, 1_200_000]);
    }
}
