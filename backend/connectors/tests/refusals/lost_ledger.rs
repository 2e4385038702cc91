//! The ledger is lost, and what a destination has made of messages lies there. Whether it changes what their parts say is
//! tried with one message at most, however often the run is begun again.

use std::sync::Arc;

use mailferry_domain::item::Flags;
use mailferry_engine::port::NoFault;
use mailferry_shared::{finding::FindingCode, run::RunState};
use mailferry_store::LedgerReport;

use crate::world::{StopAt, World, date, ended, path, told};

const FOLDERS: [&str; 3] = ["Drafts", "INBOX", "Sent"];
/// Of a folder, each of a day of its own.
const MAILS: u32 = 3;

fn mail(folder: &str, number: u32, text: &str) -> String {
    format!("Message-ID: <{number}@{folder}.example>\r\nSubject: {number}\r\n\r\n{text}\r\n")
}

/// What lies at the destination, without what it has added.
fn there(world: &World) -> Vec<String> {
    let texts = FOLDERS.iter().flat_map(|folder| world.there(folder));
    texts.map(|text| text.replace("This mail came from outside.\r\n", "")).collect()
}

fn doubled(protocol: &LedgerReport) -> Vec<String> {
    told(protocol)
        .into_iter()
        .filter(|(code, _)| *code == FindingCode::MessageDoubled)
        .map(|(_, topic)| topic)
        .collect()
}

/// A destination that puts a line below every text; each message lies there as it came of that, and nobody knows.
fn changing() -> World {
    let world = World::new();
    world.destination().rewrite(|mail| [mail, b"This mail came from outside.\r\n"].concat());
    for folder in FOLDERS {
        for number in 1..=MAILS {
            let mail = mail(folder, number, "a text");
            world.add(folder, number, &mail);
            let there = format!("{mail}This mail came from outside.\r\n").into_bytes();
            world.destination().add(&path(folder), Flags::default(), date(number), there);
        }
    }
    world
}

/// One that keeps bytes, where other messages lie with the same dates and Message-IDs.
fn keeping() -> World {
    let world = World::new();
    for folder in FOLDERS {
        for number in 1..=MAILS {
            world.add(folder, number, &mail(folder, number, "what counts"));
            let there = mail(folder, number, "another text").into_bytes();
            world.destination().add(&path(folder), Flags::default(), date(number), there);
        }
    }
    world
}

/// Runs that are stopped so many times at a step, then goes on to the end.
async fn stopped(world: &World, step: usize, times: usize) -> LedgerReport {
    let (_, _) = world.run_with(StopAt::new(step)).await;
    for _ in 1..times {
        world.resume_over(Arc::new(world.connector.clone()), StopAt::new(step)).await;
    }
    let (report, protocol) = world.resume_over(Arc::new(world.connector.clone()), Arc::new(NoFault)).await;
    ended(&report, RunState::Succeeded);
    protocol
}

async fn does_nothing_more(world: &World) {
    let before = there(world);
    let (report, _) = world.run().await;
    ended(&report, RunState::Succeeded);
    assert_eq!((report.counts.stored, there(world)), (0, before));
}

#[tokio::test]
async fn stopped_at_any_step_one_message_at_most_is_doubled_and_told_where_parts_are_changed() {
    let steps = StopAt::steps_of(&changing()).await;
    assert!(steps > 8, "{steps} steps");
    for times in [1, 3] {
        for step in 0..=steps {
            let world = changing();
            let protocol = stopped(&world, step, times).await;
            let expected: usize = FOLDERS.len() * MAILS as usize;
            let surplus = there(&world).len() - expected;
            let context = format!("stopped {times} times at step {step} of {steps}");
            assert!(surplus <= 1, "{context}: {surplus} are doubled: {:?}", told(&protocol));
            assert_eq!(doubled(&protocol).len(), surplus, "{context}: {:?}", told(&protocol));
            does_nothing_more(&world).await;
        }
    }
}

#[tokio::test]
async fn stopped_at_any_step_nothing_is_lost_or_doubled_where_bytes_are_kept() {
    let steps = StopAt::steps_of(&keeping()).await;
    assert!(steps > 0, "it can be stopped nowhere");
    for times in [1, 2] {
        for step in 0..=steps {
            let world = keeping();
            let protocol = stopped(&world, step, times).await;
            let ours = there(&world).iter().filter(|text| text.ends_with("what counts\r\n")).count();
            let context = format!("stopped {times} times at step {step} of {steps}");
            assert_eq!(ours, FOLDERS.len() * MAILS as usize, "{context}: {:?}", told(&protocol));
            assert_eq!(doubled(&protocol), Vec::<String>::new(), "{context}");
            does_nothing_more(&world).await;
        }
    }
}

/// Where no UIDs are told, nothing can be read back: all of it is sent, and told.
#[tokio::test]
async fn stopped_at_any_step_what_is_doubled_where_no_uids_are_told_is_told() {
    let blind = || {
        let world = changing();
        world.destination().tell_no_uids();
        world
    };
    let steps = StopAt::steps_of(&blind()).await;
    assert!(steps > 0, "it can be stopped nowhere");
    for step in 0..=steps {
        let world = blind();
        let protocol = stopped(&world, step, 1).await;
        let surplus = there(&world).len() - FOLDERS.len() * MAILS as usize;
        let notes = protocol.notes.iter().filter(|note| note.code == FindingCode::MessageDoubled);
        let told_of: u64 = notes.filter_map(|note| note.detail.as_ref()?.messages).sum();
        // Of a folder, the one that was sent first is settled before anything is known.
        let least = (surplus as u64).saturating_sub(FOLDERS.len() as u64);
        assert!(told_of >= least, "step {step} of {steps}: {surplus} are doubled: {:?}", told(&protocol));
        does_nothing_more(&world).await;
    }
}

/// Too large to be kept in memory: it is taken apart piece by piece.
#[tokio::test]
async fn a_large_message_that_is_encoded_anew_is_found_and_one_that_says_something_else_is_not() {
    for (changes, stored) in [(false, 0), (true, 1)] {
        let world = World::new();
        let text = "a long text\r\n".repeat(120_000);
        let mail = mail("INBOX", 1, &text);
        world.add("INBOX", 1, &mail);
        let (head, text) = mail.split_once("\r\n\r\n").expect("a header");
        let text = text.replace('o', "=6F").replace("\r\n", "\r\n=\r\n");
        let text = if changes { text.replacen("l=6Fng", "sh=6Frt", 1) } else { text };
        let there = format!("Received: here\r\n{head}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{text}");
        world.destination().add(&path("INBOX"), Flags::default(), date(1), there.into_bytes());
        let (report, protocol) = world.run().await;
        ended(&report, RunState::Succeeded);
        assert_eq!((report.counts.stored, report.counts.present), (stored, 1 - stored), "{:?}", told(&protocol));
        does_nothing_more(&world).await;
    }
}
