//! When a manage link ends, and that nothing ends with it that somebody still waits for.

use chrono::Duration;
use mailferry_domain::order::Start;
use mailferry_shared::{
    order::{OrderState, StartKind},
    run::RunState,
    schedule::{DeltaSchedule, DeltaTrigger},
};
use mailferry_store::{OPERATOR_TENANT, OrderRecord, Part};

use crate::world::{World, start};

on_both! {
    an_order_that_waits_for_payment_lives_30_days_from_its_earliest_start;
    a_trial_that_becomes_a_full_migration_may_wait_for_its_payment;
    the_link_of_what_was_cancelled_works_14_days_from_then;
    a_delta_started_by_hand_does_not_prolong_the_link_and_a_scheduled_one_does;
}

async fn has_passwords(world: &World, order: &OrderRecord) -> bool {
    let pair = world.store.pairs(order.id).await.expect("pairs").remove(0);
    world.store.pair_access(pair.id).await.expect("pair").source.password.is_some()
}

async fn an_order_that_waits_for_payment_lives_30_days_from_its_earliest_start(world: World) {
    let store = &world.store;
    let (late, _) = world.order_with(1).await;
    let (planned, _) = world.order_with(1).await;
    world.clock.advance(Duration::days(29));
    let wished = store.now() + Duration::days(60);
    let late = store.schedule_order(&late, start(StartKind::Main, store.now())).await.expect("starts");
    let planned = store.schedule_order(&planned, start(StartKind::Main, wished)).await.expect("starts");
    assert_eq!(late.life.state(), OrderState::AwaitingPayment);
    assert_eq!(late.expires_at, store.now() + Duration::days(30));
    assert_eq!(planned.expires_at, wished + Duration::days(30));
    world.clock.advance(Duration::days(29));
    assert!(store.expire_orders(9).await.expect("looks").is_empty());
    assert!(has_passwords(&world, &late).await);
    world.clock.advance(Duration::days(2));
    assert_eq!(store.expire_orders(9).await.expect("looks"), [late.id], "nobody has paid for it");
    world.clock.advance(Duration::days(58));
    assert!(store.expire_orders(9).await.expect("looks").is_empty());
    let voucher = store.create_vouchers(OPERATOR_TENANT, 1, 1, None).await.expect("voucher").remove(0);
    let paid = store.redeem_voucher(planned.id, &voucher.code).await.expect("paid at last");
    assert_eq!(paid.life.state(), OrderState::Scheduled);
    assert!(has_passwords(&world, &planned).await);
}

async fn a_trial_that_becomes_a_full_migration_may_wait_for_its_payment(world: World) {
    let store = &world.store;
    let (order, pairs) = world.order_with(1).await;
    let far = start(StartKind::Trial, store.now() + Duration::days(80));
    let order = store.schedule_order(&order, far).await.expect("a trial that starts later");
    world.clock.advance(Duration::days(80));
    let run = world.only_run(order.id, pairs[0]).await;
    let trial = world.end_run(order.id, run, RunState::Succeeded).await;
    world.clock.advance(Duration::days(9));
    let waiting = store.schedule_order(&trial, start(StartKind::Main, store.now())).await.expect("asks for more");
    assert_eq!(waiting.life.state(), OrderState::AwaitingPayment);
    let first = trial.first_started_at.expect("begun");
    assert_eq!(waiting.expires_at, store.terms().latest_start_after(first) + Duration::days(1));
    world.clock.advance(Duration::days(14));
    assert!(store.expire_orders(9).await.expect("looks").is_empty(), "its payer is at the payment provider");
    let voucher = store.create_vouchers(OPERATOR_TENANT, 1, 1, None).await.expect("voucher").remove(0);
    store.redeem_voucher(order.id, &voucher.code).await.expect("paid");
    let begun = store.begin_order(order.id).await.expect("begins");
    assert_eq!(begun.expires_at, first + Duration::days(45));
    assert!(has_passwords(&world, &begun).await);
}

async fn the_link_of_what_was_cancelled_works_14_days_from_then(world: World) {
    let store = &world.store;
    let (order, _) = world.trial(1).await;
    let (draft, _) = world.order_with(1).await;
    let active = store.begin_order(order.id).await.expect("begins");
    world.clock.advance(Duration::days(20));
    let cancelled = store.cancel_order(&store.order(draft.id).await.expect("order")).await.expect("cancels");
    assert_eq!(cancelled.expires_at, store.now() + Duration::days(14));
    world.clock.advance(Duration::days(11));
    let cancelled = store.cancel_order(&active).await.expect("cancels, a month after it was made");
    assert_eq!(cancelled.expires_at, store.now() + Duration::days(14));
    assert!(store.expire_orders(9).await.expect("looks").is_empty(), "it stays cancelled");
}

async fn a_delta_started_by_hand_does_not_prolong_the_link_and_a_scheduled_one_does(world: World) {
    let store = &world.store;
    let (order, pairs) = world.order_with(1).await;
    let voucher = store.create_vouchers(OPERATOR_TENANT, 1, 1, None).await.expect("voucher").remove(0);
    let paid = store.redeem_voucher(order.id, &voucher.code).await.expect("paid");
    let delta = Some(DeltaSchedule { trigger: DeltaTrigger::AfterDelay, delay_hours: Some(23) });
    let start = Start { kind: StartKind::Main, earliest: store.now(), delta };
    store.schedule_order(&paid, start).await.expect("starts");
    let end = async || {
        let runs = store.runs_of_pair(order.id, pairs[0], Part::ALL).await.expect("runs");
        world.end_run(order.id, runs.last().expect("a run").id, RunState::Succeeded).await
    };
    end().await;
    world.clock.advance(Duration::days(1));
    assert_eq!(store.start_due_delta(order.id).await.expect("starts").1.len(), 1);
    let scheduled = end().await;
    let ends_at = store.now() + Duration::days(14);
    assert_eq!(scheduled.expires_at, ends_at, "counted from the end of the scheduled delta");

    world.clock.advance(Duration::days(5));
    store.start_delta(&scheduled, &[]).await.expect("by hand");
    let by_hand = end().await;
    assert_eq!(by_hand.expires_at, ends_at, "not prolonged");
    // One that is under way when the link would have ended goes on to its end, and can be looked at for a day.
    world.clock.advance(Duration::days(8));
    store.start_delta(&by_hand, &[]).await.expect("by hand");
    world.clock.advance(Duration::days(2));
    assert!(store.expire_orders(9).await.expect("looks").is_empty(), "it is under way");
    assert_eq!(end().await.expires_at, store.now() + Duration::days(1));
    world.clock.advance(Duration::days(1));
    assert_eq!(store.expire_orders(9).await.expect("looks"), [order.id]);
}
