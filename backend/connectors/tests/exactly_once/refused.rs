//! A destination that loses the line, refuses, is full or asks for patience.

use std::{sync::Arc, time::Duration};

use mailferry_connectors::memory::{Damage, MemoryAccount, Mishap};
use mailferry_engine::{
    allowance::{Allowance, Allowances},
    port::{Control, Decision, Fault, Interrupted, NoFault, Step},
    run::{RunEnd, RunReport},
};
use mailferry_shared::{finding::FindingCode, run::RunState};

use crate::world::{World, clean, path, runs_again_without_doing_anything, succeeded};

#[tokio::test]
async fn a_lost_line_at_any_call_loses_and_doubles_nothing() {
    let (expected, _) = clean().await;
    for call in 0..3 {
        for mishap in [
            Mishap::LostBefore,
            Mishap::LostAfter(1),
            Mishap::LostAfter(2),
            Mishap::LostAfter(3),
            Mishap::Late(1),
            Mishap::Late(2),
        ] {
            let world = World::new();
            world.connector.destination.store_mishaps(std::iter::repeat_n(Mishap::Fine, call).chain([mishap]));
            succeeded(&world.run().await);
            assert_eq!(world.destination(), expected, "{mishap:?} at call {call}");
            runs_again_without_doing_anything(&world).await;
        }
        for mishap in [Mishap::LostBefore, Mishap::LostAfter(1), Mishap::LostAfter(4)] {
            let world = World::new();
            world.connector.source.fetch_mishaps(std::iter::repeat_n(Mishap::Fine, call).chain([mishap]));
            succeeded(&world.run().await);
            assert_eq!(world.destination(), expected, "{mishap:?} at fetch {call}");
        }
    }
}

#[tokio::test]
async fn a_destination_that_is_waited_for_in_vain_is_given_as_long_again_to_finish() {
    let (expected, _) = clean().await;
    for call in 0..3 {
        // What was sent arrives long after the line was given up, and much later than a quick server's would.
        let slow = Mishap::Slow(Duration::from_millis(600), Duration::from_millis(200));
        let world = World::new();
        world.connector.destination.store_mishaps(std::iter::repeat_n(Mishap::Fine, call).chain([slow]));
        succeeded(&world.run().await);
        assert_eq!(world.destination(), expected, "slow at call {call}");
        runs_again_without_doing_anything(&world).await;
        // The same where the run ends with the lost line, and another process goes on.
        let mut world = World::new();
        world.options.attempts = 0;
        world.connector.destination.store_mishaps(std::iter::repeat_n(Mishap::Fine, call).chain([slow]));
        let report = world.run().await;
        assert!(matches!(report.end, RunEnd::Unfinished(_)), "{:?}", report.end);
        succeeded(&world.run().await);
        assert_eq!(world.destination(), expected, "slow at call {call}, and another process goes on");
    }
}

/// At the source, from the first settled message on.
struct GoneFromTheDns(MemoryAccount);

impl Fault for GoneFromTheDns {
    fn reach(&self, step: Step) -> Result<(), Interrupted> {
        if step == Step::AfterSettle {
            self.0.refuse_logins(Some((FindingCode::UnknownHost, Decision::Permanent)));
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_server_whose_name_is_gone_in_the_middle_of_a_run_is_no_reason_to_fail() {
    let (expected, _) = clean().await;
    let world = World::new();
    let source = &world.connector.source;
    world.connector.destination.store_mishaps([Mishap::Fine, Mishap::LostBefore]);
    let gone = Arc::new(GoneFromTheDns(source.clone()));
    let decision = |report: RunReport| match report.end {
        RunEnd::Failed(error) => (error.code, error.decision),
        other => panic!("{other:?}"),
    };
    let report = world.run_as(1, Control::always_go(), gone).await;
    assert_eq!(decision(report), (FindingCode::UnknownHost, Decision::Retry));
    let report = world.run_as(1, Control::always_go(), Arc::new(NoFault)).await;
    assert_eq!(
        decision(report),
        (FindingCode::UnknownHost, Decision::Retry),
        "another process knows that it has worked"
    );
    let report = world.run_as(2, Control::always_go(), Arc::new(NoFault)).await;
    assert_eq!(decision(report), (FindingCode::UnknownHost, Decision::Permanent), "one that never worked");
    source.refuse_logins(None);
    succeeded(&world.run_as(1, Control::always_go(), Arc::new(NoFault)).await);
    assert_eq!(world.destination(), expected);
}

#[tokio::test]
async fn a_folder_of_which_every_message_breaks_the_line_is_tried_once_more_behind_the_others_and_has_failed() {
    let (expected, counts) = clean().await;
    let world = World::new();
    let inbox = world.connector.source.messages(&path("INBOX"));
    let hang_up =
        |damage| inbox.iter().for_each(|message| world.connector.source.damage(&path("INBOX"), message.uid, damage));
    hang_up(Some(Damage::HangsUp));
    let report = world.run().await;
    assert!(matches!(report.end, RunEnd::Done(RunState::Partial)), "{:?}, {:?}", report.end, report.notes);
    assert_eq!(report.counts.failed, inbox.len() as u64, "{:?}", report.counts);
    assert_eq!(report.counts.done(), counts.listed, "each has an outcome: {:?}", report.counts);
    assert!(report.counts.stored > 0, "the other folders were copied");
    hang_up(None);
    succeeded(&world.run().await);
    assert_eq!(world.destination(), expected);
}

#[tokio::test]
async fn without_appenduid_nothing_is_lost_or_doubled_either() {
    let (expected, _) = clean().await;
    for call in 0..3 {
        for mishap in [Mishap::Fine, Mishap::LostBefore, Mishap::LostAfter(2), Mishap::Late(2)] {
            let world = World::new();
            world.connector.destination.tell_no_uids();
            world.connector.destination.store_mishaps(std::iter::repeat_n(Mishap::Fine, call).chain([mishap]));
            succeeded(&world.run().await);
            assert_eq!(world.destination(), expected, "{mishap:?} at call {call}");
            runs_again_without_doing_anything(&world).await;
        }
    }
}

#[tokio::test]
async fn one_bad_message_never_stops_the_others_and_a_later_run_repairs_it() {
    let (expected, _) = clean().await;
    let world = World::new();
    world.connector.destination.store_mishaps([Mishap::Refused(1, FindingCode::MessageTooLarge, Decision::Skip)]);
    let report = world.run().await;
    assert!(matches!(report.end, RunEnd::Done(RunState::Partial)), "{:?}", report.end);
    assert_eq!((report.counts.failed, report.counts.stored), (1, 7));
    assert_eq!(report.counts.done(), report.counts.listed);
    let report = world.run().await;
    succeeded(&report);
    assert_eq!(report.counts.stored, 1);
    assert_eq!(world.destination(), expected);
}

#[tokio::test]
async fn a_full_mailbox_parks_the_run_and_the_next_one_goes_on() {
    let (expected, _) = clean().await;
    let world = World::new();
    world
        .connector
        .destination
        .store_mishaps([Mishap::Fine, Mishap::Refused(1, FindingCode::MailboxFull, Decision::Park)]);
    let report = world.run().await;
    assert!(matches!(&report.end, RunEnd::Parked(error) if error.code == FindingCode::MailboxFull), "{:?}", report.end);
    succeeded(&world.run().await);
    assert_eq!(world.destination(), expected);
}

/// Runs as often as a day's amount asks for; how often that was.
async fn days(world: &mut World, allowances: impl Fn(Allowance) -> Allowances) -> usize {
    for day in 1..20 {
        let fresh_in = Duration::from_secs(5 * 3600);
        world.options.allowances = allowances(Allowance { left_bytes: 6, untouched: true, fresh_in });
        let report = world.run().await;
        assert_eq!((report.counts.failed, report.counts.uncertain), (0, 0), "{:?}", report.counts);
        match &report.end {
            RunEnd::Postponed(error, wait) => {
                assert_eq!(error.code, FindingCode::DailyLimit);
                assert!(*wait <= fresh_in && *wait > fresh_in / 2, "{wait:?}");
                assert!(report.counts.stored > 0 || day > 10, "every day something is copied");
            }
            _ => {
                succeeded(&report);
                return day;
            }
        }
    }
    panic!("never done");
}

#[tokio::test]
async fn a_days_amount_parks_the_run_and_the_next_day_goes_on() {
    let (expected, _) = clean().await;
    let mut world = World::new();
    let sent = days(&mut world, |day| Allowances { to_destination: Some(day), ..Allowances::default() }).await;
    assert!(sent > 2, "{sent}");
    assert_eq!(world.destination(), expected);
    let mut world = World::new();
    let fetched = days(&mut world, |day| Allowances { from_source: Some(day), ..Allowances::default() }).await;
    assert!(fetched > 1, "{fetched}");
    assert_eq!(world.destination(), expected);
    runs_again_without_doing_anything(&world).await;
}

#[tokio::test]
async fn whoever_slows_us_down_is_waited_for_and_nothing_fails() {
    let (expected, _) = clean().await;
    for code in [FindingCode::Throttled, FindingCode::TooManyConnections] {
        let world = World::new();
        let slow = Mishap::Refused(1, code, Decision::Wait(Duration::from_millis(5)));
        world.connector.destination.store_mishaps([Mishap::Fine, slow, slow, slow, slow, slow, slow, slow, slow]);
        let report = world.run().await;
        succeeded(&report);
        assert_eq!(report.counts.failed, 0);
        assert_eq!(world.destination(), expected);
        // A long wait is no reason to hold connections.
        let world = World::new();
        let hour = Decision::Wait(Duration::from_secs(2 * 3600));
        world.connector.destination.store_mishaps([Mishap::Fine, Mishap::Refused(0, code, hour)]);
        let report = world.run().await;
        let waits = matches!(&report.end, RunEnd::Postponed(error, wait)
            if error.code == code && *wait == Duration::from_secs(2 * 3600));
        assert!(waits && report.counts.failed == 0, "{:?}, {:?}", report.end, report.counts);
        succeeded(&world.run().await);
        assert_eq!(world.destination(), expected);
    }
}

#[tokio::test]
async fn whoever_asks_to_wait_again_and_again_is_left_for_later_with_the_reason() {
    let (expected, _) = clean().await;
    let mut world = World::new();
    world.options.attempts = 1;
    let slow = Mishap::Refused(0, FindingCode::Throttled, Decision::Wait(Duration::from_millis(1)));
    world.connector.destination.store_mishaps(std::iter::repeat_n(slow, 1000));
    let report = world.run().await;
    let waits = matches!(&report.end, RunEnd::Postponed(error, _) if error.code == FindingCode::Throttled);
    assert!(waits && report.counts.failed == 0, "{:?}, {:?}", report.end, report.counts);
    world.connector.destination.store_mishaps([]);
    succeeded(&world.run().await);
    assert_eq!(world.destination(), expected);
}

#[tokio::test]
async fn a_destination_that_cannot_store_is_not_hammered_and_blames_no_message() {
    let (expected, _) = clean().await;
    let world = World::new();
    let full = Mishap::Refused(0, FindingCode::StorageFailing, Decision::Retry);
    world.connector.destination.store_mishaps(std::iter::repeat_n(full, 1000));
    let report = world.run().await;
    let waits = matches!(&report.end, RunEnd::Postponed(error, _) if error.code == FindingCode::StorageFailing);
    assert!(waits && report.counts.failed == 0, "{:?}, {:?}", report.end, report.counts);
    assert!(world.connector.destination.logins() < 12, "{}", world.connector.destination.logins());
    world.connector.destination.store_mishaps([]);
    succeeded(&world.run().await);
    assert_eq!(world.destination(), expected);
    // A disk that is full for a moment only is waited for.
    let world = World::new();
    world.connector.destination.store_mishaps([Mishap::Fine, full, full]);
    succeeded(&world.run().await);
    assert_eq!(world.destination(), expected);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let world = World::new();
    world.connector.source.refuse_logins(Some((FindingCode::WrongPassword, Decision::Park)));
    let report = world.run().await;
    assert!(
        matches!(&report.end, RunEnd::Parked(error) if error.code == FindingCode::WrongPassword),
        "{:?}",
        report.end
    );
    assert_eq!(world.connector.source.logins(), 1);
}
