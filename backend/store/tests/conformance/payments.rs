//! Payments: what is paid for counts once, whoever tells it, and however often.

use mailferry_domain::order::Start;
use mailferry_shared::{
    account::AccountChange,
    ids::{OrderId, PaymentId},
    order::{OrderState, StartKind},
    payment::{Captured, PaymentMethod, PaymentState, Price},
};
use mailferry_store::{JobKind, JobQueue, OPERATOR_TENANT, OrderRecord, Part, PaymentEvent, StoreError};

use crate::world::World;

const LOCK: std::time::Duration = std::time::Duration::from_secs(60);

on_both! {
    a_payment_told_twice_at_once_starts_the_order_once;
    vouchers_and_payments_add_up_and_what_is_refunded_does_not_count;
    what_is_paid_does_not_become_unpaid;
    money_for_more_pairs_than_are_ticked_is_named_until_the_seller_has_paid_it_back;
    a_part_is_paid_back_and_the_rest_still_pays;
    another_amount_than_was_asked_for_pays_for_nothing_and_goes_back;
    payments_and_notifications_that_lost_their_jobs_are_found;
    a_payment_outlives_its_order_and_is_paid_back;
    a_price_that_changes_leaves_what_was_begun;
    a_payment_that_nobody_agreed_to_for_hours_is_begun_anew;
}

async fn waiting(world: &World, pairs: usize) -> OrderRecord {
    let (store, price) = (&world.store, price(1000));
    store.set_price(OPERATOR_TENANT, Some(&price)).await.expect("a price");
    let (order, _) = world.order_with(pairs).await;
    let start = Start { kind: StartKind::Main, earliest: store.now(), delta: None };
    store.schedule_order(&order, start).await.expect("waits")
}

pub(crate) fn price(pair_minor: u64) -> Price {
    Price {
        currency: "EUR".parse().expect("a currency"),
        pair_minor,
        tax_name: "VAT".to_owned(),
        tax_basis_points: 1900,
        tax_included: false,
    }
}

pub(crate) async fn begun(world: &World, order: OrderId) -> PaymentId {
    let payment = world.store.begin_payment(order, PaymentMethod::Paypal).await.expect("begun").id;
    world.store.payment_created(payment, &format!("REMOTE-{payment}"), "https://x").await.expect("created");
    payment
}

async fn a_payment_told_twice_at_once_starts_the_order_once(world: World) {
    let order = waiting(&world, 2).await;
    let payment = begun(&world, order.id).await;
    assert_eq!(world.store.payment_record(payment).await.expect("payment").amount.total_minor, 2380);
    world.store.begin_capture(order.id, payment).await.expect("captures");
    let other = world.another(crate::world::KEY).await;
    let both = tokio::join!(world.store.payment_settled(payment, "C1"), other.payment_settled(payment, "C1"));
    let started = [both.0.expect("settled").started, both.1.expect("settled").started];
    assert_eq!(started.iter().filter(|started| **started).count(), 1);
    let order = world.store.order(order.id).await.expect("order");
    assert_eq!(order.life.state(), OrderState::Scheduled);
    for pair in world.store.pairs(order.id).await.expect("pairs") {
        assert_eq!(world.store.runs_of_pair(order.id, pair.id, Part::ALL).await.expect("runs").len(), 1);
    }
}

async fn vouchers_and_payments_add_up_and_what_is_refunded_does_not_count(world: World) {
    let store = &world.store;
    let order = waiting(&world, 3).await;
    let voucher = store.create_vouchers(OPERATOR_TENANT, 1, 1, None).await.expect("voucher").remove(0);
    store.redeem_voucher(order.id, &voucher.code).await.expect("a part");
    let payment = begun(&world, order.id).await;
    assert_eq!(store.payment_record(payment).await.expect("payment").amount.pairs, 2);
    store.begin_capture(order.id, payment).await.expect("captures");
    let settled = store.payment_settled(payment, "C1").await.expect("settled");
    assert!(settled.started);
    assert_eq!(store.payment(order.id).await.expect("sums").pairs_covered, 3);
    assert!(matches!(store.begin_refund(OPERATOR_TENANT, payment, None).await, Err(StoreError::Active)));
    store.cancel_order(&settled.order.expect("an order")).await.expect("cancels");
    let foreign = mailferry_shared::ids::TenantId(store.new_id().expect("an id"));
    assert!(matches!(store.begin_refund(foreign, payment, None).await, Err(StoreError::NotFound)));
    store.begin_refund(OPERATOR_TENANT, payment, None).await.expect("refunds");
    store.payment_refunded(payment).await.expect("refunded");
    assert_eq!(store.payment(order.id).await.expect("sums").pairs_covered, 0, "the voucher came back too");
}

async fn a_part_is_paid_back_and_the_rest_still_pays(world: World) {
    let store = &world.store;
    let order = waiting(&world, 2).await;
    let payment = begun(&world, order.id).await;
    store.begin_capture(order.id, payment).await.expect("captures");
    let order = store.payment_settled(payment, "C1").await.expect("settled").order.expect("an order");
    let refund = async |amount| store.begin_refund(OPERATOR_TENANT, payment, amount).await;
    let covered = async || store.payment(order.id).await.expect("sums").pairs_covered;
    for wrong in [0, 2381] {
        assert!(matches!(refund(Some(wrong)).await, Err(StoreError::RefundTooLarge { left_minor: 2380 })));
    }
    assert!(matches!(refund(Some(2380)).await, Err(StoreError::Active)), "all of it, while the order is to run");
    assert_eq!(refund(Some(380)).await.expect("refunds").refund_minor, Some(380));
    assert_eq!(covered().await, 2, "while it is under way");
    assert_eq!(refund(Some(5)).await.expect("one after the other").refund_minor, Some(380));
    store.part_refunded(payment, true).await.expect("paid back");
    store.part_refunded(payment, true).await.expect("told again");
    let paid = store.payment_record(payment).await.expect("payment");
    assert_eq!((paid.state, paid.refunded_minor, paid.refunds), (PaymentState::Paid, 380, 1));
    refund(Some(2000)).await.expect_err("that is the rest");
    refund(Some(1999)).await.expect("less than the rest");
    store.part_refunded(payment, false).await.expect("refused");
    let paid = store.payment_record(payment).await.expect("payment");
    assert_eq!((paid.state, paid.refunded_minor, paid.refunds), (PaymentState::Paid, 380, 2));
    assert_eq!(covered().await, 2);
    store.cancel_order(&order).await.expect("cancels");
    assert_eq!(refund(None).await.expect("the rest").refund_minor, None);
    assert_eq!(covered().await, 0);
    store.payment_refunded(payment).await.expect("refunded");
    let refunded = store.payment_record(payment).await.expect("payment");
    assert_eq!((refunded.state, refunded.refunded_minor), (PaymentState::Refunded, 2380));
    assert_eq!(refunded.captured.map(|sum| sum.amount_minor), Some(2380));
}

async fn another_amount_than_was_asked_for_pays_for_nothing_and_goes_back(world: World) {
    let store = &world.store;
    let order = waiting(&world, 1).await;
    let payment = begun(&world, order.id).await;
    store.begin_capture(order.id, payment).await.expect("captures");
    let captured = Captured { amount_minor: 1489, currency: "EUR".parse().expect("a currency") };
    assert!(store.payment_mismatched(payment, Some("C1"), Some(captured)).await.expect("told"));
    assert!(!store.payment_mismatched(payment, Some("C1"), Some(captured)).await.expect("told again"));
    let told = store.payment_record(payment).await.expect("payment");
    assert_eq!((told.state, told.captured), (PaymentState::Mismatched, Some(captured)));
    assert_eq!(store.order(order.id).await.expect("order").life.state(), OrderState::AwaitingPayment);
    let again = store.begin_payment(order.id, PaymentMethod::Paypal).await;
    assert!(matches!(again, Err(StoreError::PaymentUnderWay)), "nobody pays twice");
    let part = store.begin_refund(OPERATOR_TENANT, payment, Some(1)).await;
    assert!(matches!(part, Err(StoreError::RefundTooLarge { left_minor: 0 })));
    store.begin_refund(OPERATOR_TENANT, payment, None).await.expect("refunds");
    store.payment_refunded(payment).await.expect("refunded");
    assert_eq!(store.payment_record(payment).await.expect("payment").refunded_minor, 1489, "what was taken went back");
    let anew = store.begin_payment(order.id, PaymentMethod::Paypal).await.expect("anew").id;
    store.payment_created(anew, "REMOTE-ANEW", "https://x").await.expect("created");
    store.begin_capture(order.id, anew).await.expect("captures");
    store.payment_mismatched(anew, None, None).await.expect("told");
    let foreign = store.begin_refund(OPERATOR_TENANT, anew, None).await;
    assert!(matches!(foreign, Err(StoreError::PaymentChanged)), "that money is another payment's");
}

async fn what_is_paid_does_not_become_unpaid(world: World) {
    let store = &world.store;
    let order = waiting(&world, 1).await;
    let payment = begun(&world, order.id).await;
    store.begin_capture(order.id, payment).await.expect("captures");
    for state in [PaymentState::Declined, PaymentState::AwaitingApproval] {
        store.payment_not_settled(payment, state).await.expect("told");
        assert_eq!(store.payment_record(payment).await.expect("payment").state, state);
    }
    store.begin_capture(order.id, payment).await.expect("captures");
    store.payment_settled(payment, "C1").await.expect("settled");
    for state in [PaymentState::Declined, PaymentState::Failed, PaymentState::Pending] {
        store.payment_not_settled(payment, state).await.expect("told");
    }
    let paid = store.payment_record(payment).await.expect("payment");
    assert_eq!((paid.state, paid.declined, paid.remote_capture.as_deref()), (PaymentState::Paid, 1, Some("C1")));
    assert!(matches!(store.begin_payment(order.id, PaymentMethod::Paypal).await, Err(StoreError::NothingDue)));
}

async fn payments_and_notifications_that_lost_their_jobs_are_found(world: World) {
    let store = &world.store;
    let order = waiting(&world, 1).await;
    let payment = store.begin_payment(order.id, PaymentMethod::Paypal).await.expect("begun").id;
    let remote = format!("REMOTE-{payment}");
    assert!(store.find_payment(Some(&remote), None).await.is_err());
    assert_eq!(store.find_payment(None, Some(payment)).await.expect("found"), payment);
    let event = PaymentEvent { payment_id: payment, headers: [].into(), body: "{}".to_owned() };
    let first = store.keep_payment_event(&event).await.expect("kept");
    let second = store.keep_payment_event(&event).await.expect("kept");
    world.raw("DELETE FROM jobs").await;
    let mut found = store.left_behind().await.expect("looks");
    found.sort();
    let mut expected =
        vec![(JobKind::Payment, payment.0), (JobKind::PaymentEvent, first.0), (JobKind::PaymentEvent, second.0)];
    expected.sort();
    assert_eq!(found, expected);
    assert!(store.payment_event_verified(first, "WH-1").await.expect("verified"), "for the first time");
    assert!(!store.payment_event_verified(second, "WH-1").await.expect("verified"), "each counts once");
    assert_eq!(store.payment_event(first).await.expect("looks"), None);
    assert_eq!(store.take("w", JobKind::Payment, 9, LOCK).await.expect("takes").len(), 1);
    for _ in 0..20 {
        store.keep_payment_event(&event).await.expect("kept");
    }
    assert!(matches!(store.keep_payment_event(&event).await, Err(StoreError::Active)), "not without end");
    world.clock.advance(chrono::Duration::days(3));
    world.raw("DELETE FROM jobs WHERE kind = 'payment_event'").await;
    let left = store.left_behind().await.expect("looks");
    assert!(!left.iter().any(|(kind, _)| *kind == JobKind::PaymentEvent), "nobody verifies these any more");
    assert_eq!(store.forget_payment_events().await.expect("looks"), 20, "and what they say of the payer goes");
}

async fn a_payment_outlives_its_order_and_is_paid_back(world: World) {
    let store = &world.store;
    let order = waiting(&world, 1).await;
    let payment = begun(&world, order.id).await;
    store.begin_capture(order.id, payment).await.expect("captures");
    store.delete_order(order.id).await.expect("deleted");
    let settled = store.payment_settled(payment, "C1").await.expect("settled");
    assert!(settled.order.is_none() && !settled.started);
    let kept = store.payment_record(payment).await.expect("kept for the books");
    assert_eq!((kept.state, kept.order_id), (PaymentState::Refunding, order.id));
}

async fn a_price_that_changes_leaves_what_was_begun(world: World) {
    let store = &world.store;
    let order = waiting(&world, 1).await;
    let first = begun(&world, order.id).await;
    store.set_price(OPERATOR_TENANT, Some(&price(2000))).await.expect("a price");
    assert_eq!(store.payment_record(first).await.expect("payment").amount.net_minor, 1000);
    world.clock.advance(chrono::Duration::seconds(1));
    let second = begun(&world, order.id).await;
    assert_ne!(first, second);
    let states = store.payments(order.id, Part::ALL).await.expect("payments").into_iter().map(|payment| payment.state);
    assert_eq!(states.collect::<Vec<_>>(), [PaymentState::Failed, PaymentState::AwaitingApproval]);
    assert!(matches!(store.begin_capture(order.id, first).await, Err(StoreError::PaymentChanged)));
    store.set_price(OPERATOR_TENANT, None).await.expect("no price");
    assert_eq!(store.amount_due(&order).await.expect("looks"), None);
}

async fn a_payment_that_nobody_agreed_to_for_hours_is_begun_anew(world: World) {
    let store = &world.store;
    let order = waiting(&world, 1).await;
    let first = begun(&world, order.id).await;
    world.clock.advance(chrono::Duration::hours(1));
    assert_eq!(begun(&world, order.id).await, first, "the payer can still agree to it");
    world.clock.advance(chrono::Duration::hours(2));
    let second = begun(&world, order.id).await;
    assert_ne!(second, first, "nobody can agree to the first one any more");
    assert_eq!(store.payment_record(first).await.expect("payment").state, PaymentState::Failed);
    // Whatever is told of the first one late: what was taken counts.
    store.payment_settled(first, "CAPTURE").await.expect("settled");
    assert_eq!(store.order(order.id).await.expect("order").life.state(), OrderState::Scheduled);
}

async fn money_for_more_pairs_than_are_ticked_is_named_until_the_seller_has_paid_it_back(world: World) {
    let store = &world.store;
    let order = waiting(&world, 3).await;
    let payment = begun(&world, order.id).await;
    store.begin_capture(order.id, payment).await.expect("captures");
    // Two are unticked while PayPal is asked.
    let untick = AccountChange { ticked: Some(false), ..AccountChange::default() };
    for pair in store.pairs(order.id).await.expect("pairs").iter().take(2) {
        store.change_pair(order.id, pair.id, &untick).await.expect("unticked");
    }
    assert!(store.payment_settled(payment, "C1").await.expect("settled").started);
    let sums = store.payment(order.id).await.expect("sums");
    assert_eq!((sums.pairs_covered, sums.pairs_needed, sums.pairs_surplus), (3, 1, 2));
    store.begin_refund(OPERATOR_TENANT, payment, Some(2_380)).await.expect("a part goes back while the order runs");
    store.part_refunded(payment, true).await.expect("paid back");
    assert_eq!(store.payment(order.id).await.expect("sums").pairs_surplus, 0);
}
