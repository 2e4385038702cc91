//! What a provider allows, over real servers: a day's amount parks a run, which goes on by itself the next day, and
//! connections are waited for.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use mailferry_lab::{CompareOptions, Dovecot, DovecotOptions, Sample, compare, matrix};
use mailferry_server::{
    jobs::{self, JobContext},
    providers::Providers,
};
use mailferry_shared::{
    finding::FindingCode,
    ids::RunId,
    run::{RunState, RunSummary},
};
use mailferry_store::{AccountKey, SlotRequest, Slots, Store};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    harness::{Client, Service, on_each},
    moving,
    time::Time,
};

const DAY: chrono::Duration = chrono::Duration::hours(24);

fn provider(limits: &Value) -> Arc<Providers> {
    let row = json!([{
        "id": "limited", "name": "Limited", "domains": [], "login": "address", "advice": [],
        "source": "https://example.org/limits",
        "endpoint": {"host": "localhost", "port": 993, "tls": "implicit"}, "limits": limits,
    }]);
    Arc::new(Providers::parse(&row.to_string()).expect("reads"))
}

fn side(server: &Dovecot, user: &str) -> Value {
    let endpoint = json!({"host": "localhost", "port": server.imaps_port(), "tls": "implicit"});
    json!({"user": user, "password": "secret", "endpoint": endpoint})
}

/// A service that may talk to `server`, by a clock that is moved by hand.
async fn service(server: &Dovecot, clock: &Time, database: Option<String>) -> Service {
    let (port, ca) = (server.imaps_port(), server.ca_file());
    Service::start_at_with(clock, database, move |settings| {
        settings.outgoing.networks = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a network")).to_vec();
        settings.outgoing.ports = vec![port];
        settings.outgoing.ca_file = Some(ca);
        settings.connections_per_host = 2;
    })
    .await
}

/// A paid order from `anna` to `ben`, all folders: its run.
async fn ordered(service: &Service, server: &Dovecot) -> RunId {
    started(service, server).await.0
}

/// The same with the order's path and its owner.
async fn started(service: &Service, server: &Dovecot) -> (RunId, String, Client) {
    let (order, client) = service.order().await;
    let path = format!("/api/v1/orders/{order}");
    let options = json!({"options": {"include_trash": true, "include_junk": true}});
    assert_eq!(client.patch(&path, options).await.status, 200);
    let account = json!({"source": side(server, "anna"), "destination": side(server, "ben")});
    assert_eq!(client.post(&format!("{path}/accounts"), account).await.status, 201);
    let batch = service.operator().post("/api/v1/vouchers", json!({"pairs": 1})).await.json();
    client.post(&format!("{path}/voucher"), json!({"code": batch["items"][0]["code"]})).await;
    let started = client.post(&format!("{path}/start"), json!({})).await.json();
    assert_eq!(started["state"], "scheduled", "{started}");
    let progress = client.get(&format!("{path}/progress")).await.json();
    let run = progress["pairs"][0]["run"]["id"].as_str().expect("a run").parse().expect("an id");
    (run, path, client)
}

async fn until(store: &Store, run: RunId, is_so: impl Fn(&RunSummary) -> bool) -> RunSummary {
    for _ in 0..1_200 {
        let now = store.run(run).await.expect("a run").summary;
        if is_so(&now) {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never came so far: {:?}", store.run(run).await);
}

struct Working {
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Working {
    fn start(context: JobContext) -> Self {
        let shutdown = CancellationToken::new();
        Self { task: tokio::spawn(jobs::work(context, shutdown.clone())), shutdown }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.expect("ends");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_day_is_used_up_waits_with_a_reason_and_goes_on_by_itself() {
    on_each(a_run_whose_day_is_used_up_waits_with_a_reason_and_goes_on_by_itself_on).await;
}

async fn a_run_whose_day_is_used_up_waits_with_a_reason_and_goes_on_by_itself_on(database: Option<String>) {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    Sample::Tiny.write(&server, "anna").expect("a mailbox");
    let clock = Time::now_in(database.as_deref()).await;
    let service = service(&server, &clock, database).await;
    let run = ordered(&service, &server).await;
    let fact = |value: u64| json!({"value": value, "source": "https://example.org/limits"});
    let providers = provider(&json!({"daily_bytes_down": fact(40_000), "connections": fact(4)}));
    let working = Working::start(JobContext { providers, ..service.app.job_context().expect("a context") });
    let source = AccountKey::new("localhost", "anna");
    let waits = |now: &RunSummary| now.state == RunState::Queued && now.finding.is_some();
    let mut days = 0;
    let done = loop {
        let now = until(&service.store, run, |now| now.state.is_final() || waits(now)).await;
        if now.state.is_final() {
            break now;
        }
        days += 1;
        assert!(days < 30, "{now:?}");
        let finding = now.finding.expect("a reason");
        assert_eq!(finding.code, FindingCode::DailyLimit);
        let used = service.store.daily_use(&source).await.expect("database");
        let ends_at = used.ends_at(service.store.now());
        assert_eq!(finding.subject, None);
        let goes_on_at = finding.detail.and_then(|detail| detail.until).expect("it says until when");
        assert!((goes_on_at - ends_at).abs() < TimeDelta::minutes(1), "{goes_on_at} {ends_at}");
        assert!(used.down_bytes >= 38_000, "{used:?}");
        assert_eq!((now.counts.failed, now.counts.uncertain), (0, 0));
        // The lease, and its connections with it, is given back a moment after the run has said that it waits.
        let given_back = async || service.store.connections_at("localhost").await.expect("database") == 0;
        for _ in 0..1_200 {
            if given_back().await {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(given_back().await, "given back meanwhile");
        // A moment before, nothing happens.
        clock.advance(DAY - chrono::Duration::minutes(5)).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert!(waits(&service.store.run(run).await.expect("a run").summary));
        clock.advance(chrono::Duration::minutes(6)).await;
        let before = now.counts;
        until(&service.store, run, |now| now.state.is_final() || now.counts != before).await;
    };
    assert!(days > 0);
    assert_eq!((done.state, done.counts.failed), (RunState::Succeeded, 0));
    let options = CompareOptions { details: 5, ..CompareOptions::default() };
    let differences = compare(&server.login("anna"), &server.login("ben"), &options).expect("both can be read");
    matrix::judge("daily cap, by the service", days, &differences);
    working.stop().await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_waiting_for_turn_until_connections_are_free() {
    on_each(finding_waiting_for_turn_until_connections_are_free_on).await;
}

async fn finding_waiting_for_turn_until_connections_are_free_on(database: Option<String>) {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    Sample::Tiny.write(&server, "anna").expect("a mailbox");
    let clock = Time::now_in(database.as_deref()).await;
    let service = service(&server, &clock, database).await;
    let other = ordered(&service, &server).await;
    // Another worker holds all connections to this server.
    let lease = service.store.claim_lease(other, "another", Duration::from_secs(60)).await.expect("database");
    let lease = lease.expect("nobody else has it");
    let slots = |user| SlotRequest {
        host: "localhost".to_owned(),
        account: AccountKey::new("localhost", user),
        per_account: 5,
        per_host: 2,
        per_tenant: None,
    };
    let taken = service.store.take_slots(&lease, 5, &slots("x"), &slots("y")).await.expect("database");
    assert_eq!(taken, Slots::Taken(1));
    let run = ordered(&service, &server).await;
    let working = Working::start(service.app.job_context().expect("a context"));
    let code = |now: &RunSummary| now.finding.as_ref().map(|finding| finding.code);
    let waiting = until(&service.store, run, |now| code(now) == Some(FindingCode::WaitingForTurn)).await;
    assert_eq!((waiting.state, waiting.counts.listed), (RunState::Queued, 0));
    service.store.release_lease(&lease).await.expect("released");
    clock.advance(chrono::Duration::seconds(6)).await;
    let done = until(&service.store, run, |now| now.state.is_final()).await;
    assert_eq!(done.state, RunState::Succeeded);
    working.stop().await;
    service.stop().await;
}

/// Asks for something that looks at the server, while others have all its connections, and gives those back once it `waits`:
/// what it is at its end.
async fn looked_at(service: &Service, client: &Client, path: &str, waits: impl Fn(&Value) -> bool) -> Value {
    let all = SlotRequest {
        host: "localhost".to_owned(),
        account: AccountKey::new("localhost", "x"),
        per_account: 5,
        per_host: 2,
        per_tenant: None,
    };
    let connections = async || service.store.connections_at("localhost").await.expect("database");
    for _ in 0..600 {
        if connections().await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let held = service.store.begin_visit(5, &[all], Duration::from_secs(3600)).await.expect("database");
    let held = held.expect("nobody else is there");
    assert_eq!(held.connections, 2);
    let begun = client.post(path, json!({})).await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    let location = begun.header("location").to_owned();
    moving::until(client, &location, waits).await;
    // Time for a worker to do what it must not.
    tokio::time::sleep(Duration::from_millis(700)).await;
    let still = client.get(&location).await.json();
    assert_ne!(still["finished"], true, "{still}");
    assert_eq!(connections().await, 2, "no more than there are");
    service.store.end_visit(&held).await.expect("given back");
    moving::until(client, &location, |now| now["finished"] == true).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_only_looks_at_a_server_waits_until_connections_are_free() {
    on_each(whoever_only_looks_at_a_server_waits_until_connections_are_free_on).await;
}

async fn whoever_only_looks_at_a_server_waits_until_connections_are_free_on(database: Option<String>) {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    Sample::Tiny.write(&server, "anna").expect("a mailbox");
    let clock = Time::now_in(database.as_deref()).await;
    let service = service(&server, &clock, database).await;
    let (run, order, client) = started(&service, &server).await;
    let working = Working::start(service.app.job_context().expect("a context"));
    until(&service.store, run, |now| now.state.is_final()).await;
    let logins = |check: &Value, word: &str| {
        check["items"]
            .as_array()
            .is_some_and(|items| items.len() == 2 && items.iter().all(|item| item["login"] == word))
    };
    let checking = |check: &Value| logins(check, "checking");
    let done = looked_at(&service, &client, &format!("{order}/checks"), checking).await;
    assert!(logins(&done, "passed"), "{done}");
    assert!(done["items"][0]["survey"]["messages"].as_u64() > Some(0), "{done}");
    let queued = |verification: &Value| verification["pairs"][0]["state"] == "queued";
    let done = looked_at(&service, &client, &format!("{order}/verifications"), queued).await;
    assert_eq!(done["pairs"][0]["state"], "finished", "{done}");
    assert_eq!(done["counts"]["identical"], done["counts"]["expected"], "{done}");
    assert_eq!(service.store.connections_at("localhost").await.expect("database"), 0, "all of it is given back");
    working.stop().await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_too_many_folders_and_finding_messages_hidden_warn_before_the_start() {
    on_each(finding_too_many_folders_and_finding_messages_hidden_warn_before_the_start_on).await;
}

async fn finding_too_many_folders_and_finding_messages_hidden_warn_before_the_start_on(database: Option<String>) {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    Sample::Tiny.write(&server, "anna").expect("a mailbox");
    let clock = Time::now_in(database.as_deref()).await;
    let service = service(&server, &clock, database).await;
    let fact = |value: u64| json!({"value": value, "source": "https://example.org/limits"});
    let providers = provider(&json!({"free_folders": fact(1), "shown_messages": fact(2)}));
    let working = Working::start(JobContext { providers, ..service.app.job_context().expect("a context") });
    let (order, client) = service.order().await;
    let path = format!("/api/v1/orders/{order}");
    let account = json!({"source": side(&server, "anna"), "destination": side(&server, "ben")});
    assert_eq!(client.post(&format!("{path}/accounts"), account).await.status, 201);
    let begun = client.post(&format!("{path}/checks"), json!({})).await;
    let finished = async || {
        let check = client.get(begun.header("location")).await.json();
        (check["finished"] == true).then_some(check)
    };
    let check = crate::resellers::until("the check has ended", finished).await;
    let item = |side: &str| {
        let found = check["items"].as_array().expect("items").iter().find(|item| item["side"] == side);
        found.unwrap_or_else(|| panic!("{check}")).clone()
    };
    let (source, destination) = (item("source"), item("destination"));
    let hidden = &source["findings"][0];
    assert_eq!((&hidden["code"], &hidden["severity"]), (&json!("messages_hidden"), &json!("warning")), "{check}");
    assert!(hidden["subject"].is_string() && hidden["detail"]["messages"].as_u64() >= Some(2), "{check}");
    let folders = &destination["findings"][0];
    assert_eq!((&folders["code"], &folders["severity"]), (&json!("too_many_folders"), &json!("warning")), "{check}");
    assert_eq!(folders["detail"]["folders"], source["survey"]["folders"], "{check}");
    // What a provider may do with some accounts forbids nothing.
    let batch = service.operator().post("/api/v1/vouchers", json!({"pairs": 1})).await.json();
    client.post(&format!("{path}/voucher"), json!({"code": batch["items"][0]["code"]})).await;
    let started = client.post(&format!("{path}/start"), json!({})).await.json();
    assert_eq!(started["state"], "scheduled", "{started}");
    working.stop().await;
    service.stop().await;
}
