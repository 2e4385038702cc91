//! A clock that runs a month ahead for a minute puts nothing off until then.

use chrono::Duration;
use mailferry_shared::order::StartKind;
use mailferry_store::{JobKind, JobQueue, LoginPermit, jobs::LOCK};

use crate::world::{World, start};

on_both! {
    jobs_that_were_put_off_by_a_clock_that_ran_ahead_are_due;
    what_waits_as_long_as_it_may_goes_on_waiting;
    failed_logins_of_a_clock_that_ran_ahead_lock_nobody_out;
}

const MONTH: Duration = Duration::days(30);
const KINDS: [JobKind; 9] = [
    JobKind::Check,
    JobKind::Survey,
    JobKind::Verification,
    JobKind::DryRun,
    JobKind::SendMail,
    JobKind::PasswordMail,
    JobKind::Webhook,
    JobKind::Payment,
    JobKind::PaymentEvent,
];

async fn jobs_that_were_put_off_by_a_clock_that_ran_ahead_are_due(world: World) {
    let store = &world.store;
    let (order, _) = world.trial(1).await;
    store.begin_order(order.id).await.expect("begins");
    let mut jobs = store.take("w", JobKind::Run, 9, LOCK).await.expect("takes");
    for kind in KINDS {
        store.enqueue(kind, store.new_id().expect("random"), None).await.expect("queued");
        jobs.extend(store.take("w", kind, 9, LOCK).await.expect("takes"));
    }
    assert_eq!(jobs.len(), KINDS.len() + 1);
    world.clock.advance(MONTH);
    for job in &jobs {
        store.put_back(job, store.now() + Duration::seconds(20)).await.expect("put back");
    }
    world.clock.advance(-MONTH);
    assert!(store.take("w", JobKind::SendMail, 9, LOCK).await.expect("takes").is_empty(), "not before its time");
    assert_eq!(store.mend_job_times().await.expect("mends"), jobs.len() as u64);
    assert_eq!(store.mend_job_times().await.expect("mends"), 0, "once");
    for kind in KINDS.into_iter().chain([JobKind::Run]) {
        assert_eq!(store.take("w", kind, 9, LOCK).await.expect("takes").len(), 1, "{kind:?}");
    }
}

async fn what_waits_as_long_as_it_may_goes_on_waiting(world: World) {
    let store = &world.store;
    let (order, _) = world.order_with(1).await;
    let in_a_month = start(StartKind::Trial, store.now() + MONTH);
    store.schedule_order(&order, in_a_month).await.expect("scheduled");
    let wait = |kind| if kind == JobKind::SendMail { Duration::hours(4) } else { Duration::hours(24) };
    for kind in [JobKind::SendMail, JobKind::Webhook, JobKind::Check, JobKind::CutOver] {
        let at = Some(store.now() + wait(kind));
        store.enqueue(kind, store.new_id().expect("random"), at).await.expect("queued");
    }
    assert_eq!(store.mend_job_times().await.expect("mends"), 0);
    // A run that waits for longer than its order does is due with it, and not before.
    let (begins, another) = (store.now() + Duration::days(2), world.order_with(1).await.0);
    store.schedule_order(&another, start(StartKind::Trial, begins)).await.expect("scheduled");
    world.raw("UPDATE jobs SET not_before = not_before + 2592000000000 WHERE kind = 'run'").await;
    assert_eq!(store.mend_job_times().await.expect("mends"), 2);
    let times = "SELECT MIN(not_before), MAX(not_before) FROM jobs WHERE kind = 'run'".to_owned();
    let expected = (begins.timestamp_micros(), (in_a_month.earliest).timestamp_micros());
    assert_eq!(world.raw_numbers(times).await, expected);
}

async fn failed_logins_of_a_clock_that_ran_ahead_lock_nobody_out(world: World) {
    let store = &world.store;
    world.clock.advance(MONTH);
    for _ in 0..5 {
        let LoginPermit::Granted(ticket) = store.begin_login("imap.old.example", "anna").await.expect("asks") else {
            panic!("five may fail")
        };
        store.end_login(ticket, true).await.expect("noted");
    }
    assert!(matches!(store.begin_login("imap.old.example", "anna").await.expect("asks"), LoginPermit::Refused));
    world.clock.advance(-MONTH);
    let permit = store.begin_login("imap.old.example", "anna").await.expect("asks");
    assert!(matches!(permit, LoginPermit::Granted(_)), "{permit:?}");
}
