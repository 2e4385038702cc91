use chrono::Duration;
use mailferry_shared::{
    account::AccountChange,
    ids::{OrderId, PairId},
    order::{OrderState, StartKind},
    run::RunState,
    secret::Secret,
    voucher::VoucherLimits,
};
use mailferry_store::{
    NewVouchers, OPERATOR_TENANT, OrderRecord, Part, StoreError, VoucherFilter,
    jobs::{JobKind, JobQueue},
};

use crate::world::{World, start};

on_both! {
    a_voucher_pays_for_what_is_needed_and_starts_what_waits;
    wrong_expired_and_empty_vouchers_get_one_answer;
    fifty_parallel_redeems_never_grant_more_than_there_is;
    a_voucher_comes_back_if_the_order_never_began;
    a_voucher_comes_back_if_only_the_trial_began;
    pairs_beyond_what_starts_come_back_to_the_voucher_that_was_redeemed_last;
    what_a_trial_does_not_need_comes_back_to_its_voucher;
    a_batch_is_found_by_its_note_or_by_how_its_codes_begin;
}

async fn a_voucher_pays_for_what_is_needed_and_starts_what_waits(world: World) {
    let store = &world.store;
    let (order, pairs) = world.order_with(3).await;
    let order = store.schedule_order(&order, start(StartKind::Main, store.now())).await.expect("asks for payment");
    assert_eq!(order.life.state(), OrderState::AwaitingPayment);
    assert!(store.runs_of_pair(order.id, pairs[0], Part::ALL).await.expect("runs").is_empty());
    let vouchers = store.create_vouchers(OPERATOR_TENANT, 2, 2, None).await.expect("vouchers");
    let order = store.redeem_voucher(order.id, &vouchers[0].code).await.expect("first");
    assert_eq!(order.life.state(), OrderState::AwaitingPayment);
    assert_eq!(store.payment(order.id).await.expect("payment").pairs_covered, 2);
    let order = store.redeem_voucher(order.id, &vouchers[1].code).await.expect("second");
    assert_eq!(order.life.state(), OrderState::Scheduled);
    assert_eq!(store.payment(order.id).await.expect("payment").pairs_covered, 3, "no more than needed");
    let jobs = store.take("w", JobKind::Run, 9, std::time::Duration::from_secs(60)).await.expect("jobs");
    assert_eq!(jobs.len(), 3);
    let again = store.redeem_voucher(order.id, &vouchers[1].code).await.expect("nothing is needed");
    assert_eq!(again.life, order.life);
    // What is left of the second voucher pays for another order.
    let (other, _) = world.order_with(1).await;
    store.redeem_voucher(other.id, &vouchers[1].code).await.expect("one pair is left");
    assert_eq!(store.payment(other.id).await.expect("payment").pairs_covered, 1);
}

async fn wrong_expired_and_empty_vouchers_get_one_answer(world: World) {
    let store = &world.store;
    let (order, _) = world.order_with(1).await;
    let until = store.now() + Duration::hours(1);
    let brief = store.create_vouchers(OPERATOR_TENANT, 1, 1, Some(until)).await.expect("voucher").remove(0);
    let used = store.create_vouchers(OPERATOR_TENANT, 1, 1, None).await.expect("voucher").remove(0);
    let (other, _) = world.order_with(1).await;
    store.redeem_voucher(other.id, &used.code).await.expect("used up");
    world.clock.advance(Duration::hours(2));
    let unknown = Secret::new("MF-00000-00000-00000-00000-000000");
    for code in [&brief.code, &used.code, &unknown, &Secret::new("hello")] {
        let refused = store.redeem_voucher(order.id, code).await;
        assert!(matches!(refused, Err(StoreError::VoucherInvalid)), "{refused:?}");
    }
}

async fn fifty_parallel_redeems_never_grant_more_than_there_is(world: World) {
    let voucher = world.store.create_vouchers(OPERATOR_TENANT, 7, 1, None).await.expect("voucher").remove(0);
    let mut tasks = Vec::new();
    for _ in 0..25 {
        let (order, _) = world.order_with(2).await;
        for _ in 0..2 {
            let (store, code) = (world.store.clone(), voucher.code.clone());
            tasks.push(tokio::spawn(async move {
                match store.redeem_voucher(order.id, &code).await {
                    Ok(_) | Err(StoreError::VoucherInvalid) => order.id,
                    Err(other) => panic!("{other:?}"),
                }
            }));
        }
    }
    let mut orders = std::collections::BTreeSet::new();
    for task in tasks {
        orders.insert(task.await.expect("task"));
    }
    let mut granted = 0;
    for order in orders {
        let payment = world.store.payment(order).await.expect("payment");
        assert!(payment.pairs_covered <= payment.pairs_needed);
        granted += payment.pairs_covered;
    }
    assert_eq!(granted, 7);
}

async fn a_voucher_comes_back_if_the_order_never_began(world: World) {
    let store = &world.store;
    let voucher = store.create_vouchers(OPERATOR_TENANT, 2, 1, None).await.expect("voucher").remove(0);
    for deletes in [false, true] {
        let (order, _) = world.order_with(2).await;
        let order = store.redeem_voucher(order.id, &voucher.code).await.expect("redeems");
        if deletes {
            store.delete_order(order.id).await.expect("deletes");
        } else {
            store.cancel_order(&order).await.expect("cancels");
            assert_eq!(store.payment(order.id).await.expect("payment").pairs_covered, 0);
        }
    }
    let (order, pairs) = world.order_with(2).await;
    let order = store.schedule_order(&order, start(StartKind::Main, store.now())).await.expect("waits");
    let order = store.redeem_voucher(order.id, &voucher.code).await.expect("both pairs came back");
    assert_eq!(order.life.state(), OrderState::Scheduled);
    let order = store.begin_order(order.id).await.expect("begins");
    store.cancel_order(&order).await.expect("cancels");
    assert_eq!(store.payment(order.id).await.expect("payment").pairs_covered, 2, "a run has begun: it is spent");
    let untick = AccountChange { ticked: Some(false), ..AccountChange::default() };
    let unticked = store.change_pair(order.id, pairs[0], &untick).await;
    assert!(matches!(unticked, Err(StoreError::WrongState(_))), "nor does anything come back by unticking");
    let (late, _) = world.order_with(1).await;
    assert!(matches!(store.redeem_voucher(late.id, &voucher.code).await, Err(StoreError::VoucherInvalid)));
}

async fn a_voucher_comes_back_if_only_the_trial_began(world: World) {
    let store = &world.store;
    let voucher = store.create_vouchers(OPERATOR_TENANT, 1, 1, None).await.expect("voucher").remove(0);
    let (order, runs) = world.trial(1).await;
    store.begin_order(order.id).await.expect("begins");
    store.change_run(runs[0], RunState::Running, None, None).await.expect("runs");
    store.change_run(runs[0], RunState::Succeeded, None, None).await.expect("ends");
    store.conclude_order(order.id).await.expect("completes");
    let order = store.redeem_voucher(order.id, &voucher.code).await.expect("pays for the full migration");
    let order = store.schedule_order(&order, start(StartKind::Main, store.now())).await.expect("starts");
    assert_eq!(order.life.state(), OrderState::Scheduled);
    let order = store.cancel_order(&order).await.expect("cancels");
    let refused = store.redeem_voucher(order.id, &voucher.code).await;
    assert!(matches!(refused, Err(StoreError::WrongState(_))), "nothing is spent on a cancelled order");
    store.delete_order(order.id).await.expect("deletes");
    let (other, _) = world.order_with(1).await;
    store.redeem_voucher(other.id, &voucher.code).await.expect("it came back, once");
    let (third, _) = world.order_with(1).await;
    assert!(matches!(store.redeem_voucher(third.id, &voucher.code).await, Err(StoreError::VoucherInvalid)));
}

async fn untick(world: &World, order: OrderId, pairs: &[PairId]) -> OrderRecord {
    let untick = AccountChange { ticked: Some(false), ..AccountChange::default() };
    for pair in pairs {
        world.store.change_pair(order, *pair, &untick).await.expect("unticked");
    }
    world.store.order(order).await.expect("order")
}

async fn pairs_beyond_what_starts_come_back_to_the_voucher_that_was_redeemed_last(world: World) {
    let store = &world.store;
    let (order, pairs) = world.order_with(10).await;
    let vouchers = store.create_vouchers(OPERATOR_TENANT, 6, 2, None).await.expect("vouchers");
    store.redeem_voucher(order.id, &vouchers[0].code).await.expect("six");
    world.clock.advance(Duration::seconds(1));
    store.redeem_voucher(order.id, &vouchers[1].code).await.expect("four");
    let order = untick(&world, order.id, &pairs[..5]).await;
    let order = store.schedule_order(&order, start(StartKind::Main, store.now())).await.expect("starts");
    let payment = store.payment(order.id).await.expect("sums");
    assert_eq!((payment.pairs_covered, payment.pairs_needed, payment.pairs_surplus), (5, 5, 0));
    // All six of the second, one of the first: seven more, and not an eighth.
    let (other, _) = world.order_with(9).await;
    store.redeem_voucher(other.id, &vouchers[1].code).await.expect("six are left");
    store.redeem_voucher(other.id, &vouchers[0].code).await.expect("one is left");
    assert_eq!(store.payment(other.id).await.expect("sums").pairs_covered, 7);
    let refused = store.redeem_voucher(other.id, &vouchers[0].code).await;
    assert!(matches!(refused, Err(StoreError::VoucherInvalid)), "{refused:?}");
    // What is cancelled before its start gives back the rest, and no more.
    store.cancel_order(&order).await.expect("cancels");
    store.redeem_voucher(other.id, &vouchers[0].code).await.expect("five came back, two are needed");
    assert_eq!(store.payment(other.id).await.expect("sums").pairs_covered, 9);
}

async fn what_a_trial_does_not_need_comes_back_to_its_voucher(world: World) {
    let store = &world.store;
    let limits = VoucherLimits { trial_only: true, ..VoucherLimits::default() };
    let note = "trials".to_owned();
    let new = NewVouchers { tenant_id: OPERATOR_TENANT, pairs: 3, count: 1, limits, note, sandbox: false };
    let voucher = store.create_batch(&new).await.expect("voucher").1.remove(0);
    let (order, pairs) = world.order_with(3).await;
    store.redeem_voucher(order.id, &voucher.code).await.expect("three");
    let order = untick(&world, order.id, &pairs[..2]).await;
    store.schedule_order(&order, start(StartKind::Trial, store.now())).await.expect("starts");
    let (other, _) = world.order_with(3).await;
    store.redeem_voucher(other.id, &voucher.code).await.expect("two are left");
    let used = format!("SELECT pairs, trial_pairs FROM voucher_uses WHERE order_id = '{}'", other.id);
    assert_eq!(world.raw_numbers(used).await, (0, 2));
}

async fn a_batch_is_found_by_its_note_or_by_how_its_codes_begin(world: World) {
    let store = &world.store;
    let limits = VoucherLimits::default();
    let note = "Ärzte 47_11".to_owned();
    let new = NewVouchers { tenant_id: OPERATOR_TENANT, pairs: 1, count: 2, limits, note, sandbox: false };
    let issued = store.create_batch(&new).await.expect("vouchers").1;
    store.create_vouchers(OPERATOR_TENANT, 1, 1, None).await.expect("another");
    let found = async |text: Option<&str>| {
        let filter = VoucherFilter {
            tenant_id: OPERATOR_TENANT,
            sandbox: None,
            states: Vec::new(),
            batch_id: None,
            order_id: None,
            hint: None,
            text: text.map(str::to_owned),
            after: None,
            limit: 9,
        };
        store.vouchers(&filter).await.expect("list").into_iter().map(|voucher| voucher.note).collect::<Vec<_>>()
    };
    assert_eq!(found(None).await.len(), 3);
    for text in ["ärzte 47_1", "ÄRZTE", "Ärz"] {
        assert_eq!(found(Some(text)).await, ["Ärzte 47_11"; 2], "{text}");
    }
    for text in ["ärzte 47x1", "arzte", "rzte*", "ä.zte", "[ä]rzte"] {
        assert!(found(Some(text)).await.is_empty(), "{text}");
    }
    let hint = &issued[0].code.expose()[..8];
    assert_eq!(found(Some(&hint.to_lowercase())).await, ["Ärzte 47_11"]);
}
