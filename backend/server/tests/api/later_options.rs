//! Options are changed between two runs, and the next run copies what the old ones left out, between real servers.

use mailferry_lab::{Client as Imap, Dovecot};
use serde_json::{Value, json};

use crate::moving::{between_servers, completed, delta};

const OLD: &str = " 7-Feb-2001 10:00:00 +0000";

/// A mailbox in which the options of the first run leave out a message for every reason, and keep one in each folder.
fn write(source: &Dovecot) {
    let mut there = Imap::login(&source.login("anna")).expect("logs in");
    for folder in ["Kept", "Left", "Trash"] {
        there.command(format!("CREATE {folder}").as_bytes()).expect("made");
    }
    let message = |name: &str, size: usize| format!("Subject: {name}\r\n\r\n{}\r\n", "y".repeat(size));
    for (folder, date, name, size) in [
        ("INBOX", None, "small", 10),
        ("INBOX", None, "large", 20_000),
        ("INBOX", Some(OLD), "old", 10),
        ("Kept", None, "kept", 10),
        ("Kept", None, "kept and large", 20_000),
        ("Left", None, "left", 10),
        ("Trash", None, "trash", 10),
    ] {
        there.append(folder, "", date, message(name, size).as_bytes()).expect("appended");
    }
}

fn counts(run: &Value) -> [u64; 4] {
    ["stored", "present", "skipped", "failed"].map(|count| run["counts"][count].as_u64().expect("a number"))
}

/// Messages of each folder at the destination.
fn there(destination: &Dovecot) -> Vec<(String, u64)> {
    let mut client = Imap::login(&destination.login("anna")).expect("logs in");
    let folders = client.list().expect("listed");
    let names = folders.iter().map(|folder| String::from_utf8(folder.name.clone()).expect("ASCII"));
    let mut held: Vec<_> = names.map(|name| (name.clone(), client.count(&name).expect("counted"))).collect();
    held.retain(|(_, messages)| *messages > 0);
    held.sort();
    held
}

#[tokio::test(flavor = "multi_thread")]
async fn options_changed_after_the_run_let_a_delta_copy_what_was_left_out_and_double_nothing() {
    between_servers(
        |servers| write(&servers.source),
        async |service, servers| {
            let strict = json!({"max_message_bytes": 10_000, "since": "2020-01-01", "leave_out": ["Left"]});
            let (order, client) = servers.started(service, "anna", strict).await;
            let first = completed(&client, &order).await;
            assert_eq!(counts(&first), [2, 0, 3, 0], "{first}");

            let actions = client.get(&order).await.json()["actions"].clone();
            assert_eq!(actions, json!(["start_delta", "change_options", "delete"]));
            let server = json!({"endpoint": {"host": "localhost", "port": 993}});
            client.patch(&order, json!({"source": server})).await.is_problem(409, "wrong_state");
            let rules = json!([
                {"source": "Left", "destination": "Right"},
                {"source": "Kept", "destination": "Elsewhere"},
            ]);
            let wide = json!({"options": {"include_trash": true, "folder_rules": rules}});
            let changed = client.patch(&order, wide).await;
            assert_eq!(
                (changed.status, &changed.json()["options"]["leave_out"]),
                (200, &json!([])),
                "{}",
                changed.text
            );

            let second = delta(&client, &order).await;
            assert_eq!(counts(&second), [5, 2, 0, 0], "large, old, left out and trash: {second}");
            let expected = [("INBOX", 3), ("Kept", 2), ("Right", 1), ("Trash", 1)];
            let expected = expected.map(|(folder, messages)| (folder.to_owned(), messages));
            assert_eq!(there(&servers.destination), expected, "what was copied stays where it is, and once");
            assert_eq!(counts(&delta(&client, &order).await), [0, 7, 0, 0]);
            assert_eq!(there(&servers.destination), expected);
        },
    )
    .await;
}
