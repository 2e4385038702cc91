//! A source that lists messages which it cannot deliver, and says so in one way or another.

use std::sync::Arc;

use mailferry_connectors::memory::MemoryConnector;
use mailferry_engine::port::NoFault;
use mailferry_shared::{finding::FindingCode, protocol::ItemOutcome, run::RunState};

use crate::{
    fake::{Damage, Fake, Mailbox, network},
    gmail::FromGmail,
    world::{World, ended},
};

const MESSAGES: u32 = 120;

async fn source(damaged: &[u32], damage: Damage) -> Fake {
    let mut mailbox = Mailbox::new();
    let day = "01-Jan-2020 10:00:00 +0100";
    for number in 1..=MESSAGES {
        let text = format!("Subject: {number}\r\n\r\nmessage {number}\r\n");
        mailbox.append("INBOX", text.into_bytes(), Vec::new(), day.to_owned());
    }
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
