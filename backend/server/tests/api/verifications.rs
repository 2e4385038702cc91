//! Verify over the API, against real servers: one message is deleted, one altered, and both are named.

use std::{path::Path, time::Duration};

use mailferry_lab::{Client as Imap, Dovecot, DovecotOptions, Sample};
use mailferry_server::jobs;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::harness::{Client, Service, on_both};

const ONE: &[u8] =
    b"From: a@example.org\r\nSubject: the one\r\nMessage-ID: <one@example.org>\r\n\r\nbody of the one\r\n";

/// Two servers, a mailbox at the first.
struct Servers {
    source: Dovecot,
    destination: Dovecot,
}

impl Servers {
    fn start() -> Self {
        let server = || Dovecot::start(DovecotOptions::default()).expect("Dovecot");
        let servers = Self { source: server(), destination: server() };
        Sample::Tiny.write(&servers.source, "anna").expect("a mailbox");
        let mut client = Imap::login(&servers.source.login("anna")).expect("logs in");
        client.append("INBOX", "", None, ONE).expect("the one");
        servers
    }

    fn account(&self) -> Value {
        let side = |server: &Dovecot| {
            let endpoint = json!({"host": "localhost", "port": server.imaps_port(), "tls": "implicit"});
            json!({"user": "anna", "password": "secret", "endpoint": endpoint})
        };
        json!({"source": side(&self.source), "destination": side(&self.destination)})
    }

    async fn service(&self) -> Service {
        let (ports, ca) = ([self.source.imaps_port(), self.destination.imaps_port()], self.source.ca_file());
        Service::start_with(None, move |settings| {
            settings.outgoing.networks = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a network")).to_vec();
            settings.outgoing.ports = ports.to_vec();
            settings.outgoing.ca_file = Some(ca);
        })
        .await
    }
}

async fn until(client: &Client, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..300 {
        let answer = client.get(path).await.json();
        if is_so(&answer) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{path} never came so far: {}", client.get(path).await.text);
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
    let servers = Servers::start();
    let service = servers.service().await;
    let (order, client) = service.order().await;
    let order = format!("/api/v1/orders/{order}");
    assert_eq!(client.post(&format!("{order}/accounts"), servers.account()).await.status, 201);
    let shutdown = CancellationToken::new();
    let working = tokio::spawn(jobs::work(service.app.job_context().expect("a context"), shutdown.clone()));
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
    assert_eq!(pair["items"][1]["changes"], json!(["body"]));
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
    shutdown.cancel();
    working.await.expect("ends");
    service.stop().await;
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
