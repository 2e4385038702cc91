//! The ledger's own faults: the process dies, the database is gone or does not tell, another worker takes over, the
//! clock jumps.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
    mpsc,
};

use chrono::{DateTime, Duration, Utc};
use mailferry_engine::{
    port::{Command, Control, Ledger, LedgerError},
    run::RunEnd,
};
use mailferry_shared::ids::RunId;
use mailferry_store::MockClock;
use uuid::Uuid;

use crate::{
    broken_ledger::{BrokenLedger, Trouble, When},
    ground::Ground,
    interrupt::Steps,
    other_process::{Held, OtherProcess},
    point::{How, Point},
    row::{Sweep, points, spread, steps, sweep},
};

/// The process dies at any step, with one lane and with three; the same run, or the next one, goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_killed_at_any_step_goes_on_without_loss_or_duplicate() {
    let ground = Ground::new().await;
    assert!(ground.clean.steps.len() >= 12, "{:?} only", ground.clean.steps);
    let one = (0..ground.clean.steps.len()).map(|step| (step, 1));
    let cases = one.chain(steps(&ground, 2 * points()).map(|step| (step, 3)));
    sweep("kill at every step", &ground, cases, async |point, (step, lanes)| {
        let mut how = How::hook(Steps::stop(step));
        how.options.connections = lanes;
        let report = point.run(1, how).await;
        point.must(matches!(report.end, RunEnd::Interrupted(_)), || format!("{:?}", report.end));
        point.go_on(if step.is_multiple_of(2) { 1 } else { 2 }).await;
    })
    .await;
}

/// How often an undisturbed run writes.
async fn writes(ground: &Ground) -> usize {
    let point = ground.point();
    let file = point.open_ledger().await;
    let inner = file.run_ledger(RunId(Uuid::from_u128(1))).await.expect("a ledger");
    let counting = BrokenLedger::new(inner, usize::MAX, Trouble::Gone(When::Before));
    point.run_on(1, counting.clone(), How::default()).await;
    counting.writes()
}

/// A write that fails is not known to have failed: either way nothing more is sent, and the next process reads what
/// is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_fails_at_any_write_stops_the_run_and_the_next_one_goes_on() {
    let ground = Ground::new().await;
    let cases = (0..writes(&ground).await).flat_map(|write| [(write, When::Before), (write, When::After)]);
    sweep("database gone before or after any commit", &ground, cases, async |point, (write, when)| {
        let file = point.open_ledger().await;
        let inner = file.run_ledger(RunId(Uuid::from_u128(1))).await.expect("a ledger");
        let report = point.run_on(1, BrokenLedger::new(inner, write, Trouble::Gone(when)), How::default()).await;
        let stopped = matches!(report.end, RunEnd::Ledger(LedgerError::Unavailable(_)));
        point.must(stopped, || format!("{:?}", report.end));
        file.close().await;
        drop(file);
        point.go_on(if write.is_multiple_of(2) { 1 } else { 2 }).await;
    })
    .await;
}

/// Another process, say a backup, holds the write lock of the ledger's file from any write on: for a moment, which is
/// waited for, or for longer than the ledger waits, which ends the run; the next process goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_another_process_has_locked_at_any_write_is_waited_for_and_stops_the_run_in_the_end() {
    let ground = Ground::new().await;
    let last = writes(&ground).await as u64 - 1;
    // Those that wait in vain wait for 20 seconds.
    let cases = spread(last, points() / 2)
        .into_iter()
        .flat_map(|write| [Held::ForAMoment, Held::TooLong].map(|held| (write, held)));
    sweep("database locked at any write", &ground, cases, async |point, (write, held)| {
        let file = point.open_ledger().await;
        let inner = file.run_ledger(RunId(Uuid::from_u128(1))).await.expect("a ledger");
        let other = OtherProcess::new(point.ledger_path(), held);
        let at = usize::try_from(write).expect("a small number");
        let locked = BrokenLedger::new(inner, at, Trouble::Locked(other.clone()));
        let report = point.run_on(1, locked, How::default()).await;
        let still_held = other.let_go().await;
        file.close().await;
        drop(file);
        match held {
            Held::ForAMoment => point.succeeded(&report),
            Held::TooLong => {
                point.must(still_held, || "nobody had locked it".to_owned());
                let stopped = matches!(report.end, RunEnd::Ledger(LedgerError::Unavailable(_)));
                point.must(stopped, || format!("{:?}", report.end));
            }
        }
        point.go_on(if write.is_multiple_of(2) { 1 } else { 2 }).await;
    })
    .await;
}

/// Another worker claims the run at any step: the first one's next write is refused, and it sends nothing more.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_workers_on_one_run_the_first_is_fenced_off() {
    let ground = Ground::new().await;
    let row = Sweep::of("two workers on one run", &ground).in_turn();
    row.over(steps(&ground, 2 * points()), async |point, step| {
        let file = point.open_ledger().await;
        let id = RunId(Uuid::from_u128(1));
        let first = file.run_ledger(id).await.expect("a ledger");
        let (reached, mut at_step) = tokio::sync::mpsc::unbounded_channel();
        let (claimed, go_on) = mpsc::channel();
        let go_on = std::sync::Mutex::new(go_on);
        let hook = Steps::act(step, move || {
            let _ = reached.send(());
            // What else waits for this thread goes on elsewhere.
            let _ = tokio::task::block_in_place(|| go_on.lock().expect("one thread").recv());
        });
        let second = async {
            at_step.recv().await;
            let second = file.run_ledger(id).await.expect("the other worker claims it");
            let _ = claimed.send(());
            second
        };
        let (report, second) = futures::join!(point.run_on(1, first, How::hook(hook)), second);
        point.must(matches!(report.end, RunEnd::Ledger(LedgerError::Fenced)), || format!("{:?}", report.end));
        let report = point.run_on(1, second, How::default()).await;
        point.succeeded(&report);
        file.close().await;
        drop(file);
        point.nothing_to_do().await;
    })
    .await;
}

/// The first worker is stopped for longer than its lease, when it has written its intents and sent nothing yet. The
/// second takes over and comes to its end; then the first wakes up. Its connection is still open, and it must not use
/// it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_worker_that_wakes_up_after_its_lease_sends_nothing_more() {
    let ground = Ground::new().await;
    let row = Sweep::of("worker stopped for twice its lease", &ground).in_turn();
    row.over(0..ground.clean.steps.len(), async |point, step| {
        let file = point.open_ledger().await;
        let id = RunId(Uuid::from_u128(1));
        let first = file.run_ledger(id).await.expect("a ledger");
        let (reached, mut at_step) = tokio::sync::mpsc::unbounded_channel();
        let (wake, sleep) = mpsc::channel();
        let sleep = std::sync::Mutex::new(sleep);
        let hook = Steps::act(step, move || {
            let _ = reached.send(());
            let _ = tokio::task::block_in_place(|| sleep.lock().expect("one thread").recv());
        });
        let second = async {
            at_step.recv().await;
            let second = file.run_ledger(id).await.expect("the other worker claims it");
            let report = point.run_on(1, second, How::default()).await;
            point.succeeded(&report);
            let _ = wake.send(());
        };
        let mut how = How::hook(hook);
        how.options.standstill = std::time::Duration::from_millis(100);
        let (report, ()) = futures::join!(point.run_on(1, first, how), second);
        point.must(matches!(report.end, RunEnd::Ledger(LedgerError::Fenced)), || format!("{:?}", report.end));
        file.close().await;
        drop(file);
        point.nothing_to_do().await;
    })
    .await;
}

/// SIGTERM during deploy: the batch is finished, nothing is left open, the next process goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_handed_over_leaves_nothing_undecided() {
    let ground = Ground::new().await;
    sweep("SIGTERM: handed over at any step", &ground, steps(&ground, 2 * points()), async |point, step| {
        let (steer, control) = Control::new();
        let hook = Steps::act(step, move || {
            steer.send_replace(Command::HandOver);
        });
        let report = point.run(1, How { control, ..How::hook(hook) }).await;
        let ended = matches!(report.end, RunEnd::Stopped(Command::HandOver) | RunEnd::Done(_));
        point.must(ended, || format!("{:?}", report.end));
        let file = point.open_ledger().await;
        let ledger = file.run_ledger(RunId(Uuid::from_u128(1))).await.expect("a ledger");
        let open = ledger.open_intents().await.expect("a number");
        point.must(open == 0, || format!("{open} intents are open"));
        file.close().await;
        drop((ledger, file));
        point.go_on(1).await;
    })
    .await;
}

/// The clock jumps by a month, forward or back, at any step; or by an hour, as a clock that shows local time does when
/// summer time begins and ends (in Berlin at 01:00 UTC).
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_by_a_month_or_by_the_hour_of_summer_time_changes_nothing() {
    let ground = Ground::new().await;
    let month = Duration::days(30);
    let cases = steps(&ground, points()).flat_map(|step| [month, -month].map(|by| (step, Utc::now(), by)));
    sweep("clock jumps by a month", &ground, cases, jumps).await;
    let hour = |at: &str, hours| (at.parse::<DateTime<Utc>>().expect("a time"), Duration::hours(hours));
    let changes = [hour("2026-03-29T00:59:59Z", 1), hour("2026-10-25T00:59:59Z", -1)];
    let cases = steps(&ground, points()).flat_map(|step| changes.map(|(at, by)| (step, at, by)));
    sweep("DST: clock jumps by an hour", &ground, cases, jumps).await;
}

async fn jumps(point: &Point<'_>, (step, at, by): (usize, DateTime<Utc>, Duration)) {
    let clock = MockClock::at(at);
    let file = point.open_ledger_with(Arc::new(clock.clone())).await;
    let ledger = file.run_ledger(RunId(Uuid::from_u128(1))).await.expect("a ledger");
    let jumps = Arc::new(AtomicUsize::new(0));
    let counted = jumps.clone();
    let hook = Steps::act(step, move || {
        clock.advance(by);
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let report = point.run_on(1, ledger, How::hook(hook)).await;
    point.must(jumps.load(Ordering::SeqCst) == 1, || "the clock stood still".to_owned());
    point.succeeded(&report);
    file.close().await;
    drop(file);
    point.nothing_to_do().await;
}
