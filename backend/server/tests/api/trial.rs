//! A free trial becomes a full migration in place, by payment, between real mail servers: nothing is copied twice.

use std::time::Duration;

use mailferry_lab::{CompareOptions, Dovecot, DovecotOptions, Sample, compare, sample::append_new};
use mailferry_server::jobs;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    harness::{Client, Service, on_each},
    paypal::StandIn,
};

async fn until(client: &Client, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..1_200 {
        let answer = client.get(path).await.json();
        if is_so(&answer) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{path} never came so far: {}", client.get(path).await.text);
}

/// The latest run's counts once the order is completed.
async fn counts(client: &Client, order: &str, kind: &str) -> Value {
    until(client, order, |order| order["state"] == "completed" && order["kind"] == kind).await;
    client.get(&format!("{order}/progress")).await.json()["counts"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_trial_has_copied_is_not_copied_again_after_the_payment() {
    on_each(what_a_trial_has_copied_is_not_copied_again_after_the_payment_on).await;
}

async fn what_a_trial_has_copied_is_not_copied_again_after_the_payment_on(database: Option<String>) {
    let server = || Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let (source, destination, paypal) = (server(), server(), StandIn::start());
    Sample::Tiny.write(&source, "anna").expect("a mailbox");
    append_new(&source.login("anna"), "INBOX", 3).expect("mail of today");
    let service = Service::start_with(database, |settings| {
        paypal.set_up(settings);
        settings.outgoing.networks = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a network")).to_vec();
        settings.outgoing.ports.extend([source.imaps_port(), destination.imaps_port()]);
        settings.outgoing.ca_file = Some(source.ca_file());
    })
    .await;
    let price = json!({
        "currency": "EUR", "pair_minor": 1490, "tax_name": "VAT", "tax_basis_points": 1900, "tax_included": true,
    });
    service.operator().send("PUT", "/api/v1/price", Some(price.to_string()), &[]).await;
    let shutdown = CancellationToken::new();
    let worker = tokio::spawn(jobs::work(service.app.job_context().expect("a context"), shutdown.clone()));

    let (order, client) = service.order().await;
    let order = format!("/api/v1/orders/{order}");
    let side = |server: &Dovecot| {
        let endpoint = json!({"host": "localhost", "port": server.imaps_port(), "tls": "implicit"});
        json!({"user": "anna", "password": "secret", "endpoint": endpoint})
    };
    let account = json!({"source": side(&source), "destination": side(&destination)});
    assert_eq!(client.post(&format!("{order}/accounts"), account).await.status, 201);
    let begun = client.post(&format!("{order}/dry-runs"), json!({"kind": "trial"})).await;
    let foreseen = until(&client, begun.header("location"), |dry_run| dry_run["finished"] == true).await;
    assert_eq!((&foreseen["kind"], &foreseen["counts"]["copy"]), (&json!("trial"), &json!(3)), "{foreseen}");
    client.post(&format!("{order}/start"), json!({"kind": "trial"})).await;
    let trial = counts(&client, &order, "trial").await;
    assert_eq!((&trial["stored"], &trial["failed"]), (&json!(3), &json!(0)), "the last ten days: {trial}");

    assert_eq!(client.post(&format!("{order}/start"), json!({})).await.json()["state"], "awaiting_payment");
    let payment = client.post(&format!("{order}/payments"), json!({})).await.header("location").to_owned();
    let waiting = until(&client, &payment, |payment| payment["state"] == "awaiting_approval").await;
    paypal.approve(waiting["approve_url"].as_str().expect("an address"));
    assert_eq!(client.post(&format!("{payment}/capture"), json!({})).await.status, 202);
    until(&client, &payment, |payment| payment["state"] == "paid").await;
    let main = counts(&client, &order, "main").await;
    assert_eq!((&main["present"], &main["duplicates"], &main["failed"]), (&json!(3), &json!(0), &json!(0)), "{main}");
    let differences = compare(&source.login("anna"), &destination.login("anna"), &CompareOptions::default());
    let differences = differences.expect("compares");
    // The trial's messages arrived first: they stand before older ones in their folder, and nothing else differs.
    assert_eq!(differences.total(), differences.folders_reordered, "{differences:?}");
    assert_eq!(paypal.moved(), (1, 0));
    shutdown.cancel();
    worker.await.expect("ends");
    service.stop().await;
}
