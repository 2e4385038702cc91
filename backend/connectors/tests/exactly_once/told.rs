//! Destinations that tell wrong UIDs for what they have stored: the ledger believes none of it. And what is known of one
//! that keeps bytes.

use mailferry_connectors::memory::Mishap;
use mailferry_domain::{
    item::Flags,
    manifest::{ManifestEntry, ManifestOutcome},
    uid::Uid,
};
use mailferry_engine::port::Body;
use mailferry_shared::finding::FindingCode;

use crate::world::{World, clean, date, path, runs_again_without_doing_anything, succeeded};

type Tells = fn(Uid) -> Option<Uid>;

/// Each lies in a way of its own; what nobody can know is whether one of several alike is meant.
const LIES: [(&str, Tells); 6] = [
    ("too high", |uid| Some(Uid(uid.0 + 1000))),
    ("a little too high", |uid| Some(Uid(uid.0 + 1))),
    ("always the first", |_| Some(Uid(1))),
    ("what lay there before", |uid| Some(Uid(uid.0.saturating_sub(2).max(1)))),
    ("two change places", |uid| Some(Uid(((uid.0 - 1) ^ 1) + 1))),
    ("always the same one that does not exist", |_| Some(Uid(77))),
];

fn entry_is_true(world: &World, entry: &ManifestEntry, told: &str) {
    let folder = path(&entry.destination.folder);
    let there = world.connector.destination.messages(&folder);
    let Some(uid) = entry.destination.uid else { return };
    let message = there.iter().find(|message| message.uid.0 == uid);
    let bytes = message.map(|message| Body::from_bytes(message.bytes.clone()).key().hash);
    assert_eq!(bytes, entry.sha256, "{told}: UID {uid} of {folder}");
}

#[tokio::test]
async fn a_destination_that_lies_about_uids_is_not_believed_and_nothing_is_lost_or_doubled() {
    let (expected, counts) = clean().await;
    for (told, tells) in LIES {
        let world = World::new();
        world.connector.destination.tell_uids(tells);
        let report = world.run().await;
        succeeded(&report);
        assert_eq!((world.destination(), report.counts.stored), (expected.clone(), counts.stored), "{told}");
        let entries = world.manifest().await;
        assert_eq!(entries.len() as u64, counts.listed, "{told}");
        for entry in &entries {
            entry_is_true(&world, entry, told);
        }
        runs_again_without_doing_anything(&world).await;
    }
}

/// What the destination has of it is taken: a second one is a message of its own.
#[tokio::test]
async fn a_second_message_like_one_that_was_stored_under_a_false_uid_is_copied_all_the_same() {
    for (told, tells) in LIES {
        let world = World::new();
        world.connector.destination.tell_uids(tells);
        succeeded(&world.run().await);
        for (day, text) in [(22, "six"), (23, "one")] {
            world.connector.source.add(&path("INBOX"), Flags::default(), date(day), text.as_bytes().to_vec());
        }
        let report = world.run().await;
        succeeded(&report);
        assert_eq!(report.counts.stored, 2, "{told}: {:?}", report.counts);
        let there = world.connector.destination.messages(&path("INBOX"));
        let six = there.iter().filter(|message| message.bytes.as_ref() == b"six").count();
        assert_eq!(six, 2, "{told}");
        runs_again_without_doing_anything(&world).await;
    }
}

#[tokio::test]
async fn changes_of_flags_never_reach_a_message_that_a_false_uid_points_at() {
    for (told, tells) in LIES {
        let mut world = World::new();
        world.options.carry_flags = true;
        let inbox = path("INBOX");
        world.connector.destination.tell_uids(tells);
        succeeded(&world.run().await);
        let before = world.connector.destination.messages(&inbox);
        // All of the source's get the flag that none has: whatever carries it is ours, under its own UID.
        for message in world.connector.source.messages(&inbox) {
            world.connector.source.set_flags(&inbox, message.uid, &Flags::new(["changed"]));
        }
        succeeded(&world.run().await);
        let ours: Vec<Uid> = world
            .manifest()
            .await
            .iter()
            .filter(|entry| entry.destination.folder == "INBOX" && entry.outcome == ManifestOutcome::Stored)
            .filter_map(|entry| entry.destination.uid.map(Uid))
            .collect();
        for (now, then) in world.connector.destination.messages(&inbox).iter().zip(&before) {
            assert!(now.flags == then.flags || ours.contains(&now.uid), "{told}: {now:?} was {then:?}");
        }
    }
}

/// The owner deletes what has just come: that is no lie, and the others keep their UIDs.
#[tokio::test]
async fn a_destination_that_tells_the_truth_is_believed() {
    let world = World::new();
    succeeded(&world.run().await);
    let entries = world.manifest().await;
    assert!(entries.iter().all(|entry| entry.destination.uid.is_some()), "{entries:?}");
    for entry in &entries {
        entry_is_true(&world, entry, "the truth");
    }
}

/// A rule at the destination moves most of what comes first.
#[tokio::test]
async fn what_is_moved_away_at_once_makes_no_liar_of_a_destination() {
    let (world, inbox) = (World::empty(), path("INBOX"));
    for day in 1..=9 {
        let text = format!("Subject: {day}\r\n\r\nx\r\n");
        world.connector.source.add(&inbox, Flags::default(), date(day), text.into_bytes());
    }
    world.connector.destination.move_away(|message| message.bytes.as_ref() < b"Subject: 6".as_slice());
    let report = world.run().await;
    succeeded(&report);
    assert_eq!((report.counts.stored, world.connector.destination.messages(&inbox).len()), (9, 4));
    let entries = world.manifest().await;
    assert_eq!(entries.iter().filter(|entry| entry.destination.uid.is_some()).count(), 4, "{entries:?}");
    for entry in &entries {
        entry_is_true(&world, entry, "what is left");
    }
    runs_again_without_doing_anything(&world).await;
}

/// A service of several machines: the one that is asked first has not heard of what another one has stored.
#[tokio::test]
async fn a_destination_that_lags_behind_what_it_tells_is_looked_at_once_more() {
    let (world, inbox) = (World::empty(), path("INBOX"));
    for (day, text) in [(1, "one"), (2, "two"), (3, "three")] {
        world.connector.source.add(&inbox, Flags::default(), date(day), text.as_bytes().to_vec());
    }
    world.connector.destination.store_mishaps([Mishap::Unseen(2)]);
    succeeded(&world.run().await);
    let entries = world.manifest().await;
    assert!(entries.len() == 3 && entries.iter().all(|entry| entry.destination.uid.is_some()), "{entries:?}");
    for entry in &entries {
        entry_is_true(&world, entry, "the truth");
    }
    runs_again_without_doing_anything(&world).await;
}

/// Both accounts got the mail, in the same second, each with lines of its own: two messages, if the destination keeps bytes.
#[tokio::test]
async fn where_bytes_are_kept_a_message_of_the_same_second_and_message_id_is_another_one() {
    let inbox = path("INBOX");
    let mail = |who: &str| format!("Delivered-To: {who}\r\nMessage-ID: <m@example.org>\r\n\r\ntext\r\n").into_bytes();
    for (others, stored, present) in [(true, 2, 0), (false, 0, 1)] {
        let world = World::empty();
        world.connector.destination.add(&inbox, Flags::default(), date(3), mail("new"));
        world.connector.source.add(&inbox, Flags::default(), date(3), mail("old"));
        if others {
            world.connector.source.add(&inbox, Flags::default(), date(4), b"Subject: x\r\n\r\nx\r\n".to_vec());
        }
        let report = world.run().await;
        succeeded(&report);
        assert_eq!((report.counts.stored, report.counts.present), (stored, present), "{:?}", report.notes);
        let taken: Vec<_> = report.notes.iter().map(|note| (note.code, note.topic())).collect();
        let expected = (FindingCode::TakenForSame, Some("INBOX (1 message)".to_owned()));
        assert_eq!(taken, if others { vec![] } else { vec![expected] }, "what nothing tells is noted");
        runs_again_without_doing_anything(&world).await;
    }
}

/// Another tool has filled the mailbox before, with a line of its own in every message or in a spelling of its own; one
/// message was dragged over by a mail program, which keeps bytes.
#[tokio::test]
async fn a_mailbox_that_another_tool_has_filled_is_not_doubled_for_one_message_that_was_dragged_over() {
    let inbox = path("INBOX");
    let mail = |number: u32| format!("Message-ID: <{number}@example.org>\r\nSubject: x\r\n\r\n{number}\r\n");
    let adds: fn(String) -> String = |mail| format!("X-TUID: 0123456789ab\r\n{mail}");
    let rewrites: fn(String) -> String = |mail| mail.replace("Subject: ", "Subject:");
    let both: fn(String) -> String =
        |mail| format!("X-TUID: 0123456789ab\r\n{}", mail.replace("Subject: x", "SUBJECT:\r\n =?utf-8?Q?=78?="));
    // Where one is stored, the destination itself is seen to keep bytes.
    let cases = [(adds, 0), (rewrites, 0), (both, 0), (adds, 1), (rewrites, 1), (both, 1)];
    for (tool, new) in cases {
        let world = World::empty();
        let (source, destination) = (&world.connector.source, &world.connector.destination);
        for number in 1..=6 {
            source.add(&inbox, Flags::default(), date(number), mail(number).into_bytes());
            let there = if number == 3 { mail(number) } else { tool(mail(number)) };
            destination.add(&inbox, Flags::default(), date(number), there.into_bytes());
        }
        for number in 0..new {
            source.add(&inbox, Flags::default(), date(20 + number), mail(20 + number).into_bytes());
        }
        let report = world.run().await;
        succeeded(&report);
        assert_eq!((report.counts.stored, report.counts.present), (new.into(), 6), "{:?}", report.notes);
        runs_again_without_doing_anything(&world).await;
    }
}

fn mail(number: u32, text: &str) -> Vec<u8> {
    format!("Message-ID: <{number}@example.org>\r\nSubject: {number}\r\n\r\n{text}\r\n").into_bytes()
}

/// Copies mails into a destination that makes something of what it stores; then the ledger is lost, and they are copied
/// again. What was stored then, and what was noted.
async fn copied_again_without_a_ledger(
    rewrites: fn(&[u8]) -> Vec<u8>,
    (folders, connections): (&[&str], usize),
    mails: &[Vec<u8>],
) -> (u64, Vec<FindingCode>) {
    let world = World::empty();
    world.connector.destination.rewrite(rewrites);
    for folder in folders {
        for (day, mail) in (1..).zip(mails) {
            world.connector.source.add(&path(folder), Flags::default(), date(day), mail.clone());
        }
    }
    succeeded(&world.run().await);
    let mut forgetful = World::empty();
    forgetful.options.connections = connections;
    forgetful.connector = world.connector.clone();
    let report = forgetful.run().await;
    succeeded(&report);
    runs_again_without_doing_anything(&forgetful).await;
    (report.counts.stored, report.notes.iter().map(|note| note.code).collect())
}

/// A list sends its copy with a footer in the second in which the direct one comes; at the new account only one of both
/// is there, and nothing else is to be copied that would tell that bytes are kept.
#[tokio::test]
async fn a_message_that_says_something_else_is_copied_though_nothing_tells_that_bytes_are_kept() {
    for (number, tells_uids) in [(1, true), (5, true), (1, false), (5, false)] {
        let (world, inbox) = (World::empty(), path("INBOX"));
        if !tells_uids {
            world.connector.destination.tell_no_uids();
        }
        for number in 1..=number {
            world.connector.source.add(&inbox, Flags::default(), date(number), mail(number, "what counts"));
            world.connector.destination.add(&inbox, Flags::default(), date(number), mail(number, "another text"));
        }
        let report = world.run().await;
        succeeded(&report);
        assert_eq!((report.counts.stored, report.counts.present), (number.into(), 0), "{:?}", report.notes);
        // Who tells no UIDs has shown nothing: any of them may have lain there.
        let told: Vec<_> = report.notes.iter().map(|note| (note.code, note.topic())).collect();
        let topic = format!("INBOX ({number} message{})", if number == 1 { "" } else { "s" });
        assert_eq!(told, if tells_uids { vec![] } else { vec![(FindingCode::MessageDoubled, Some(topic))] });
        let there = world.connector.destination.messages(&inbox);
        assert_eq!(there.iter().filter(|message| message.bytes.ends_with(b"what counts\r\n")).count(), number as usize);
        runs_again_without_doing_anything(&world).await;
    }
}

/// As Exchange does: every header and every part is written anew. What they say stays the same.
#[tokio::test]
async fn a_destination_that_encodes_everything_anew_doubles_nothing_when_the_ledger_is_lost() {
    let anew: fn(&[u8]) -> Vec<u8> = |mail| {
        let text = String::from_utf8_lossy(mail).replace("Subject: ", "subject:  ").replace("ue", "=75e");
        let (head, body) = text.split_once("\r\n\r\n").expect("a header");
        format!("Received: here\r\n{head}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{body}\r\n")
            .into_bytes()
    };
    let mails: Vec<Vec<u8>> = (1..=9).map(|number| mail(number, "a true text")).collect();
    let (stored, notes) = copied_again_without_a_ledger(anew, (&["INBOX"], 1), &mails).await;
    assert_eq!((stored, notes.as_slice()), (0, [FindingCode::TakenForSame].as_slice()));
}

/// One message is sent to see whether the destination is so; that one is doubled, and told. The others are found.
#[tokio::test]
async fn a_destination_that_changes_what_messages_say_doubles_one_of_many_when_the_ledger_is_lost() {
    let banner: fn(&[u8]) -> Vec<u8> = |mail| [mail, b"This mail came from outside.\r\n"].concat();
    let mails: Vec<Vec<u8>> = (1..=9).map(|number| mail(number, "a text")).collect();
    let many = ["INBOX", "Sent", "Drafts", "Work"];
    for (folders, connections) in [(&many[..1], 1), (&many, 1), (&many, 4)] {
        let (stored, mut notes) = copied_again_without_a_ledger(banner, (folders, connections), &mails).await;
        let doubled = notes.iter().filter(|code| **code == FindingCode::MessageDoubled).count();
        notes.retain(|code| *code != FindingCode::MessageDoubled);
        assert_eq!((stored, doubled), (1, 1), "{} folders, {connections} connections", folders.len());
        assert_eq!(notes, vec![FindingCode::TakenForSame; folders.len()]);
    }
}

/// What is sent to see what becomes of it may be refused: nothing was seen then, and what is sent all the same is told.
#[tokio::test]
async fn what_is_sent_in_doubt_is_told_where_the_message_that_was_to_tell_is_refused() {
    let (world, inbox) = (World::empty(), path("INBOX"));
    for number in 1..=5 {
        let size = 10 + number as usize;
        world.connector.source.add(&inbox, Flags::default(), date(number), mail(number, &"x".repeat(size)));
        world.connector.destination.add(&inbox, Flags::default(), date(number), mail(number, "another text"));
    }
    // The smallest, and with it the first that is tried.
    world.connector.destination.take_only(|message| !message.bytes.ends_with(b"\n\r\nxxxxxxxxxxx\r\n"));
    let report = world.run().await;
    assert_eq!((report.counts.stored, report.counts.failed), (4, 1), "{:?}", report.notes);
    let doubled = report.notes.iter().find(|note| note.code == FindingCode::MessageDoubled).expect("a note");
    assert_eq!(doubled.topic().as_deref(), Some("INBOX (4 messages)"));
}
