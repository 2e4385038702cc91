//! What big providers say when one is too fast for them, has too many connections or makes too many errors: it is waited
//! for, nothing is blamed on messages, folders or mailboxes, and everything arrives once.

use std::{sync::Arc, time::Duration};

use mailferry_connectors::net::Patience;
use mailferry_engine::{
    port::{Connector, NoFault},
    run::{RunEnd, RunReport},
};
use mailferry_lab::{Client, Dovecot, DovecotOptions, Fault, Plan, Proxy};
use mailferry_shared::{finding::FindingCode, run::RunState};

use crate::{
    fake::{Fake, Mailbox, Words, login_at, network},
    gmail::{FromGmail, ToGmail},
    world::{World, ended},
};

/// The words, and what they are taken for; `None` where a run does not even have to stop.
const WORDS: [(&str, Option<FindingCode>); 14] = [
    ("NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)", Some(FindingCode::Throttled)),
    ("NO [ALERT] Account exceeded command or bandwidth limits. (Failure)", Some(FindingCode::Throttled)),
    ("BYE [OVERQUOTA] Bandwidth limits exceeded", Some(FindingCode::Throttled)),
    ("NO [THROTTLED] Slow down", Some(FindingCode::Throttled)),
    ("NO [LIMIT] UID FETCH Rate limit hit.", Some(FindingCode::Throttled)),
    ("BAD Request is throttled. Suggested Backoff Time: 20 milliseconds", None),
    ("BYE Request is throttled. Suggested Backoff Time: 299961 milliseconds", Some(FindingCode::Throttled)),
    ("BYE [ALERT] Too many simultaneous connections. (Failure)", Some(FindingCode::TooManyConnections)),
    ("NO [LIMIT] Try again later", None),
    ("NO [SERVERBUG] Internal error occurred. Refer to server log for more information.", None),
    ("NO [UNAVAILABLE] Temporary System Error", None),
    ("NO [INUSE] Mailbox is busy", None),
    ("BYE Session expired, please login again.", None),
    ("BYE Connection is closed. 13", None),
];

fn world() -> World {
    let mut world = World::new();
    // Whoever is told to wait for longer stops.
    world.options.longest_wait = Duration::from_secs(1);
    world
}

/// Runs until the copy has come to its end; what it stopped for meanwhile.
async fn until_done<C: Connector>(world: &World, connector: Arc<C>) -> (RunReport, Vec<FindingCode>) {
    let mut stopped_for = Vec::new();
    for _ in 0..5 {
        let (report, _) = world.run_over(connector.clone(), Arc::new(NoFault)).await;
        match report.end {
            RunEnd::Postponed(error, wait) => {
                assert!(wait >= Duration::from_secs(1), "{wait:?}");
                stopped_for.push(error.code);
            }
            _ => return (report, stopped_for),
        }
    }
    panic!("never done: {stopped_for:?}");
}

fn texts(numbers: std::ops::Range<u32>) -> Vec<String> {
    let mut texts: Vec<String> = numbers.map(|number| format!("message {number}")).collect();
    texts.sort();
    texts
}

#[tokio::test]
async fn a_destination_that_slows_us_down_is_waited_for_and_everything_arrives_once() {
    for (n, (words, expected)) in WORDS.into_iter().enumerate() {
        for verb in ["APPEND", ["SELECT", "AUTHENTICATE"][n % 2]] {
            let fake = Fake::start(Mailbox::new()).await;
            let world = world();
            (0..7).for_each(|number| world.add("INBOX", 1, &format!("message {number}")));
            let after = if verb == "APPEND" { 2 } else { 0 };
            fake.say([Words { verb, after, times: 1, line: words }]);
            let connector =
                Arc::new(ToGmail { network: network(), login: fake.login(), from: world.connector.clone() });
            let (report, stopped_for) = until_done(&world, connector).await;
            ended(&report, RunState::Succeeded);
            assert_eq!(stopped_for.first().copied(), expected, "{words} at {verb}");
            let mut there = fake.state().mailbox.texts("INBOX");
            there.sort();
            assert_eq!(there, texts(0..7), "{words} at {verb}");
        }
    }
}

#[tokio::test]
async fn a_source_that_slows_us_down_is_waited_for_and_no_folder_is_called_unreadable() {
    for (n, (words, expected)) in WORDS.into_iter().enumerate() {
        for verb in ["UID FETCH", ["EXAMINE", "LIST", "AUTHENTICATE"][n % 3]] {
            let mut mailbox = Mailbox::new();
            for number in 0..7 {
                mailbox.add(&["INBOX"], "", &format!("message {number}"));
            }
            let fake = Fake::start(mailbox).await;
            let world = world();
            fake.say([Words { verb, after: 0, times: 1, line: words }]);
            let connector =
                Arc::new(FromGmail { network: network(), login: fake.login(), to: world.connector.clone() });
            let (report, stopped_for) = until_done(&world, connector).await;
            ended(&report, RunState::Succeeded);
            assert_eq!(stopped_for.first().copied(), expected, "{words} at {verb}");
            assert_eq!(world.there("INBOX"), texts(0..7), "{words} at {verb}");
        }
    }
}

#[tokio::test]
async fn where_fewer_connections_are_allowed_fewer_are_used() {
    let fake = Fake::start(Mailbox::new()).await;
    fake.state().most_connections = 1;
    let mut world = world();
    world.options.connections = 3;
    for number in 0..30 {
        world.add(&format!("Folder {}", number % 5), 1, &format!("message {number}"));
    }
    let connector = Arc::new(ToGmail { network: network(), login: fake.login(), from: world.connector.clone() });
    let (report, stopped_for) = until_done(&world, connector.clone()).await;
    ended(&report, RunState::Succeeded);
    assert_eq!((report.counts.stored + report.counts.present, stopped_for), (30, Vec::new()));
    // Without any connection nothing fails either.
    world.add("INBOX", 2, "later");
    fake.state().most_connections = 0;
    let (report, _) = world.run_over(connector.clone(), Arc::new(NoFault)).await;
    let crowded = matches!(&report.end, RunEnd::Postponed(error, _) if error.code == FindingCode::TooManyConnections);
    assert!(crowded, "{:?}", report.end);
    fake.state().most_connections = 15;
    ended(&until_done(&world, connector).await.0, RunState::Succeeded);
    assert_eq!(fake.state().mailbox.texts("INBOX"), ["later"]);
}

/// As Microsoft's servers do.
#[tokio::test]
async fn a_server_that_closes_after_ten_errors_gets_all_good_messages_and_every_bad_one_has_failed() {
    let fake = Fake::start(Mailbox::new()).await;
    (fake.state().errors, fake.state().refuses) = (10, Some("bad"));
    let world = world();
    for number in 0..40 {
        let kind = if number % 2 == 0 { "bad" } else { "message" };
        world.add("INBOX", 1, &format!("Subject: {kind} {number}\n\nbare\nlines\u{e4}"));
    }
    let connector = Arc::new(ToGmail { network: network(), login: fake.login(), from: world.connector.clone() });
    let (report, _) = until_done(&world, connector).await;
    ended(&report, RunState::Partial);
    assert_eq!((report.counts.failed, report.counts.stored), (20, 20), "{:?}", report.counts);
    assert_eq!(fake.state().mailbox.texts("INBOX").len(), 20);
    assert!(fake.state().logins < 40, "{}", fake.state().logins);
}

#[tokio::test]
async fn a_destination_whose_disk_is_full_is_left_alone_for_a_while() {
    for words in [
        "NO [SERVERBUG] Internal error occurred. Refer to server log for more information.",
        "NO No space left on device",
        "NO [UNAVAILABLE] write failed",
    ] {
        let fake = Fake::start(Mailbox::new()).await;
        let world = world();
        for folder in ["INBOX", "Work", "Home"] {
            world.add(folder, 1, &format!("in {folder}"));
        }
        fake.say([Words { verb: "APPEND", after: 1, times: 1000, line: words }]);
        let connector = Arc::new(ToGmail { network: network(), login: fake.login(), from: world.connector.clone() });
        let (report, _) = world.run_over(connector.clone(), Arc::new(NoFault)).await;
        let left = matches!(&report.end, RunEnd::Postponed(error, _) if error.code == FindingCode::StorageFailing);
        assert!(left && report.counts.failed == 0, "{words}: {:?}, {:?}", report.end, report.counts);
        assert!(fake.heard("APPEND") <= 12, "{words}: {} tries", fake.heard("APPEND"));
        fake.say([]);
        ended(&until_done(&world, connector).await.0, RunState::Succeeded);
        assert_eq!(fake.state().mailbox.messages.len(), 3);
    }
}

/// A byte a millisecond: one message takes longer than a server may say nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_message_over_a_slow_line_arrives_as_long_as_the_line_moves() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    let text = format!("Subject: large\r\n\r\n{}", "0123456789abcdef\r\n".repeat(600));
    let mut client = Client::login(&server.login("anna")).expect("logs in");
    client.append("INBOX", "", None, text.as_bytes()).expect("appends");
    drop(client);
    let silent = Duration::from_secs(2);
    let patience = Patience { idle: silent, append: silent, ..Patience::default() };
    // Should the machine stand still for so long itself, it is tried once more.
    for _ in 0..5 {
        let proxy = Proxy::start(server.imap_port()).expect("a proxy");
        let slowly = Fault::Trickle(Duration::from_millis(1));
        proxy.plan(Plan { to_client: Some((1_000, slowly)), to_server: None });
        let (network, login) = (network().with_patience(patience), login_at(proxy.port()));
        let world = World::new();
        let connector = Arc::new(FromGmail { network, login, to: world.connector.clone() });
        let (report, _) = world.run_over(connector, Arc::new(NoFault)).await;
        ended(&report, RunState::Succeeded);
        assert_eq!(world.there("INBOX"), [text.as_str()]);
        if proxy.passed().len() == 1 {
            return;
        }
    }
    panic!("a line that moved was given up again and again");
}
