//! Who is told of accounts that cannot go on: one mail an hour at most, and none too few.

use chrono::Duration;
use mailferry_shared::{
    finding::{Finding, FindingCode},
    ids::{OrderId, RunId},
    run::RunState,
};
use mailferry_store::{JobKind, JobQueue, MailId, jobs::LOCK};

use crate::world::World;

on_both! {
    a_second_account_that_gets_stuck_within_the_hour_is_told_an_hour_after_the_first;
    what_a_process_that_died_did_not_tell_is_found;
    a_mail_that_waits_names_whatever_gets_stuck_meanwhile;
    a_mail_that_is_given_up_is_not_followed_by_another_each_minute;
    what_gets_stuck_just_when_its_mail_has_become_needless_is_told_by_another;
}

async fn park(world: &World, order: OrderId, run: RunId) {
    let full = Finding::new(FindingCode::MailboxFull);
    world.store.begin_order(order).await.expect("begins");
    world.store.change_run(run, RunState::Running, None, None).await.expect("runs");
    world.store.change_run(run, RunState::Paused, Some(&full), None).await.expect("parks");
}

/// The mails that are due.
async fn due(world: &World) -> Vec<MailId> {
    // Of the database's clock nothing is asked here: PostgreSQL's cannot be moved.
    let mut due = Vec::new();
    world.raw("UPDATE jobs SET locked_until = 0, seen_at = 0").await;
    for job in world.store.take("w", JobKind::SendMail, 9, LOCK).await.expect("takes") {
        let mail = MailId(job.id);
        let record = world.store.mail(mail).await.expect("a mail");
        if record.sent_at.is_none() && record.created_at <= world.store.now() {
            due.push(mail);
        }
        world.store.finish(&[job]).await.expect("done");
    }
    due
}

async fn waiting(world: &World) -> (i64, i64) {
    world.raw_numbers("SELECT COUNT(*), COALESCE(MAX(created_at), 0) FROM mails WHERE sent_at IS NULL".to_owned()).await
}

async fn a_second_account_that_gets_stuck_within_the_hour_is_told_an_hour_after_the_first(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(2).await;
    park(&world, order.id, runs[0]).await;
    store.tell_stuck(order.id).await.expect("tells");
    let first = due(&world).await;
    assert_eq!(first.len(), 1);
    store.mail_about_runs_sent(first[0], &runs[..1]).await.expect("sent");
    let sent = store.now();
    store.tell_stuck(order.id).await.expect("tells");
    assert_eq!(waiting(&world).await.0, 0, "nothing is left to tell");
    world.clock.advance(Duration::minutes(35));
    park(&world, order.id, runs[1]).await;
    store.tell_stuck(order.id).await.expect("tells");
    store.tell_stuck(order.id).await.expect("once more changes nothing");
    assert_eq!(waiting(&world).await, (1, (sent + Duration::hours(1)).timestamp_micros()));
}

async fn what_a_process_that_died_did_not_tell_is_found(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(1).await;
    assert!(store.orders_with_untold_runs().await.expect("looks").is_empty());
    park(&world, order.id, runs[0]).await;
    assert_eq!(store.orders_with_untold_runs().await.expect("looks"), [order.id]);
    store.tell_stuck(order.id).await.expect("tells");
    assert!(store.orders_with_untold_runs().await.expect("looks").is_empty(), "a mail is on its way");
    let mail = due(&world).await.remove(0);
    store.mail_about_runs_sent(mail, &runs).await.expect("sent");
    assert!(store.orders_with_untold_runs().await.expect("looks").is_empty());
    // Mended wrongly: it gets stuck again, and that is told again.
    let order = store.conclude_order(order.id).await.expect("pauses");
    store.resume_order(&order).await.expect("resumes");
    park(&world, order.id, runs[0]).await;
    assert_eq!(store.orders_with_untold_runs().await.expect("looks"), [order.id]);
}

async fn a_mail_that_waits_names_whatever_gets_stuck_meanwhile(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(2).await;
    for run in &runs {
        park(&world, order.id, *run).await;
        store.tell_stuck(order.id).await.expect("tells");
    }
    assert_eq!(waiting(&world).await.0, 1, "one for both");
}

async fn a_mail_that_is_given_up_is_not_followed_by_another_each_minute(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(2).await;
    park(&world, order.id, runs[0]).await;
    store.tell_stuck(order.id).await.expect("tells");
    let refused = due(&world).await.remove(0);
    store.mail_given_up(refused).await.expect("noted");
    assert!(store.orders_with_untold_runs().await.expect("looks").is_empty());
    park(&world, order.id, runs[1]).await;
    assert_eq!(store.orders_with_untold_runs().await.expect("looks"), [order.id], "another cause is another mail");
}

async fn what_gets_stuck_just_when_its_mail_has_become_needless_is_told_by_another(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(1).await;
    park(&world, order.id, runs[0]).await;
    store.tell_stuck(order.id).await.expect("tells");
    let mail = due(&world).await.remove(0);
    // Its owner resumes it, so that the mail has nothing to tell; and it gets stuck again before that is written down.
    let paused = store.conclude_order(order.id).await.expect("pauses");
    store.resume_order(&paused).await.expect("resumes");
    park(&world, order.id, runs[0]).await;
    store.tell_stuck(order.id).await.expect("tells");
    store.mail_needless(mail).await.expect("noted");
    assert_eq!(store.orders_with_untold_runs().await.expect("looks"), [order.id], "the owner is still to be told");
}
