use mailferry_shared::{
    finding::{Finding, FindingCode},
    ids::RunId,
    run::RunState,
};
use mailferry_store::{
    ItemPart, Part, StoreError,
    jobs::{JobKind, JobQueue},
};

use crate::world::World;

const LOCK: std::time::Duration = std::time::Duration::from_secs(60);

on_both! {
    a_run_goes_its_way_and_keeps_its_times;
    a_stale_worker_cannot_change_the_run;
    a_pause_that_comes_after_the_resume_is_taken_back;
    a_run_is_queued_again_with_its_job;
    a_protocol_belongs_to_its_run;
}

async fn a_run_goes_its_way_and_keeps_its_times(world: World) {
    let (_, runs) = world.trial(1).await;
    let run = world.store.run(runs[0]).await.expect("run").summary;
    assert_eq!((run.number, run.state, run.started_at), (1, RunState::Queued, None));
    let run = world.store.change_run(runs[0], RunState::Running, None, None).await.expect("runs");
    let started = run.started_at.expect("started");
    world.clock.advance(chrono::Duration::minutes(5));
    world.store.change_run(runs[0], RunState::Queued, None, None).await.expect("handed over");
    world.store.change_run(runs[0], RunState::Running, None, None).await.expect("runs again");
    let finding = Finding::new(FindingCode::AccountUnavailable);
    let run = world.store.change_run(runs[0], RunState::Failed, Some(&finding), None).await.expect("ends");
    assert_eq!((run.started_at, run.finding), (Some(started), Some(finding)));
    assert_eq!(run.finished_at, Some(started + chrono::Duration::minutes(5)));
    let back = world.store.change_run(runs[0], RunState::Running, None, None).await;
    assert!(matches!(back, Err(StoreError::RunState(_))));
    let unknown = RunId(world.store.new_id().expect("random"));
    assert!(matches!(world.store.run(unknown).await, Err(StoreError::NotFound)));
}

async fn a_stale_worker_cannot_change_the_run(world: World) {
    let (_, runs) = world.trial(1).await;
    let stale = world.lease(runs[0], "one").await;
    world.store.change_run(runs[0], RunState::Running, None, Some(&stale)).await.expect("it holds the lease");
    world.store.release_lease(&stale).await.expect("released");
    let fresh = world.lease(runs[0], "two").await;
    let refused = world.store.change_run(runs[0], RunState::Failed, None, Some(&stale)).await;
    assert!(matches!(refused, Err(StoreError::Fenced)));
    assert_eq!(world.store.run(runs[0]).await.expect("run").summary.state, RunState::Running);
    world.store.change_run(runs[0], RunState::Succeeded, None, Some(&fresh)).await.expect("ends");
}

async fn a_pause_that_comes_after_the_resume_is_taken_back(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(1).await;
    let job = store.take("w", JobKind::Run, 1, LOCK).await.expect("job").remove(0);
    store.begin_order(order.id).await.expect("begins");
    store.change_run(runs[0], RunState::Running, None, None).await.expect("runs");
    let order = store.pause_order(&store.order(order.id).await.expect("order")).await.expect("pauses");
    store.resume_order(&order).await.expect("resumes before the worker has noticed");
    let run = store.change_run(runs[0], RunState::Paused, None, None).await.expect("too late");
    assert_eq!(run.state, RunState::Queued);
    store.finish(&[job]).await.expect("done");
    assert_eq!(store.take("w", JobKind::Run, 1, LOCK).await.expect("job").len(), 1, "and goes on");
}

async fn a_run_is_queued_again_with_its_job(world: World) {
    let store = &world.store;
    let (_, runs) = world.trial(1).await;
    let job = store.take("w", JobKind::Run, 1, LOCK).await.expect("job").remove(0);
    store.change_run(runs[0], RunState::Running, None, None).await.expect("runs");
    let waits = Finding::new(FindingCode::Throttled);
    let run = store.requeue_run(runs[0], store.now(), Some(&waits), None).await.expect("queued");
    assert_eq!((run.state, run.finding), (RunState::Queued, Some(waits)));
    store.finish(&[job]).await.expect("done");
    let again = store.take("w", JobKind::Run, 1, LOCK).await.expect("job").remove(0);
    assert_eq!((again.id, again.attempt), (runs[0].0, 2));
}

async fn a_protocol_belongs_to_its_run(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(2).await;
    let pairs = store.pairs(order.id).await.expect("pairs");
    let protocol = store.protocol(order.id, pairs[0].id, runs[0]).await.expect("protocol");
    assert_eq!((protocol.run.id, protocol.source.as_str(), protocol.items_total), (runs[0], "user0", 0));
    let page = ItemPart { outcome: None, part: Part { after: None, limit: 10 } };
    assert!(store.protocol_items(order.id, pairs[0].id, runs[0], page).await.expect("items").is_empty());
    assert!(matches!(store.protocol(order.id, pairs[1].id, runs[0]).await, Err(StoreError::NotFound)));
    let other = world.order().await;
    assert!(matches!(store.protocol(other.id, pairs[0].id, runs[0]).await, Err(StoreError::NotFound)));
}
