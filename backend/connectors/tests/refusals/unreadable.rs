//! A source that lists messages which it cannot deliver, and says so in one way or another.

use std::sync::Arc;

use mailferry_connectors::memory::MemoryConnector;
use mailferry_engine::{port::NoFault, run::RunEnd};
use mailferry_shared::{finding::FindingCode, protocol::ItemOutcome, run::RunState};

use crate::{
    fake::{Damage, Fake, Mailbox, network},
    gmail::FromGmail,
    world::{World, ended, path},
};

const MESSAGES: u32 = 120;

fn fill(mailbox: &mut Mailbox, folder: &str, numbers: std::ops::RangeInclusive<u32>) {
    let day = "01-Jan-2020 10:00:00 +0100";
    mailbox.create(folder);
    for number in numbers {
        let text = format!("Subject: {number}\r\n\r\nmessage {number}\r\n");
        mailbox.append(folder, text.into_bytes(), Vec::new(), day.to_owned());
    }
}

async fn source(damaged: &[u32], damage: Damage) -> Fake {
    let mut mailbox = Mailbox::new();
    fill(&mut mailbox, "INBOX", 1..=MESSAGES);
    let fake = Fake::start(mailbox).await;
    fake.state().damaged = damaged.iter().map(|uid| (*uid, damage)).collect();
    fake
}

#[tokio::test]
async fn messages_that_a_source_refuses_to_deliver_have_failed_and_all_others_arrive() {
    for damage in [Damage::Refused, Damage::LeftOut, Damage::HangsUp, Damage::Internal] {
        for newest_first in [false, true] {
            let damaged = [7, 101, 120];
            let fake = source(&damaged, damage).await;
            let mut world = World::new();
            world.options.newest_first = newest_first;
            let to = MemoryConnector::default();
            let connector = Arc::new(FromGmail { network: network(), login: fake.login(), to: to.clone() });
            let (report, protocol) = world.run_over(connector.clone(), Arc::new(NoFault)).await;
            ended(&report, RunState::Partial);
            let counts = report.counts;
            let told = format!("{damage:?}: {counts:?}");
            assert_eq!((counts.stored, counts.failed, counts.skipped), (u64::from(MESSAGES) - 3, 3, 0), "{told}");
            let items: Vec<_> = protocol.items.iter().map(|item| (item.uid, item.outcome, item.code)).collect();
            let failed = |uid| (uid, ItemOutcome::Failed, Some(FindingCode::MessageUnreadable));
            assert_eq!(items, damaged.map(failed), "{told}");
            fake.state().damaged.clear();
            let (report, _) = world.run_over(connector, Arc::new(NoFault)).await;
            ended(&report, RunState::Succeeded);
            assert_eq!(report.counts.stored, 3, "{told}");
        }
    }
}

/// More in a row than one session asks for.
#[tokio::test]
async fn however_many_messages_in_a_row_are_refused_each_has_an_outcome_and_all_others_arrive() {
    for damage in [Damage::Refused, Damage::LeftOut] {
        for row in [40..=48_u32, 60..=90] {
            let damaged: Vec<u32> = row.collect();
            let fake = source(&damaged, damage).await;
            let world = World::new();
            let to = MemoryConnector::default();
            let connector = Arc::new(FromGmail { network: network(), login: fake.login(), to });
            let (report, _) = world.run_over(connector.clone(), Arc::new(NoFault)).await;
            ended(&report, RunState::Partial);
            let (counts, bad) = (report.counts, damaged.len() as u64);
            let told = format!("{damage:?}, {bad} in a row: {counts:?}");
            assert_eq!((counts.stored, counts.failed, counts.skipped), (u64::from(MESSAGES) - bad, bad, 0), "{told}");
            fake.state().damaged.clear();
            let (report, _) = world.run_over(connector, Arc::new(NoFault)).await;
            ended(&report, RunState::Succeeded);
            assert_eq!(report.counts.stored, bad, "{told}");
        }
    }
}

/// A server that refuses everything has another trouble, and messages are not to blame.
#[tokio::test]
async fn a_source_that_refuses_every_message_blames_none_of_them() {
    let all: Vec<u32> = (1..=MESSAGES).collect();
    let fake = source(&all, Damage::Refused).await;
    let world = World::new();
    let connector = Arc::new(FromGmail { network: network(), login: fake.login(), to: MemoryConnector::default() });
    let (report, _) = world.run_over(connector, Arc::new(NoFault)).await;
    assert_eq!((report.counts.failed, report.counts.stored), (0, 0), "{:?}", report.counts);
    assert_eq!(report.unfinished.len(), 1, "{:?}", report.end);
}

/// Ten that break every line, wherever they lie; also where all messages of a folder do so, and only those of another show
/// that the server is well.
#[tokio::test]
async fn however_many_messages_in_a_row_break_the_line_each_has_an_outcome_and_all_others_arrive() {
    for damage in [Damage::HangsUp, Damage::Internal] {
        for (row, newest_first) in [(1..=10_u32, false), (60..=69, false), (60..=69, true), (111..=120, false)] {
            let damaged: Vec<u32> = row.collect();
            let fake = source(&damaged, damage).await;
            let mut world = World::new();
            world.options.newest_first = newest_first;
            let to = MemoryConnector::default();
            let connector = Arc::new(FromGmail { network: network(), login: fake.login(), to });
            let (report, _) = world.run_over(connector.clone(), Arc::new(NoFault)).await;
            let told = format!("{damage:?}, {damaged:?}: {:?}", report.counts);
            ended(&report, RunState::Partial);
            let counts = report.counts;
            assert_eq!((counts.stored, counts.failed, counts.skipped), (u64::from(MESSAGES) - 10, 10, 0), "{told}");
            assert!(fake.state().logins < 60, "{} logins for ten messages", fake.state().logins);
            fake.state().damaged.clear();
            let (report, _) = world.run_over(connector, Arc::new(NoFault)).await;
            ended(&report, RunState::Succeeded);
            assert_eq!(report.counts.stored, 10, "{told}");
        }
    }
}

#[tokio::test]
async fn a_folder_of_which_every_message_breaks_the_line_has_failed_once_another_folder_can_be_read() {
    for damage in [Damage::HangsUp, Damage::Internal] {
        let mut mailbox = Mailbox::new();
        fill(&mut mailbox, "INBOX", 1..=6);
        fill(&mut mailbox, "Work", 7..=30);
        // UIDs are each folder's own.
        mailbox.folders.get_mut("Work").expect("just made").messages.drain(..6);
        let fake = Fake::start(mailbox).await;
        fake.state().damaged = (1..=6).map(|uid| (uid, damage)).collect();
        let mut world = World::new();
        world.options.mapping.leave_out = vec![path("[Gmail]/All Mail")];
        let connector = Arc::new(FromGmail { network: network(), login: fake.login(), to: MemoryConnector::default() });
        let (report, _) = world.run_over(connector, Arc::new(NoFault)).await;
        ended(&report, RunState::Partial);
        assert_eq!((report.counts.stored, report.counts.failed), (18, 6), "{damage:?}: {:?}", report.counts);
    }
}

/// It still takes logins and lists folders, or does not even that: no message is to blame, and what has come is kept.
#[tokio::test]
async fn a_source_that_breaks_down_for_good_blames_no_message() {
    for (goes_down, readable) in [(false, 0), (false, 50), (true, 50)] {
        let fake = source(&[], Damage::HangsUp).await;
        fake.state().readable.set(readable);
        fake.state().goes_down = goes_down;
        let world = World::new();
        let to = MemoryConnector::default();
        let connector = Arc::new(FromGmail { network: network(), login: fake.login(), to });
        let (report, _) = world.run_over(connector.clone(), Arc::new(NoFault)).await;
        let told = format!("{readable} can be read: {:?}, {:?}", report.end, report.counts);
        assert!(matches!(report.end, RunEnd::Unfinished(_) | RunEnd::Failed(_)), "{told}");
        assert_eq!((report.counts.failed, report.counts.stored), (0, readable as u64), "{told}");
        fake.state().readable.set(usize::MAX);
        let (report, _) = world.run_over(connector, Arc::new(NoFault)).await;
        ended(&report, RunState::Succeeded);
        assert_eq!(report.counts.stored, u64::from(MESSAGES) - readable as u64, "{told}");
    }
}
