use chrono::Duration;
use mailferry_shared::{
    account::{AccountChange, LoginState, MailAmount, SideName, Survey},
    finding::{Finding, FindingCode},
};
use mailferry_store::{
    CheckedSide, FAILED_LOGINS_AN_HOUR, LoginPermit, LoginTicket, Store, StoreError,
    jobs::{JobKind, JobQueue},
};

use crate::world::{World, side};

on_both! {
    a_check_gathers_results_and_shows_them_at_the_pair;
    the_time_of_a_check_adds_up_over_its_attempts;
    what_was_changed_meanwhile_is_not_overwritten;
    only_ticked_pairs_are_checked_unless_named;
    too_many_failed_logins_are_refused_for_an_hour;
    a_login_that_nobody_ended_counts_as_failed;
    parallel_logins_do_not_get_around_the_limit;
}

async fn a_check_gathers_results_and_shows_them_at_the_pair(world: World) {
    let store = &world.store;
    let (order, pairs) = world.order_with(1).await;
    let check = store.create_check(order.id, &[]).await.expect("check");
    assert_eq!(check.items.iter().map(|item| item.side).collect::<Vec<_>>(), [SideName::Source, SideName::Destination]);
    assert!(!check.logins_finished && check.items.iter().all(|item| item.login == LoginState::Checking));
    let job = store.take("w", JobKind::Check, 1, std::time::Duration::from_secs(60)).await.expect("job").remove(0);
    assert_eq!(job.id, check.id.0);
    let source = CheckedSide { check_id: check.id, pair_id: pairs[0], side: SideName::Source };
    let destination = CheckedSide { side: SideName::Destination, ..source };
    let wrong = Finding::new(FindingCode::WrongPassword);
    store.save_login(source, LoginState::Passed, &[]).await.expect("saved");
    store.save_login(destination, LoginState::Failed, std::slice::from_ref(&wrong)).await.expect("saved");
    let check = store.check(order.id, check.id).await.expect("check");
    assert!(check.logins_finished && !check.finished, "the source is not counted yet");
    let trash = MailAmount { messages: 14, size_bytes: 1_000_000 };
    let survey = Survey { folders: 4, messages: 214, size_bytes: 15_000_000, trash, ..Survey::default() };
    let small = Finding::new(FindingCode::WillNotFit);
    for _ in 0..2 {
        store.save_survey(source, Some(&survey), std::slice::from_ref(&small)).await.expect("saved, and repeated");
    }
    let check = store.check_work(check.id).await.expect("check");
    assert!(check.finished);
    assert_eq!((check.items[0].survey, check.items[0].findings.as_slice()), (Some(survey), [small.clone()].as_slice()));
    let pair = store.pair(order.id, pairs[0]).await.expect("pair");
    assert_eq!((pair.source.survey, pair.source.findings), (Some(survey), vec![small]));
    assert_eq!((pair.destination.login, pair.destination.findings), (LoginState::Failed, vec![wrong]));
    let other = world.order().await;
    assert!(matches!(store.check(other.id, check.id).await, Err(StoreError::NotFound)));
    let nobody = CheckedSide { pair_id: mailferry_shared::ids::PairId(check.id.0), ..source };
    assert!(matches!(store.save_login(nobody, LoginState::Passed, &[]).await, Err(StoreError::NotFound)));
    assert!(matches!(store.save_survey(nobody, None, &[]).await, Err(StoreError::NotFound)));
}

async fn the_time_of_a_check_adds_up_over_its_attempts(world: World) {
    use std::time::Duration;
    let store = &world.store;
    let (order, _) = world.order_with(1).await;
    let check = store.create_check(order.id, &[]).await.expect("check").id;
    let other = store.create_check(order.id, &[]).await.expect("check").id;
    assert_eq!(store.check_time(check).await.expect("read"), Duration::ZERO);
    for _ in 0..2 {
        store.add_check_time(check, Duration::from_millis(1_500)).await.expect("written");
    }
    let times = (store.check_time(check).await.expect("read"), store.check_time(other).await.expect("read"));
    assert_eq!(times, (Duration::from_secs(3), Duration::ZERO));
    let nobody = mailferry_shared::ids::CheckId(order.id.0);
    assert!(matches!(store.check_time(nobody).await, Err(StoreError::NotFound)));
    assert!(matches!(store.add_check_time(nobody, Duration::ZERO).await, Err(StoreError::NotFound)));
}

async fn what_was_changed_meanwhile_is_not_overwritten(world: World) {
    let store = &world.store;
    let (order, pairs) = world.order_with(1).await;
    let check = store.create_check(order.id, &[]).await.expect("check");
    let change = AccountChange { source: Some(side("user0", "another")), ..AccountChange::default() };
    store.change_pair(order.id, pairs[0], &change).await.expect("changed");
    let at = CheckedSide { check_id: check.id, pair_id: pairs[0], side: SideName::Source };
    store.save_login(at, LoginState::Passed, &[]).await.expect("saved");
    store.save_survey(at, None, &[]).await.expect("saved");
    let pair = store.pair(order.id, pairs[0]).await.expect("pair");
    assert_eq!((pair.source.login, pair.source.survey), (LoginState::Unchecked, None));
}

async fn only_ticked_pairs_are_checked_unless_named(world: World) {
    let store = &world.store;
    let (order, pairs) = world.order_with(2).await;
    let untick = AccountChange { ticked: Some(false), ..AccountChange::default() };
    store.change_pair(order.id, pairs[0], &untick).await.expect("changed");
    let check = store.create_check(order.id, &[]).await.expect("check");
    assert!(check.items.len() == 2 && check.items.iter().all(|item| item.pair_id == pairs[1]));
    let named = store.create_check(order.id, &[pairs[0], pairs[0]]).await.expect("check");
    assert!(named.items.len() == 2 && named.items.iter().all(|item| item.pair_id == pairs[0]));
    store.change_pair(order.id, pairs[1], &untick).await.expect("changed");
    assert!(matches!(store.create_check(order.id, &[]).await, Err(StoreError::NothingTicked)));
}

async fn too_many_failed_logins_are_refused_for_an_hour(world: World) {
    let store = &world.store;
    for _ in 0..3 {
        let ticket = granted(store, "imap.example.org", "Anna").await;
        store.end_login(ticket, false).await.expect("a good login does not count");
    }
    for _ in 0..FAILED_LOGINS_AN_HOUR {
        let ticket = granted(store, "IMAP.example.org", "anna").await;
        store.end_login(ticket, true).await.expect("counts");
    }
    let refused = store.begin_login("imap.example.org", "anna").await.expect("database");
    assert!(matches!(refused, LoginPermit::Refused), "whatever tenant asks");
    let other = granted(store, "imap.example.org", "bert").await;
    store.end_login(other, false).await.expect("ended");
    world.clock.advance(Duration::minutes(61));
    let later = granted(store, "imap.example.org", "anna").await;
    store.end_login(later, true).await.expect("counts");
}

async fn granted(store: &Store, host: &str, user: &str) -> LoginTicket {
    match store.begin_login(host, user).await.expect("database") {
        LoginPermit::Granted(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

async fn a_login_that_nobody_ended_counts_as_failed(world: World) {
    let store = &world.store;
    for _ in 0..FAILED_LOGINS_AN_HOUR {
        drop(granted(store, "h", "u").await);
    }
    assert!(matches!(store.begin_login("h", "u").await.expect("database"), LoginPermit::Busy));
    world.clock.advance(Duration::minutes(6));
    assert!(matches!(store.begin_login("h", "u").await.expect("database"), LoginPermit::Refused));
}

async fn parallel_logins_do_not_get_around_the_limit(world: World) {
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let store = world.store.clone();
            tokio::spawn(async move {
                matches!(store.begin_login("h", "u").await.expect("database"), LoginPermit::Granted(_))
            })
        })
        .collect();
    let mut allowed = 0;
    for task in tasks {
        allowed += u32::from(task.await.expect("task"));
    }
    assert_eq!(allowed, FAILED_LOGINS_AN_HOUR);
}
