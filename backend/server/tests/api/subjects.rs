//! The protocol shows subjects only while the owner wants to see them. (That otherwise none is kept anywhere: `canary`.)

use mailferry_lab::{Client as Imap, Dovecot};
use serde_json::{Value, json};

use crate::{
    harness::Client,
    moving::{Servers, between_servers, completed, delta},
};

const DUPLICATE: &[u8] = b"Subject: there before\r\nMessage-ID: <1@old.example>\r\n\r\nbody\r\n";

fn append(server: &Dovecot, message: &[u8]) {
    Imap::login(&server.login("anna")).expect("logs in").append("INBOX", "", None, message).expect("appended");
}

/// One message that is copied, one that is there already, and one that is too large.
fn fill(servers: &Servers) {
    let large = format!("Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\n aus Rom\r\n\r\n{}\r\n", "y".repeat(5_000));
    for message in [b"Subject: simply copied\r\n\r\nbody\r\n", DUPLICATE, large.as_bytes()] {
        append(&servers.source, message);
    }
    append(&servers.destination, DUPLICATE);
}

/// Outcome and subject of the messages that a run's protocol tells of.
async fn told(client: &Client, order: &str, run: &Value) -> Vec<(String, Option<String>)> {
    let pairs = client.get(&format!("{order}/accounts")).await.json();
    let (pair, run) = (pairs["items"][0]["id"].as_str().expect("an id"), run["id"].as_str().expect("an id"));
    let path = format!("{order}/accounts/{pair}/runs/{run}/protocol");
    let protocol = client.get(&path).await.json();
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let items = protocol["items"].as_array().expect("items").iter();
    let told: Vec<_> = items.map(|item| (text(&item["outcome"]).expect("one"), text(&item["subject"]))).collect();
    let csv = client.get(&format!("{path}.csv")).await.text;
    for subject in told.iter().filter_map(|(_, subject)| subject.as_ref()) {
        assert!(csv.contains(subject), "{csv}");
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn subjects_are_in_the_protocol_only_while_the_owner_wants_to_see_them() {
    between_servers(fill, async |service, servers| {
        let options = json!({"max_message_bytes": 1_000, "show_subjects": true});
        let (order, client) = servers.started(service, "anna", options).await;
        let run = completed(&client, &order).await;
        let named = |outcome: &str, subject: Option<&str>| (outcome.to_owned(), subject.map(ToOwned::to_owned));
        let shown = [named("skipped", Some("Grüße aus Rom")), named("duplicate", Some("there before"))];
        assert_eq!(told(&client, &order, &run).await, shown);
        let stored = service.answered.lock().expect("no panic").contains("simply copied");
        assert!(!stored, "of what was copied no subject is read");

        let off = json!({"options": {"max_message_bytes": 1_000}});
        assert_eq!(client.patch(&order, off).await.status, 200);
        let erased = [named("skipped", None), named("duplicate", None)];
        assert_eq!(told(&client, &order, &run).await, erased, "what was kept is erased");
        let again = delta(&client, &order).await;
        assert_eq!(told(&client, &order, &again).await, [named("skipped", None)]);
    })
    .await;
}
