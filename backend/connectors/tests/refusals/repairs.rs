//! Messages that the destination refuses as they are.

use mailferry_connectors::memory::{Mishap, StoredMessage};
use mailferry_domain::item::Flags;
use mailferry_engine::run::RunEnd;
use mailferry_shared::{finding::FindingCode, run::RunState};

use crate::world::{StopAt, World, date, ended, notes, path, told};

/// As strict as Cyrus: no NUL, no bare LF, and a header that ends.
fn is_clean(message: &StoredMessage) -> bool {
    let bytes = &message.bytes;
    let bare = (0..bytes.len()).any(|at| bytes[at] == b'\n' && (at == 0 || bytes[at - 1] != b'\r'));
    !bare && !bytes.contains(&0) && (bytes.starts_with(b"\r\n") || bytes.windows(4).any(|four| four == b"\r\n\r\n"))
}

const GOOD: &str = "Subject: good\r\n\r\nx\r\n";
const NUL: &str = "Subject: NUL\r\n\r\na\0b\r\n";
const BARE: &str = "Subject: bare\n\nx\n";
const NO_END: &str = "Subject: no end";

/// Odd ones among good ones, one of them twice, and one large enough for a spool.
fn strict_world() -> World {
    let world = World::new();
    world.destination().take_only(is_clean);
    let large = format!("Subject: large\r\n\r\n{}", "0123456789abcde\n".repeat(100_000));
    for (day, text) in (1..).zip([GOOD, NUL, BARE, GOOD, NO_END, BARE, &large, GOOD]) {
        world.add("INBOX", day, text);
    }
    world
}

fn expected() -> Vec<String> {
    let mut texts = vec![
        GOOD.to_owned(),
        GOOD.to_owned(),
        GOOD.to_owned(),
        "Subject: NUL\r\n\r\nab\r\n".to_owned(),
        "Subject: bare\r\n\r\nx\r\n".to_owned(),
        "Subject: bare\r\n\r\nx\r\n".to_owned(),
        "Subject: no end\r\n\r\n".to_owned(),
        format!("Subject: large\r\n\r\n{}", "0123456789abcde\r\n".repeat(100_000)),
    ];
    texts.sort();
    texts
}

const REPAIRED: [&str; 5] = [
    "INBOX (UID 2, NUL bytes)",
    "INBOX (UID 3, line ends)",
    "INBOX (UID 5, end of the last line, form of the header)",
    "INBOX (UID 6, line ends)",
    "INBOX (UID 7, line ends)",
];

#[tokio::test]
async fn what_is_refused_as_it_is_arrives_repaired_and_noted() {
    let world = strict_world();
    let (report, protocol) = world.run().await;
    ended(&report, RunState::Succeeded);
    assert_eq!(report.counts.stored, 8);
    assert!(world.there("INBOX") == expected(), "all arrive");
    let mut notes = told(&protocol);
    notes.sort();
    assert_eq!(notes, REPAIRED.map(|topic| (FindingCode::MessageRepaired, topic.to_owned())));
    let (report, protocol) = world.run().await;
    ended(&report, RunState::Succeeded);
    assert_eq!((report.counts.stored, report.counts.present), (0, 8));
    assert!(protocol.notes.is_empty());
}

#[tokio::test]
async fn a_run_that_repairs_stopped_at_any_step_loses_and_doubles_nothing() {
    let steps = StopAt::steps_of(&strict_world()).await;
    assert!(steps > 20, "{steps} steps only");
    for step in 0..steps {
        let world = strict_world();
        let (stopped, _) = world.run_with(StopAt::new(step)).await;
        assert!(matches!(stopped.end, RunEnd::Interrupted(_)), "{:?}", stopped.end);
        let (report, protocol) = world.resume().await;
        ended(&report, RunState::Succeeded);
        assert!(world.there("INBOX") == expected(), "stopped at step {step}: {}", world.there("INBOX").len());
        let mut notes = told(&protocol);
        notes.sort();
        assert_eq!(
            notes,
            REPAIRED.map(|topic| (FindingCode::MessageRepaired, topic.to_owned())),
            "stopped at step {step}"
        );
        let (again, _) = world.run().await;
        assert_eq!((again.counts.stored, again.counts.present), (0, 8), "stopped at step {step}");
    }
}

#[tokio::test]
async fn a_line_that_is_lost_while_messages_are_repaired_loses_and_doubles_nothing() {
    for untold in [false, true] {
        for call in 0..12 {
            for mishap in [Mishap::LostBefore, Mishap::LostAfter(1), Mishap::Late(1), Mishap::Late(2)] {
                let world = World::new();
                world.destination().take_only(is_clean);
                for (day, text) in (1..).zip([GOOD, NUL, BARE, BARE, NO_END, GOOD]) {
                    world.add("INBOX", day, text);
                }
                if untold {
                    world.destination().tell_no_uids();
                }
                world.destination().store_mishaps(std::iter::repeat_n(Mishap::Fine, call).chain([mishap]));
                let (report, _) = world.run().await;
                ended(&report, RunState::Succeeded);
                let expected = [
                    "Subject: NUL\r\n\r\nab\r\n",
                    "Subject: bare\r\n\r\nx\r\n",
                    "Subject: bare\r\n\r\nx\r\n",
                    GOOD,
                    GOOD,
                    "Subject: no end\r\n\r\n",
                ];
                assert_eq!(world.there("INBOX"), expected, "{mishap:?} at call {call}, UIDs untold: {untold}");
                let (again, _) = world.run().await;
                assert_eq!((again.counts.stored, again.counts.present), (0, 6), "{mishap:?} at call {call}");
            }
        }
    }
}

#[tokio::test]
async fn new_uids_at_either_side_double_no_repaired_message() {
    for (at_source, at_destination) in [(true, false), (false, true), (true, true)] {
        let world = strict_world();
        ended(&world.run().await.0, RunState::Succeeded);
        if at_source {
            world.source().renumber(&path("INBOX"));
        }
        if at_destination {
            world.destination().renumber(&path("INBOX"));
        }
        for _ in 0..2 {
            ended(&world.run().await.0, RunState::Succeeded);
            assert_eq!(world.there("INBOX").len(), 8, "source {at_source}, destination {at_destination}");
        }
    }
}

#[tokio::test]
async fn a_ledger_that_is_older_than_the_destination_doubles_no_repaired_message() {
    let first = strict_world();
    ended(&first.run().await.0, RunState::Succeeded);
    let mut second = strict_world();
    second.connector.destination = first.connector.destination.clone();
    let (report, _) = second.run().await;
    ended(&report, RunState::Succeeded);
    assert_eq!((report.counts.stored, report.counts.present), (0, 8));
    assert!(second.there("INBOX") == expected());
}

#[tokio::test]
async fn what_no_repair_helps_has_failed_and_a_later_run_tries_it_again() {
    let world = World::new();
    world.destination().take_only(|message| !message.bytes.starts_with(b"Subject: virus"));
    world.add("INBOX", 1, "Subject: virus\n\nx");
    world.add("INBOX", 2, GOOD);
    let (report, protocol) = world.run().await;
    ended(&report, RunState::Partial);
    assert_eq!((report.counts.failed, report.counts.stored), (1, 1));
    assert_eq!(protocol.items[0].code, Some(FindingCode::MessageRefused));
    assert_eq!(notes(&protocol), []);
    world.destination().take_only(|_| true);
    let (report, _) = world.run().await;
    ended(&report, RunState::Succeeded);
    assert!(world.there("INBOX").contains(&"Subject: virus\n\nx".to_owned()), "as it is, once it is taken");
}

#[tokio::test]
async fn a_date_that_is_refused_falls_back_to_the_messages_own() {
    let world = World::new();
    world.destination().take_only(|message| message.internal_date.is_some_and(|date| date.timestamp() > 0));
    let text = "Date: Mon, 4 Mar 2019 09:00:00 +0000\r\n\r\nx\r\n";
    let never = chrono::DateTime::parse_from_rfc3339("1901-01-01T00:00:00+00:00").ok();
    world.source().add(&path("INBOX"), Flags::default(), never, text.as_bytes().to_vec());
    world.add("INBOX", 1, GOOD);
    let (report, protocol) = world.run().await;
    ended(&report, RunState::Succeeded);
    assert_eq!(told(&protocol), [(FindingCode::MessageRepaired, "INBOX (UID 1, date)".to_owned())]);
    let there = world.destination().messages(&path("INBOX"));
    assert!(there.iter().any(|message| message.internal_date.is_some_and(|date| date.timestamp() == 1_551_690_000)));
    assert!(there.iter().any(|message| message.internal_date == date(1)));
}
