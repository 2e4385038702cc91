use chrono::Duration;
use mailferry_domain::order::OrderLife;
use mailferry_shared::{
    account::{LoginState, SideName},
    admin::AdminCredentialsSet,
    order::{OrderState, StartKind},
    run::RunState,
};
use mailferry_store::{CheckedSide, JobKind, JobQueue, LoginPermit, MailKind, OPERATOR_TENANT};

use crate::world::{World, start};

const LOCK: std::time::Duration = std::time::Duration::from_secs(60);

on_both! {
    what_lost_its_job_is_found;
    an_order_that_was_not_concluded_is_found;
    an_order_whose_link_has_expired_is_closed;
    the_end_of_a_link_is_told_three_days_before_and_once;
    personal_data_goes_thirty_days_after_the_end_and_the_order_stays;
    the_link_works_45_days_from_the_very_first_start_and_a_trial_is_one;
    failed_logins_are_forgotten_after_an_hour;
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
    let refused = store.queue_mail(order.id, MailKind::Finished, "refused").await.expect("queued").expect("new");
    world.raw("DELETE FROM jobs WHERE kind = 'send_mail'").await;
    assert_eq!(store.left_behind().await.expect("looks"), [(JobKind::SendMail, refused.0)]);
    store.mail_given_up(refused).await.expect("noted");
    assert!(store.left_behind().await.expect("looks").is_empty(), "what was refused for good is not tried again");
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
    assert_eq!(store.expire_orders(10).await.expect("looks"), [draft.id, active.id], "what still runs too");
    let closed = store.order(draft.id).await.expect("order");
    assert_eq!(closed.life, OrderLife::Closed);
    assert!(store.pair_access(pairs[0]).await.expect("pair").source.password.is_none());
    store.redeem_voucher(fresh.id, &voucher.code).await.expect("it came back");
    assert!(store.expire_orders(10).await.expect("looks").is_empty());
    assert_eq!(store.order(active.id).await.expect("order").life.state(), OrderState::Closed);
}

async fn the_end_of_a_link_is_told_three_days_before_and_once(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(1).await;
    world.end_run(order.id, runs[0], RunState::Succeeded).await;
    let (draft, _) = world.order_with(1).await;
    let (still, _) = world.trial(1).await;
    store.begin_order(still.id).await.expect("begins");
    world.clock.advance(Duration::days(10));
    assert!(store.links_that_end_soon().await.expect("looks").is_empty());
    world.clock.advance(Duration::days(2));
    let soon = store.links_that_end_soon().await.expect("looks");
    assert_eq!(soon.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [order.id]);
    let (id, occasion) = &soon[0];
    store.queue_mail(*id, MailKind::LinkExpires, occasion).await.expect("queued").expect("new");
    assert!(store.links_that_end_soon().await.expect("looks").is_empty(), "told once");
    world.clock.advance(Duration::days(17));
    assert!(store.links_that_end_soon().await.expect("looks").is_empty(), "a draft was never started: {}", draft.id);
    world.clock.advance(Duration::days(14));
    let soon = store.links_that_end_soon().await.expect("looks");
    assert_eq!(soon.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [still.id], "what still runs after 42 days too");
}

async fn personal_data_goes_thirty_days_after_the_end_and_the_order_stays(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(2).await;
    let pairs = store.pairs(order.id).await.expect("pairs");
    store.create_check(order.id, &[]).await.expect("check");
    store.create_dry_run(order.id, &[], StartKind::Main).await.expect("dry run");
    let admin = AdminCredentialsSet { user: "root".to_owned(), ..AdminCredentialsSet::default() };
    store.set_admin_credentials(order.id, SideName::Source, &admin).await.expect("set");
    store.queue_mail(order.id, MailKind::Submitted, "trial").await.expect("queued");
    store.save_mx(order.id, "old.example", None).await.expect("saved");
    store.save_sandbox_mailbox(order.id, "ok anna", b"", 0).await.expect("saved");
    world.end_run(order.id, runs[0], RunState::Succeeded).await;
    let cancelled = store.cancel_order(&store.order(order.id).await.expect("order")).await.expect("cancels");
    assert_eq!(cancelled.ended_at, Some(cancelled.ended_at.expect("an end").min(store.now())));
    let (open, _) = world.trial(1).await;
    world.clock.advance(Duration::days(29));
    assert!(store.purge_orders(10).await.expect("looks").is_empty());
    world.clock.advance(Duration::days(1));
    assert_eq!(store.purge_orders(10).await.expect("looks"), [order.id]);
    assert!(store.purge_orders(10).await.expect("looks").is_empty(), "once");
    let kept = store.order(order.id).await.expect("the order is still known");
    assert_eq!((kept.notify_address, kept.source, kept.kind), (None, None, Some(StartKind::Trial)));
    assert!(store.pairs(order.id).await.expect("pairs").is_empty());
    for table in ["runs", "admin_credentials", "checks", "dry_runs", "mails", "mx_watches", "sandbox_mailboxes"] {
        let sql = format!("SELECT COUNT(*), 0 FROM {table} WHERE order_id = '{}'", order.id);
        // PostgreSQL counts in BIGINT, and 0 alone is an INTEGER there.
        let sql = sql.replace(", 0 ", ", CAST(0 AS BIGINT) ");
        assert_eq!(world.raw_numbers(sql).await.0, 0, "{table}");
    }
    let sides = pairs.iter().map(|pair| format!("'{}'", pair.id)).collect::<Vec<_>>().join(", ");
    let sql = format!("SELECT COUNT(*), CAST(0 AS BIGINT) FROM sides WHERE pair_id IN ({sides})");
    assert_eq!(world.raw_numbers(sql).await.0, 0);
    assert_eq!(store.pairs(open.id).await.expect("pairs").len(), 1, "others keep theirs");
}

async fn the_link_works_45_days_from_the_very_first_start_and_a_trial_is_one(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(1).await;
    let trial = world.end_run(order.id, runs[0], RunState::Succeeded).await;
    let first = trial.first_started_at.expect("begun");
    assert_eq!(trial.expires_at, store.now() + Duration::days(14));
    let voucher = store.create_vouchers(OPERATOR_TENANT, 1, 1, None).await.expect("voucher").remove(0);
    let start = crate::world::start(StartKind::Main, first + Duration::days(30));
    store.schedule_order(&trial, start).await.expect("waits for payment");
    let main = store.redeem_voucher(order.id, &voucher.code).await.expect("paid");
    world.clock.advance(Duration::days(30));
    let active = store.begin_order(main.id).await.expect("begins");
    assert_eq!((active.started_at, active.first_started_at), (Some(store.now()), Some(first)));
    assert_eq!(active.expires_at, first + Duration::days(45));
    assert_eq!(store.terms().latest_start_after(first), first + Duration::days(31), "14 days are left then");
}

async fn failed_logins_are_forgotten_after_an_hour(world: World) {
    let store = &world.store;
    for user in ["anna", "bert"] {
        match store.begin_login("imap.example.org", user).await.expect("database") {
            LoginPermit::Granted(ticket) => store.end_login(ticket, true).await.expect("counts"),
            other => panic!("{other:?}"),
        }
        world.clock.advance(Duration::minutes(40));
    }
    let kept = async || {
        world
            .raw_numbers(
                "SELECT (SELECT COUNT(*) FROM login_accounts), (SELECT COUNT(*) FROM login_attempts)".to_owned(),
            )
            .await
    };
    assert_eq!(store.forget_failed_logins().await.expect("looks"), 1);
    assert_eq!(kept().await, (1, 1), "who failed last counts still");
    world.clock.advance(Duration::minutes(21));
    assert_eq!(store.forget_failed_logins().await.expect("looks"), 1);
    assert_eq!(kept().await, (0, 0), "nothing of anybody's account is left");
    // Noted by a clock that was a month ahead: nobody is locked out for a month.
    world.clock.advance(Duration::days(30));
    for _ in 0..5 {
        match store.begin_login("imap.example.org", "anna").await.expect("database") {
            LoginPermit::Granted(ticket) => store.end_login(ticket, true).await.expect("counts"),
            other => panic!("{other:?}"),
        }
    }
    world.clock.advance(-Duration::days(30));
    store.forget_failed_logins().await.expect("looks");
    assert!(matches!(store.begin_login("imap.example.org", "anna").await, Ok(LoginPermit::Granted(_))));
}
