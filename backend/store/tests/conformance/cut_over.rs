//! The delta that starts by itself: after a delay, or domain by domain when the MX record has been switched.

use chrono::{DateTime, Duration, Utc};
use mailferry_domain::{
    mx::{Mx, MxAnswer},
    order::Start,
};
use mailferry_shared::{
    account::AccountCreate,
    ids::{ApiKeyId, OrderId, PairId},
    order::{OrderState, StartKind},
    run::{RunKind, RunState},
    schedule::{DeltaSchedule, DeltaTrigger, MxRecord, SendingRecords, SpfState},
    tenant::TenantLimits,
};
use mailferry_store::{Asker, JobKind, JobQueue, NewOrder, OPERATOR_TENANT, OrderRecord, Part, StoreError};

use crate::world::{World, new_order, pair};

const LOCK: std::time::Duration = std::time::Duration::from_secs(60);

on_both! {
    a_delta_starts_by_itself_once_a_delay_after_the_first_run;
    the_delay_counts_from_the_end_of_the_last_pair_and_not_again_after_a_retry;
    a_clock_that_goes_back_by_a_month_does_not_keep_the_delta_waiting;
    each_pair_follows_the_domain_of_its_source_address;
    who_may_send_for_a_domain_is_kept_beside_its_mx_records;
    a_lost_job_of_a_cut_over_is_found;
    a_retry_is_for_the_pairs_that_failed;
    two_workers_start_a_due_delta_once;
    a_delta_that_starts_by_itself_waits_for_its_turn_and_is_never_lost;
}

async fn started(world: &World, users: &[&str], delta: DeltaSchedule) -> (OrderRecord, Vec<PairId>) {
    started_by(world, Asker::default(), users, delta).await
}

async fn started_by(world: &World, asker: Asker, users: &[&str], delta: DeltaSchedule) -> (OrderRecord, Vec<PairId>) {
    let store = &world.store;
    let order = store.create_order(NewOrder { asker, ..new_order() }).await.expect("order");
    let new: Vec<AccountCreate> = users.iter().map(|user| pair(user)).collect();
    let pairs = store.create_pairs(order.id, 500, &new).await.expect("pairs");
    let count = u32::try_from(pairs.len()).expect("few");
    let voucher = store.create_vouchers(OPERATOR_TENANT, count, 1, None).await.expect("voucher").remove(0);
    let order = store.redeem_voucher(order.id, &voucher.code).await.expect("paid");
    let start = Start { kind: StartKind::Main, earliest: store.now(), delta: Some(delta) };
    let order = store.schedule_order(&order, start).await.expect("starts");
    assert_eq!((order.life.state(), order.delta_schedule, order.delta_at), (OrderState::Scheduled, Some(delta), None));
    (order, pairs)
}

/// Ends the latest run of each pair.
async fn end_runs(world: &World, order: OrderId, pairs: &[PairId]) -> OrderRecord {
    let mut last = None;
    for pair in pairs {
        let runs = world.store.runs_of_pair(order, *pair, Part::ALL).await.expect("runs");
        last = Some(world.end_run(order, runs.last().expect("a run").id, RunState::Succeeded).await);
    }
    last.expect("a pair")
}

fn after(hours: u32) -> DeltaSchedule {
    DeltaSchedule { trigger: DeltaTrigger::AfterDelay, delay_hours: Some(hours) }
}

const BY_MX: DeltaSchedule = DeltaSchedule { trigger: DeltaTrigger::MxChanged, delay_hours: None };

fn learnt(before: &Mx, host: &str, now: DateTime<Utc>) -> Mx {
    let mut mx = before.clone();
    let records = vec![MxRecord { preference: 10, host: host.to_owned() }];
    mx.learn(MxAnswer { records, ttl_seconds: 3600 }, None, now);
    mx
}

async fn a_delta_starts_by_itself_once_a_delay_after_the_first_run(world: World) {
    let store = &world.store;
    let (order, pairs) = started(&world, &["anna@old.example"], after(8)).await;
    assert!(store.start_due_delta(order.id).await.expect("looks").1.is_empty(), "the first run has not even begun");
    let done = end_runs(&world, order.id, &pairs).await;
    assert_eq!((done.life.state(), done.delta_at), (OrderState::Completed, Some(store.now() + Duration::hours(8))));
    world.clock.advance(Duration::hours(8) - Duration::seconds(1));
    assert!(store.start_due_delta(order.id).await.expect("looks").1.is_empty(), "not before its time");
    world.clock.advance(Duration::seconds(1));
    // After a restart, as it were.
    let store = &world.another(crate::world::KEY).await;
    let (now, deltas) = store.start_due_delta(order.id).await.expect("starts");
    assert_eq!((now.life.state(), now.delta_at, deltas.len()), (OrderState::Active, None, 1));
    assert!(store.start_due_delta(order.id).await.expect("looks").1.is_empty(), "once");
    let done = end_runs(&world, order.id, &pairs).await;
    assert_eq!((done.life.state(), done.delta_at), (OrderState::Completed, None));
    world.clock.advance(Duration::days(2));
    assert!(store.start_due_delta(order.id).await.expect("looks").1.is_empty(), "once and for all");
    let kinds: Vec<RunKind> =
        store.runs_of_pair(order.id, pairs[0], Part::ALL).await.expect("runs").iter().map(|run| run.kind).collect();
    assert_eq!(kinds, [RunKind::Main, RunKind::Delta]);
}

async fn the_delay_counts_from_the_end_of_the_last_pair_and_not_again_after_a_retry(world: World) {
    let store = &world.store;
    let (order, pairs) = started(&world, &["anna@old.example", "bert@old.example"], after(4)).await;
    let half = end_runs(&world, order.id, &pairs[..1]).await;
    assert_eq!((half.life.state(), half.delta_at), (OrderState::Active, None));
    world.clock.advance(Duration::hours(2));
    let run = store.runs_of_pair(order.id, pairs[1], Part::ALL).await.expect("runs")[0].id;
    let done = world.end_run(order.id, run, RunState::Partial).await;
    let due = store.now() + Duration::hours(4);
    assert_eq!(done.delta_at, Some(due));
    world.clock.advance(Duration::hours(1));
    let retried = store.retry_order(&done).await.expect("tries again").0;
    assert_eq!((retried.life.state(), retried.delta_at), (OrderState::Active, Some(due)));
    let done = end_runs(&world, order.id, &pairs[1..]).await;
    assert_eq!(done.delta_at, Some(due), "from the end of the first run");
}

async fn a_clock_that_goes_back_by_a_month_does_not_keep_the_delta_waiting(world: World) {
    let store = &world.store;
    let (order, pairs) = started(&world, &["anna@old.example"], after(8)).await;
    let early = store.now();
    world.clock.advance(Duration::days(30));
    end_runs(&world, order.id, &pairs).await;
    assert_eq!(store.mend_delta_times().await.expect("looks"), 0);
    world.clock.advance(Duration::days(-30));
    assert_eq!(store.mend_delta_times().await.expect("looks"), 1);
    assert_eq!(store.order(order.id).await.expect("order").delta_at, Some(early + Duration::hours(8)));
    assert_eq!(store.mend_delta_times().await.expect("looks"), 0);
    world.clock.advance(Duration::hours(8));
    assert_eq!(store.start_due_delta(order.id).await.expect("starts").1.len(), 1);
}

async fn each_pair_follows_the_domain_of_its_source_address(world: World) {
    let store = &world.store;
    let users = ["anna@one.example", "bert@two.example", "carl@ONE.example"];
    let (order, pairs) = started(&world, &users, BY_MX).await;
    let domains = store.watched_domains(order.id).await.expect("domains");
    assert_eq!(domains.keys().collect::<Vec<_>>(), ["one.example", "two.example"]);
    assert_eq!(domains["one.example"].pairs, [pairs[0], pairs[2]]);
    let old = learnt(&Mx::default(), "mx.old.example", store.now());
    for domain in domains.keys() {
        store.save_mx(order.id, domain, Some(&old)).await.expect("saved");
    }
    end_runs(&world, order.id, &pairs).await;
    assert!(store.start_due_delta(order.id).await.expect("looks").1.is_empty(), "nothing was switched");

    world.clock.advance(Duration::hours(2));
    let switched = learnt(&old, "mx.new.example", store.now());
    store.save_mx(order.id, "two.example", Some(&switched)).await.expect("saved");
    store.save_mx(order.id, "two.example", None).await.expect("a failed look-up changes nothing");
    let (waiting, none) = store.start_due_delta(order.id).await.expect("looks");
    assert_eq!((waiting.delta_at, none.len()), (Some(store.now() + Duration::hours(1)), 0), "its TTL has not passed");
    world.clock.advance(Duration::hours(1));
    let (active, deltas) = store.start_due_delta(order.id).await.expect("starts");
    assert_eq!((active.life.state(), active.delta_pending, deltas.len()), (OrderState::Active, true, 1));
    let delta = store.delta(order.id, deltas[0]).await.expect("a delta");
    assert_eq!(delta.runs.iter().map(|run| run.pair_id).collect::<Vec<_>>(), [pairs[1]]);
    assert_eq!(store.watched_domains(order.id).await.expect("domains")["two.example"].delta_id, Some(deltas[0]));

    let ended = async || store.ended_rounds(&store.order(order.id).await.expect("order")).await.expect("rounds");
    assert_eq!(ended().await, [None], "the first run has ended, the delta has not");
    // The other domain follows while the first delta is still under way.
    let switched = learnt(&old, "mx.new.example", store.now() - Duration::hours(3));
    store.save_mx(order.id, "one.example", Some(&switched)).await.expect("saved");
    let (active, deltas) = store.start_due_delta(order.id).await.expect("starts");
    assert_eq!((active.delta_pending, active.delta_at, deltas.len()), (false, None, 1));
    assert_eq!(store.delta(order.id, deltas[0]).await.expect("a delta").runs.len(), 2);
    assert_eq!(end_runs(&world, order.id, &pairs[1..2]).await.life.state(), OrderState::Active);
    assert_eq!(ended().await.into_iter().flatten().collect::<Vec<_>>(), [delta.id], "each delta ends for itself");
    let rest = [pairs[0], pairs[2]];
    assert_eq!(end_runs(&world, order.id, &rest).await.life.state(), OrderState::Completed);
    assert_eq!(ended().await.len(), 3);
}

async fn who_may_send_for_a_domain_is_kept_beside_its_mx_records(world: World) {
    let store = &world.store;
    let (order, _) = started(&world, &["anna@one.example", "bert@two.example"], BY_MX).await;
    let sending = SendingRecords {
        spf: SpfState::Lacking,
        spf_records: vec!["v=spf1 -all".to_owned()],
        dkim: vec!["s1".to_owned()],
        dkim_looked_at: vec!["s1".to_owned(), "s2".to_owned()],
        looked_up_at: store.now(),
    };
    store.save_mx(order.id, "one.example", None).await.expect("saved");
    store.save_sending(order.id, "one.example", &sending).await.expect("saved");
    let mx = learnt(&Mx::default(), "mx.old.example", store.now());
    store.save_mx(order.id, "one.example", Some(&mx)).await.expect("saved");
    let domains = store.watched_domains(order.id).await.expect("domains");
    assert_eq!((&domains["one.example"].sending, &domains["two.example"].sending), (&Some(sending), &None));
}

async fn a_lost_job_of_a_cut_over_is_found(world: World) {
    let store = &world.store;
    let (order, pairs) = started(&world, &["anna@old.example"], after(8)).await;
    // The look at the MX records before anything is switched.
    let jobs = store.take("w", JobKind::CutOver, 9, LOCK).await.expect("takes");
    assert_eq!(jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [order.id.0]);
    store.finish(&jobs).await.expect("ends");
    assert!(store.left_behind().await.expect("looks").is_empty(), "the end of the first run queues it");
    end_runs(&world, order.id, &pairs).await;
    assert!(store.left_behind().await.expect("looks").is_empty(), "it waits for its time");
    world.raw("DELETE FROM jobs").await;
    assert_eq!(store.left_behind().await.expect("looks"), [(JobKind::CutOver, order.id.0)]);
    store.cancel_order(&store.order(order.id).await.expect("order")).await.expect("cancels");
    assert!(store.left_behind().await.expect("looks").is_empty(), "a cancelled order waits for nothing");
}

async fn a_retry_is_for_the_pairs_that_failed(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(3).await;
    let mut done = order.clone();
    for (run, end) in runs.iter().zip([RunState::Succeeded, RunState::Partial, RunState::Failed]) {
        done = world.end_run(order.id, *run, end).await;
    }
    let failed = store.pairs_to_retry(order.id).await.expect("pairs");
    let all: Vec<PairId> = store.pairs(order.id).await.expect("pairs").iter().map(|pair| pair.id).collect();
    assert_eq!(failed, all[1..]);
    let active = store.retry_order(&done).await.expect("tries again").0;
    assert_eq!(active.life.state(), OrderState::Active);
    assert_eq!(store.runs_of_pair(order.id, all[0], Part::ALL).await.expect("runs").len(), 1);
    assert_eq!(store.runs_of_pair(order.id, all[1], Part::ALL).await.expect("runs")[1].kind, RunKind::Trial);
    let done = end_runs(&world, order.id, &all[1..]).await;
    assert!(store.retry_order(&done).await.is_err(), "nothing is left to try again");
}

async fn two_workers_start_a_due_delta_once(world: World) {
    let (order, pairs) = started(&world, &["anna@old.example"], after(4)).await;
    end_runs(&world, order.id, &pairs).await;
    world.clock.advance(Duration::hours(5));
    let other = world.another(crate::world::KEY).await;
    let both = tokio::join!(world.store.start_due_delta(order.id), other.start_due_delta(order.id));
    let count = both.0.expect("looks").1.len() + both.1.expect("looks").1.len();
    assert_eq!((count, world.store.deltas(order.id, Part::ALL).await.expect("deltas").len()), (1, 1));
}

async fn a_delta_that_starts_by_itself_waits_for_its_turn_and_is_never_lost(world: World) {
    let store = &world.store;
    let limits = TenantLimits { max_active_orders: Some(1), ..TenantLimits::default() };
    store.change_tenant(OPERATOR_TENANT, None, Some(limits)).await.expect("changed");
    let key = Asker { api_key_id: Some(ApiKeyId(store.new_id().expect("random"))), ..Asker::default() };
    let (waits, pairs) = started_by(&world, key, &["anna@old.example"], after(4)).await;
    end_runs(&world, waits.id, &pairs).await;
    let (busy, _) = started_by(&world, key, &["bert@old.example"], after(4)).await;
    world.clock.advance(Duration::hours(4));
    let (now, none) = store.start_due_delta(waits.id).await.expect("looks");
    assert_eq!((now.life.state(), now.delta_pending, none.len()), (OrderState::Completed, true, 0), "one is at work");
    world.clock.advance(Duration::days(20));
    assert!(store.expire_orders(9).await.expect("looks").is_empty(), "its link does not end meanwhile");

    // Its turn comes when the other has ended, and before anything that is asked for now.
    store.cancel_order(&store.order(busy.id).await.expect("order")).await.expect("cancels");
    let draft = store.create_order(NewOrder { asker: key, ..new_order() }).await.expect("order");
    store.create_pairs(draft.id, 500, &[pair("carl@old.example")]).await.expect("pairs");
    let trial = Start { kind: StartKind::Trial, earliest: store.now(), delta: None };
    let refused = store.schedule_order(&draft, trial).await;
    assert!(matches!(refused, Err(StoreError::TooManyActive { limit: 1 })), "{refused:?}");
    let (active, deltas) = store.start_due_delta(waits.id).await.expect("starts");
    assert_eq!((active.life.state(), active.delta_pending, deltas.len()), (OrderState::Active, false, 1));
    let done = end_runs(&world, waits.id, &pairs).await;
    assert_eq!(done.expires_at, store.now() + Duration::days(14), "from the end of the last scheduled delta");
    store.schedule_order(&draft, trial).await.expect("there is room again");
}
