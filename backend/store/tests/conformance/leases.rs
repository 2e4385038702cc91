use std::time::Duration;

use mailferry_engine::port::LedgerError;
use mailferry_shared::finding::{Finding, FindingCode};
use mailferry_store::StoreError;

use crate::{ledger::LedgerSteps, world::World};

on_both! {
    only_one_worker_holds_a_lease;
    an_expired_lease_is_taken_over_and_its_holder_fenced_off;
    a_restarted_worker_claims_again_at_once;
    a_lease_that_is_left_is_free_at_once_and_whoever_takes_it_has_to_wait;
    what_others_have_waited_for_the_same_worker_counts;
    parallel_claims_have_one_winner;
}

async fn only_one_worker_holds_a_lease(world: World) {
    let store = &world.store;
    let (_, runs) = world.trial(1).await;
    let first = world.lease(runs[0], "one").await;
    assert!(!first.took_over);
    let ttl = Duration::from_secs(60);
    assert_eq!(store.claim_lease(runs[0], "two", ttl).await.expect("database"), None);
    store.renew_lease(&first, ttl).await.expect("renewed");
    store.release_lease(&first).await.expect("released");
    let second = world.lease(runs[0], "two").await;
    assert!(second.fence > first.fence && !second.took_over);
    assert!(matches!(store.renew_lease(&first, ttl).await, Err(StoreError::Fenced)));
    store.release_lease(&first).await.expect("does nothing");
    assert_eq!(store.claim_lease(runs[0], "three", ttl).await.expect("database"), None);
    let unknown = mailferry_shared::ids::RunId(store.new_id().expect("random"));
    assert!(matches!(store.claim_lease(unknown, "one", ttl).await, Err(StoreError::NotFound)));
}

async fn an_expired_lease_is_taken_over_and_its_holder_fenced_off(world: World) {
    let store = &world.store;
    let (_, runs) = world.trial(1).await;
    let ttl = Duration::from_secs(60);
    let stale = store.claim_lease(runs[0], "one", ttl).await.expect("database").expect("free");
    let stale_ledger = store.run_ledger(&stale);
    let note = Finding::new(FindingCode::Throttled);
    stale_ledger.note(&note).await.expect("it holds the lease");
    world.pass(Duration::from_secs(61)).await;
    let fresh = store.claim_lease(runs[0], "two", ttl).await.expect("database").expect("expired");
    assert!(fresh.fence > stale.fence && fresh.took_over);
    assert!(matches!(stale_ledger.note(&note).await, Err(LedgerError::Fenced)));
    assert!(matches!(store.renew_lease(&stale, ttl).await, Err(StoreError::Fenced)));
    store.run_ledger(&fresh).note(&note).await.expect("the new holder writes");
}

async fn a_restarted_worker_claims_again_at_once(world: World) {
    let (_, runs) = world.trial(1).await;
    let before = world.lease(runs[0], "one").await;
    let after = world.lease(runs[0], "one").await;
    assert!(after.fence > before.fence && after.took_over, "what it sent before may still arrive");
}

async fn a_lease_that_is_left_is_free_at_once_and_whoever_takes_it_has_to_wait(world: World) {
    let (_, runs) = world.trial(1).await;
    let first = world.lease(runs[0], "one").await;
    world.store.leave_lease(&first).await.expect("left");
    let second = world.lease(runs[0], "two").await;
    assert!(second.fence > first.fence && second.took_over);
    world.store.leave_lease(&first).await.expect("does nothing");
    let held = world.store.claim_lease(runs[0], "three", Duration::from_secs(60)).await.expect("database");
    assert_eq!(held, None, "it is another's");
    world.store.leave_lease(&second).await.expect("left");
    let third = world.lease(runs[0], "three").await;
    assert!(third.took_over, "however many have left it");
    world.store.release_lease(&third).await.expect("released");
    assert!(!world.lease(runs[0], "four").await.took_over, "the third has waited");
}

async fn what_others_have_waited_for_the_same_worker_counts(world: World) {
    let (_, runs) = world.trial(1).await;
    let claim = async |worker| {
        let ttl = Duration::from_millis(1);
        world.store.claim_lease(runs[0], worker, ttl).await.expect("database").expect("free")
    };
    claim("dead").await;
    world.pass(Duration::from_millis(2)).await;
    let second = claim("second").await;
    assert!(second.took_over && second.waited.is_zero(), "nobody has waited for it before: {second:?}");
    let mut before = second;
    for worker in ["third", "fourth"] {
        world.pass(Duration::from_millis(1_200)).await;
        world.store.leave_lease(&before).await.expect("left");
        let next = claim(worker).await;
        assert!(next.took_over && next.waited >= before.waited + Duration::from_secs(1), "{next:?}");
        before = next;
    }
    world.store.leave_lease(&before).await.expect("left");
    world.pass(Duration::from_secs(30 * 86_400)).await;
    let later = claim("fifth").await;
    assert!(later.took_over && later.waited.is_zero(), "a clock may have jumped: {later:?}");
    world.pass(Duration::from_millis(2)).await;
    let fresh = claim("sixth").await;
    assert!(fresh.took_over && fresh.waited.is_zero(), "the fifth may have sent something: {fresh:?}");
}

async fn parallel_claims_have_one_winner(world: World) {
    let (_, runs) = world.trial(1).await;
    let run = runs[0];
    let tasks: Vec<_> = (0..16)
        .map(|n| {
            let store = world.store.clone();
            tokio::spawn(async move {
                let claim = store.claim_lease(run, &format!("worker {n}"), Duration::from_secs(60)).await;
                claim.expect("database").is_some()
            })
        })
        .collect();
    let mut winners = 0;
    for task in tasks {
        winners += u32::from(task.await.expect("task"));
    }
    assert_eq!(winners, 1);
}

#[tokio::test]
async fn a_clock_that_jumps_back_does_not_lock_a_run_for_a_month() {
    let world = World::sqlite().await;
    let (_, runs) = world.trial(1).await;
    world.lease(runs[0], "one").await;
    world.clock.advance(chrono::Duration::days(-30));
    let taken = world.store.claim_lease(runs[0], "two", Duration::from_secs(60)).await.expect("database");
    assert!(taken.is_some_and(|lease| lease.took_over));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_write_one_file_at_the_same_time() {
    let world = World::sqlite().await;
    let other = world.another(crate::world::KEY).await;
    let tasks: Vec<_> = (0..60)
        .map(|n| {
            let store = if n % 2 == 0 { world.store.clone() } else { other.clone() };
            tokio::spawn(async move { store.create_order(crate::world::new_order()).await.expect("waits its turn").id })
        })
        .collect();
    for task in tasks {
        let id = task.await.expect("task");
        world.store.order(id).await.expect("both see it");
        other.order(id).await.expect("both see it");
    }
}
