use chrono::Duration;
use mailferry_domain::order::OrderLife;
use mailferry_shared::{
    account::{LoginState, SideName},
    order::{OrderState, StartKind},
    run::RunState,
};
use mailferry_store::{CheckedSide, JobKind, JobQueue, MailKind, OPERATOR_TENANT};

use crate::world::{World, start};

const LOCK: std::time::Duration = std::time::Duration::from_secs(60);

on_both! {
    what_lost_its_job_is_found;
    an_order_that_was_not_concluded_is_found;
    an_order_whose_link_has_expired_is_closed;
}

async fn what_lost_its_job_is_found(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(1).await;
    let (later, _) = world.order_with(1).await;
    let tomorrow = store.now() + Duration::hours(24);
    store.schedule_order(&later, start(StartKind::Trial, tomorrow)).await.expect("starts later");
    let checked = world.order_with(1).await;
    let check = store.create_check(checked.0.id, &[]).await.expect("check");
    let counted = store.create_check(checked.0.id, &[]).await.expect("check");
    for side in [SideName::Source, SideName::Destination] {
        let at = CheckedSide { check_id: counted.id, pair_id: checked.1[0], side };
        store.save_login(at, LoginState::Passed, &[]).await.expect("saved");
    }
    let mail = store.queue_mail(order.id, MailKind::Submitted, "").await.expect("queued").expect("new");
    let sent = store.queue_mail(order.id, MailKind::Started, "").await.expect("queued").expect("new");
    store.mail_sent(sent).await.expect("sent");
    assert!(store.left_behind().await.expect("looks").is_empty(), "all have their jobs");
    world.raw("DELETE FROM jobs").await;
    let mut found = store.left_behind().await.expect("looks");
    found.sort();
    let mut expected = vec![
        (JobKind::Run, runs[0].0),
        (JobKind::Check, check.id.0),
        (JobKind::Survey, counted.id.0),
        (JobKind::SendMail, mail.0),
    ];
    expected.sort();
    assert_eq!(found, expected);
    for (kind, id) in found {
        store.enqueue(kind, id, None).await.expect("queued");
    }
    assert!(store.left_behind().await.expect("looks").is_empty());
    assert_eq!(store.take("w", JobKind::Run, 9, LOCK).await.expect("queue").len(), 1);
    for _ in 0..12 {
        store.mail_failed(mail).await.expect("noted");
    }
    world.raw("DELETE FROM jobs WHERE kind = 'send_mail'").await;
    assert!(store.left_behind().await.expect("looks").is_empty(), "a mail is given up some day");
}

async fn an_order_that_was_not_concluded_is_found(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(1).await;
    assert!(store.orders_to_conclude().await.expect("looks").is_empty());
    store.begin_order(order.id).await.expect("begins");
    store.change_run(runs[0], RunState::Running, None, None).await.expect("runs");
    assert!(store.orders_to_conclude().await.expect("looks").is_empty());
    store.change_run(runs[0], RunState::Succeeded, None, None).await.expect("ends");
    assert_eq!(store.orders_to_conclude().await.expect("looks"), [order.id]);
    store.conclude_order(order.id).await.expect("completes");
    assert!(store.orders_to_conclude().await.expect("looks").is_empty());
}

async fn an_order_whose_link_has_expired_is_closed(world: World) {
    let store = &world.store;
    let voucher = store.create_vouchers(OPERATOR_TENANT, 1, 1, None).await.expect("voucher").remove(0);
    let (draft, pairs) = world.order_with(1).await;
    store.redeem_voucher(draft.id, &voucher.code).await.expect("paid");
    let (active, _) = world.trial(1).await;
    store.begin_order(active.id).await.expect("begins");
    world.clock.advance(Duration::days(29));
    assert!(store.expire_orders(10).await.expect("looks").is_empty());
    let (fresh, _) = world.order_with(1).await;
    world.clock.advance(Duration::days(17));
    assert_eq!(store.expire_orders(10).await.expect("looks"), [draft.id], "what runs is not closed");
    let closed = store.order(draft.id).await.expect("order");
    assert_eq!(closed.life, OrderLife::Closed);
    assert!(store.pair_access(pairs[0]).await.expect("pair").source.password.is_none());
    store.redeem_voucher(fresh.id, &voucher.code).await.expect("it came back");
    assert!(store.expire_orders(10).await.expect("looks").is_empty());
    assert_eq!(store.order(active.id).await.expect("order").life.state(), OrderState::Active);
}
