use chrono::Duration;
use mailferry_shared::ids::OrderId;
use mailferry_store::{ATTEMPT_SECONDS, Attempt, AttemptSlot, Begun, StoreError, as_attempt};

use crate::world::{World, new_order};

on_both! {
    a_request_is_done_once_and_answered_the_same;
    another_request_under_the_same_key_is_told_apart;
    a_request_that_was_cut_off_without_effect_is_done_again;
    a_request_that_was_cut_off_after_its_effect_is_never_done_again;
    an_attempt_that_was_taken_over_cannot_take_effect;
    of_parallel_requests_one_is_done;
    answers_are_sealed_and_forgotten_in_time;
}

const SCOPE: &[u8] = b"whose, what for, which key";

async fn begin(world: &World) -> Begun {
    world.store.begin_request(SCOPE, b"this").await.expect("database")
}

async fn fresh(world: &World) -> Attempt {
    match begin(world).await {
        Begun::Fresh(attempt) => attempt,
        other => panic!("{other:?}"),
    }
}

/// Creates an order as the effect of the attempt.
async fn take_effect(world: &World, attempt: &Attempt) -> Result<OrderId, StoreError> {
    let slot = AttemptSlot::default();
    slot.set(attempt.clone()).expect("empty");
    as_attempt(slot, world.store.create_order(new_order())).await.map(|order| order.id)
}

fn later(world: &World) {
    world.clock.advance(Duration::seconds(ATTEMPT_SECONDS));
}

async fn a_request_is_done_once_and_answered_the_same(world: World) {
    let attempt = fresh(&world).await;
    assert!(matches!(begin(&world).await, Begun::Running));
    take_effect(&world, &attempt).await.expect("done");
    world.store.keep_answer(&attempt, b"201 Created").await.expect("kept");
    for _ in 0..2 {
        match begin(&world).await {
            Begun::Done(answer) => assert_eq!(answer.as_slice(), b"201 Created"),
            other => panic!("{other:?}"),
        }
    }
    later(&world);
    assert!(matches!(begin(&world).await, Begun::Done(_)), "an answer does not age by itself");
}

async fn another_request_under_the_same_key_is_told_apart(world: World) {
    let attempt = fresh(&world).await;
    let other = || async { world.store.begin_request(SCOPE, b"that").await.expect("database") };
    assert!(matches!(other().await, Begun::OtherRequest));
    world.store.keep_answer(&attempt, b"x").await.expect("kept");
    assert!(matches!(other().await, Begun::OtherRequest));
    let elsewhere = world.store.begin_request(b"somebody else", b"that").await.expect("database");
    assert!(matches!(elsewhere, Begun::Fresh(_)), "keys of others are others");
}

async fn a_request_that_was_cut_off_without_effect_is_done_again(world: World) {
    let first = fresh(&world).await;
    later(&world);
    let second = fresh(&world).await;
    assert_ne!(first, second);
    assert!(matches!(begin(&world).await, Begun::Running), "its time runs anew");
    world.store.release_request(&second).await.expect("released");
    fresh(&world).await;
}

async fn a_request_that_was_cut_off_after_its_effect_is_never_done_again(world: World) {
    let attempt = fresh(&world).await;
    take_effect(&world, &attempt).await.expect("done");
    assert!(matches!(begin(&world).await, Begun::Running), "its answer may still come");
    later(&world);
    assert!(matches!(begin(&world).await, Begun::AnswerLost));
    world.store.release_request(&attempt).await.expect("no effect");
    assert!(matches!(begin(&world).await, Begun::AnswerLost));
}

async fn an_attempt_that_was_taken_over_cannot_take_effect(world: World) {
    let slow = fresh(&world).await;
    later(&world);
    let quick = fresh(&world).await;
    assert!(matches!(take_effect(&world, &slow).await, Err(StoreError::Fenced)));
    let order = take_effect(&world, &quick).await.expect("done");
    world.store.keep_answer(&slow, b"of the slow one").await.expect("no effect");
    world.store.keep_answer(&quick, b"of the quick one").await.expect("kept");
    match begin(&world).await {
        Begun::Done(answer) => assert_eq!(answer.as_slice(), b"of the quick one"),
        other => panic!("{other:?}"),
    }
    world.store.order(order).await.expect("the only one");
}

async fn of_parallel_requests_one_is_done(world: World) {
    let tries = (0..20).map(|_| {
        let store = world.store.clone();
        tokio::spawn(async move { store.begin_request(SCOPE, b"this").await.expect("database") })
    });
    let mut fresh = 0;
    for answer in tries.collect::<Vec<_>>() {
        match answer.await.expect("no panic") {
            Begun::Fresh(_) => fresh += 1,
            Begun::Running => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(fresh, 1);
}

async fn answers_are_sealed_and_forgotten_in_time(world: World) {
    let attempt = fresh(&world).await;
    world.store.keep_answer(&attempt, b"a canary").await.expect("kept");
    let Begun::Fresh(other) = world.store.begin_request(b"other", b"this").await.expect("database") else {
        panic!("it is new");
    };
    take_effect(&world, &other).await.expect("done");
    world.store.keep_answer(&other, b"another").await.expect("kept");
    // Whoever can write the database moves an answer to another request.
    world
        .raw(
            "UPDATE idempotency SET wrapped_key = (SELECT wrapped_key FROM idempotency WHERE effected = 1),
                sealed = (SELECT sealed FROM idempotency WHERE effected = 1) WHERE effected = 0",
        )
        .await;
    assert!(matches!(begin(&world).await, Begun::AnswerLost), "an answer opens only where it was put");
    let day = Duration::hours(24);
    assert_eq!(world.store.forget_answers(world.store.now() - day).await.expect("done"), 0);
    world.clock.advance(day);
    assert_eq!(world.store.forget_answers(world.store.now() - day).await.expect("done"), 2);
    fresh(&world).await;
}
