//! Which events a partner is told of trials that are tried again, and of deltas, each with its id.

use mailferry_shared::{
    ids::{DeltaId, OrderId, PairId},
    order::{OrderState, StartKind},
    run::RunState,
    webhook::{Event, EventKind},
};
use mailferry_store::{JobKind, JobQueue, NewWebhook, OPERATOR_TENANT, OrderRecord, Part, jobs::LOCK};

use crate::world::{World, start};

on_both! {
    a_trial_that_is_tried_again_is_no_delta;
    each_delta_is_told_with_its_id_when_it_begins_and_when_it_ends;
    a_start_that_is_taken_back_is_told;
}

async fn listen(world: &World) {
    let new = NewWebhook {
        tenant_id: OPERATOR_TENANT,
        url: "https://panel.example/hook".to_owned(),
        description: String::new(),
        events: Vec::new(),
        sandbox: false,
    };
    world.store.create_webhook(new).await.expect("made");
}

/// What was told since the last time, beside the ends of runs.
async fn told(world: &World) -> Vec<(EventKind, OrderState, Option<DeltaId>)> {
    let jobs = world.store.take("w", JobKind::Webhook, 99, LOCK).await.expect("jobs");
    let mut events = Vec::new();
    for job in &jobs {
        let call = world.store.webhook_call(job.id.into()).await.expect("database").expect("to be posted");
        let event: Event = serde_json::from_str(&call.payload).expect("an event");
        events.push(event);
    }
    world.store.finish(&jobs).await.expect("done");
    // At one moment of the clock: in the order of the list of kinds.
    events.sort_by_key(|event| event.kind);
    let events = events.into_iter().filter(|event| event.kind != EventKind::RunFinished);
    events.map(|event| (event.kind, event.data.state.expect("of an order"), event.data.delta_id)).collect()
}

async fn end(world: &World, order: OrderId, pair: PairId, end: RunState) -> OrderRecord {
    let runs = world.store.runs_of_pair(order, pair, Part::ALL).await.expect("runs");
    world.end_run(order, runs.last().expect("a run").id, end).await
}

async fn a_trial_that_is_tried_again_is_no_delta(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(1).await;
    listen(&world).await;
    let order = world.end_run(order.id, runs[0], RunState::Partial).await;
    assert_eq!(
        told(&world).await,
        [(EventKind::OrderStarted, OrderState::Active, None), (EventKind::OrderCompleted, OrderState::Completed, None)]
    );
    let (order, delta) = store.retry_order(&order).await.expect("tries again");
    assert_eq!(delta, None);
    let pair = store.pairs(order.id).await.expect("pairs")[0].id;
    end(&world, order.id, pair, RunState::Succeeded).await;
    assert_eq!(
        told(&world).await,
        [(EventKind::OrderResumed, OrderState::Active, None), (EventKind::OrderCompleted, OrderState::Completed, None)]
    );
}

async fn each_delta_is_told_with_its_id_when_it_begins_and_when_it_ends(world: World) {
    let store = &world.store;
    let (order, pairs) = world.order_with(2).await;
    let voucher = store.create_vouchers(OPERATOR_TENANT, 2, 1, None).await.expect("voucher").remove(0);
    let order = store.redeem_voucher(order.id, &voucher.code).await.expect("paid");
    store.schedule_order(&order, start(StartKind::Main, store.now())).await.expect("starts");
    end(&world, order.id, pairs[0], RunState::Succeeded).await;
    let order = end(&world, order.id, pairs[1], RunState::Succeeded).await;
    listen(&world).await;
    let first = store.start_delta(&order, &pairs[..1]).await.expect("a delta");
    assert_eq!(told(&world).await, [(EventKind::DeltaStarted, OrderState::Active, Some(first))]);
    let order = end(&world, order.id, pairs[0], RunState::Succeeded).await;
    assert_eq!(told(&world).await, [(EventKind::DeltaCompleted, OrderState::Completed, Some(first))]);
    store.conclude_order(order.id).await.expect("again");
    let second = store.start_delta(&order, &[]).await.expect("another delta");
    end(&world, order.id, pairs[0], RunState::Succeeded).await;
    assert_eq!(told(&world).await, [(EventKind::DeltaStarted, OrderState::Active, Some(second))], "not done yet");
    end(&world, order.id, pairs[1], RunState::Succeeded).await;
    assert_eq!(told(&world).await, [(EventKind::DeltaCompleted, OrderState::Completed, Some(second))], "once");
}

async fn a_start_that_is_taken_back_is_told(world: World) {
    let (order, _) = world.trial(1).await;
    listen(&world).await;
    world.store.unschedule_order(&order).await.expect("taken back");
    assert_eq!(told(&world).await, [(EventKind::OrderUnscheduled, OrderState::Draft, None)]);
}
