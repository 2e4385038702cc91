//! Verify over the API, against real servers: one message is deleted, one altered, and both are named.

use std::path::Path;

use mailferry_lab::{Client as Imap, Sample};
use serde_json::{Value, json};

use crate::{
    harness::{Client, Service, on_both},
    moving::{Servers, between_servers, until},
};

const ONE: &[u8] =
    b"From: a@example.org\r\nSubject: the one\r\nMessage-ID: <one@example.org>\r\n\r\nbody of the one\r\n";

/// A mailbox at the old server.
fn fill(servers: &Servers) {
    Sample::Tiny.write(&servers.source, "anna").expect("a mailbox");
    let mut client = Imap::login(&servers.source.login("anna")).expect("logs in");
    client.append("INBOX", "", None, ONE).expect("the one");
}

async fn verify(client: &Client, order: &str) -> Value {
    let started = client.post(&format!("{order}/verifications"), json!({})).await;
    assert_eq!(started.status, 202, "{}", started.text);
    assert_eq!(started.json()["finished"], false);
    let location = started.header("location").to_owned();
    until(client, &location, |verification| verification["finished"] == true).await
}

/// Changes a message where it lies, with its date.
fn alter(folder: &Path, from: &str, to: &str) {
    for file in std::fs::read_dir(folder).expect("a Maildir") {
        let path = file.expect("a file").path();
        let text = std::fs::read(&path).expect("a message");
        if let Some(at) = text.windows(from.len()).position(|window| window == from.as_bytes()) {
            let date = path.metadata().and_then(|known| known.modified()).expect("a time");
            std::fs::write(&path, [&text[..at], to.as_bytes(), &text[at + from.len()..]].concat()).expect("written");
            let file = std::fs::File::options().write(true).open(&path).expect("opens");
            return file.set_modified(date).expect("dated");
        }
    }
    panic!("no message holds {from}");
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_names_what_was_deleted_or_altered_at_the_destination() {
    between_servers(fill, async |service, servers| {
        let (order, client) = service.order().await;
        let order = format!("/api/v1/orders/{order}");
        assert_eq!(client.post(&format!("{order}/accounts"), servers.account("anna")).await.status, 201);
        let nothing = client.post(&format!("{order}/verifications"), json!({})).await;
        nothing.is_problem(409, "wrong_state");
        let batch = service.operator().post("/api/v1/vouchers", json!({"pairs": 1})).await.json();
        client.post(&format!("{order}/voucher"), json!({"code": batch["items"][0]["code"]})).await;
        assert_eq!(client.post(&format!("{order}/start"), json!({})).await.json()["state"], "scheduled");
        until(&client, &order, |order| order["state"] == "completed").await;

        let found = verify(&client, &order).await;
        assert_eq!((&found["counts"]["expected"], &found["counts"]["identical"]), (&json!(37), &json!(37)), "{found}");
        assert_eq!((&found["pairs"][0]["state"], &found["pairs"][0]["items"]), (&json!("finished"), &json!([])));

        alter(&servers.destination.maildir("anna").join("cur"), "body of the one", "b0dy of the one");
        let mut there = Imap::login(&servers.destination.login("anna")).expect("logs in");
        there.expunge("Projekte/Größe & Maß", "1").expect("deleted");
        let found = verify(&client, &order).await;
        let pair = &found["pairs"][0];
        assert_eq!((&pair["counts"]["absent"], &pair["counts"]["different"]), (&json!(1), &json!(1)), "{found}");
        assert_eq!(
            (&pair["items"][0]["grade"], &pair["items"][0]["folder"]),
            (&json!("absent"), &json!("Projekte/Größe & Maß"))
        );
        assert_eq!(pair["items"][1]["message_id"], "<one@example.org>");
        assert_eq!(pair["items"][1]["differences"], json!([{"kind": "body"}]));
        let size = ONE.len();
        let sizes = (&pair["items"][1]["size_bytes"], &pair["items"][1]["destination_size_bytes"]);
        assert_eq!(sizes, (&json!(size), &json!(size)));
        assert_eq!(pair["items"][0]["differences"], json!([]));
        assert_eq!(pair["items_total"], 2);
        let report =
            client.get(&format!("{order}/verifications/{}/report.txt", found["id"].as_str().expect("an id"))).await;
        assert_eq!(report.header("content-type"), "text/plain; charset=utf-8");
        for line in [
            "35 of 37 messages arrived, byte for byte; 1 different; 1 absent.\n",
            "Projekte/Größe & Maß UID 1 → Projekte/Größe & Maß UID 1",
            "<one@example.org>: different (body)\n",
        ] {
            assert!(report.text.contains(line), "{line} is not in {}", report.text);
        }
        let all = client.get(&format!("{order}/verifications")).await.json();
        assert_eq!(all["items"].as_array().map(Vec::len), Some(2), "{all}");
        assert_eq!(all["items"][0]["counts"]["absent"], 1, "the last one first");

        // Somebody has changed the password.
        service
            .store
            .forget_passwords(order.rsplit('/').next().expect("an id").parse().expect("an id"))
            .await
            .expect("gone");
        let found = verify(&client, &order).await;
        assert_eq!(found["pairs"][0]["state"], "failed", "{found}");
        assert_eq!(found["pairs"][0]["findings"][0]["code"], "password_missing");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_is_for_pairs_that_were_copied_and_orders_that_are_open() {
    on_both(async |service: Service| {
        let (order, pair, client) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}/verifications");
        client.post(&path, json!({})).await.is_problem(409, "wrong_state");
        client.post(&path, json!({"pair_ids": [pair]})).await.is_problem(409, "wrong_state");
        client.post(&path, json!({"pair_ids": [order]})).await.is_problem(404, "not_found");
        client.post(&path, json!({"pairs": []})).await.is_problem(422, "invalid_field");
        assert_eq!(client.get(&path).await.json(), json!({"items": []}));
        client.get(&format!("{path}/{order}")).await.is_problem(404, "not_found");
        client.get(&format!("{path}/{order}/report.txt")).await.is_problem(404, "not_found");
        client.post(&format!("/api/v1/orders/{order}/start"), json!({"kind": "trial"})).await;
        let started = client.post(&path, json!({"pair_ids": [pair]})).await;
        assert_eq!(started.status, 202, "{}", started.text);
        let read = client.get(started.header("location")).await;
        assert_eq!((read.status, read.json()["pairs"][0]["state"].as_str()), (200, Some("queued")));
        let report = client.get(&format!("{}/report.txt", started.header("location"))).await;
        assert!(report.text.ends_with("\nNot compared yet.\n"), "{}", report.text);
        client.post(&format!("/api/v1/orders/{order}/cancel"), json!({})).await;
        client.post(&path, json!({})).await.is_problem(409, "wrong_state");
        service.stop().await;
    })
    .await;
}
