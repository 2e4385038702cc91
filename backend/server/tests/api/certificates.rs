//! Certificates that do not verify: what a check tells of one, whoever accepts it, and what a run does under it.

use std::time::Duration;

use mailferry_lab::{CompareOptions, Fault, Plan, Proxy, Sample, compare};
use serde_json::{Value, json};

use crate::{
    harness::{Client, Service, new_order, on_both, on_each},
    moving::{Servers, Worker, completed, until},
};

const USER: &str = "anna@old.example";

/// Between two servers whose certificates nobody that is trusted has signed, the source behind a proxy.
struct Ground {
    service: Service,
    servers: Servers,
    proxy: Proxy,
    client: Client,
    /// The order, and its only account pair.
    path: String,
    pair: String,
}

impl Ground {
    async fn new(database: Option<String>) -> Self {
        let servers = Servers::start();
        Sample::Sized(400).write(&servers.source, USER).expect("a mailbox");
        let proxy = Proxy::start(servers.source.imaps_port()).expect("a proxy");
        let service = Service::start_with(database, |settings| {
            servers.open(settings);
            settings.outgoing.ports.push(proxy.port());
            settings.outgoing.ca_file = None;
        })
        .await;
        let (order, client) = service.order().await;
        let path = format!("/api/v1/orders/{order}");
        let options = json!({"options": {"include_trash": true, "include_junk": true}});
        assert_eq!(client.patch(&path, options).await.status, 200);
        let mut account = servers.account(USER);
        account["source"]["endpoint"]["port"] = json!(proxy.port());
        let added = client.post(&format!("{path}/accounts"), account).await;
        assert_eq!(added.status, 201, "{}", added.text);
        let pair = added.json()["id"].as_str().expect("an id").to_owned();
        Self { service, servers, proxy, client, path, pair }
    }

    /// Checks the account: its source and its destination.
    async fn check(&self) -> [Value; 2] {
        let begun = self.client.post(&format!("{}/checks", self.path), json!({})).await;
        assert_eq!(begun.status, 202, "{}", begun.text);
        let done = until(&self.client, begun.header("location"), |check| check["finished"] == true).await;
        ["source", "destination"].map(|side| {
            let items = done["items"].as_array().expect("items");
            items.iter().find(|item| item["side"] == side).expect("two sides").clone()
        })
    }

    async fn accept(&self, side: &str, fingerprint: &str) -> Value {
        let port = if side == "source" { self.proxy.port() } else { self.servers.destination.imaps_port() };
        let body = json!({"side": side, "host": "localhost", "port": port}).to_string();
        let path = format!("{}/certificates/{fingerprint}", self.path);
        let answer = self.client.send("PUT", &path, Some(body), &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// Starts the order; every line to the source stands still after a while, and one does.
    async fn start_and_stall(&self) {
        (0..16).for_each(|_| self.proxy.plan(Plan { to_client: Some((90_000, Fault::Stall)), to_server: None }));
        self.start().await;
        while self.proxy.struck() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn start(&self) {
        let batch = self.service.operator().post("/api/v1/vouchers", json!({"pairs": 1})).await.json();
        self.client.post(&format!("{}/voucher", self.path), json!({"code": batch["items"][0]["code"]})).await;
        let started = self.client.post(&format!("{}/start", self.path), json!({})).await;
        assert_eq!(started.status, 200, "{}", started.text);
    }

    /// What is told of the pair by a dry run or a verification.
    async fn asked(&self, what: &str) -> Value {
        let begun = self.client.post(&format!("{}/{what}", self.path), json!({})).await;
        assert_eq!(begun.status, 202, "{}", begun.text);
        let done = until(&self.client, begun.header("location"), |all| all["finished"] == true).await;
        done["pairs"][0].clone()
    }

    async fn run(&self) -> Value {
        self.client.get(&format!("{}/progress", self.path)).await.json()["pairs"][0]["run"].clone()
    }

    async fn protocol(&self) -> Value {
        let run = self.run().await["id"].as_str().expect("a run").to_owned();
        self.client.get(&format!("{}/accounts/{}/runs/{run}/protocol", self.path, self.pair)).await.json()
    }
}

fn certificate(finding: &Value) -> &Value {
    &finding["detail"]["certificate"]
}

fn pinned(findings: &Value) -> Vec<&Value> {
    findings.as_array().expect("findings").iter().filter(|one| one["code"] == "certificate_pinned").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_certificate_pinned_a_run_under_accepted_certificates_says_so_and_asks_when_one_changes() {
    on_each(async |database| {
        let ground = Ground::new(database).await;
        let worker = Worker::start(&ground.service);
        let [old, new] = [&ground.servers.source, &ground.servers.destination];
        let theirs = [old, new].map(|server| server.certificate_fingerprint().expect("a certificate"));
        for (item, fingerprint) in ground.check().await.iter().zip(&theirs) {
            let finding = &item["findings"][0];
            assert_eq!((&item["login"], &finding["code"]), (&json!("failed"), &json!("certificate_invalid")), "{item}");
            assert_eq!(certificate(finding)["fingerprint"], *fingerprint, "{item}");
            assert_eq!(certificate(finding)["names"], json!(["localhost", "127.0.0.1"]), "{item}");
        }
        // Each side is accepted by itself.
        ground.accept("source", &theirs[0]).await;
        let [source, destination] = ground.check().await;
        assert_eq!((&source["login"], &destination["login"]), (&json!("passed"), &json!("failed")), "{source}");
        let told = pinned(&source["findings"]);
        assert_eq!((told.len(), &certificate(told[0])["fingerprint"]), (1, &json!(theirs[0])), "{source}");
        ground.accept("destination", &theirs[1]).await;
        assert!(ground.check().await.iter().all(|item| item["login"] == "passed"));

        // Every line to the source stands still after a while; then the source shows another certificate.
        ground.start_and_stall().await;
        tokio::task::block_in_place(|| old.renew_certificate().expect("another certificate"));
        ground.proxy.forget_plans();
        let progress = format!("{}/progress", ground.path);
        until(&ground.client, &progress, |all| all["pairs"][0]["run"]["state"] == "paused").await;
        let run = ground.run().await;
        let renewed = old.certificate_fingerprint().expect("a certificate");
        assert_eq!(run["finding"]["code"], "certificate_changed", "{run}");
        assert_eq!(certificate(&run["finding"])["fingerprint"], renewed, "what it shows now: {run}");
        assert_ne!(run["counts"]["listed"], run["counts"]["stored"], "in the middle: {run}");
        let notes = ground.protocol().await["notes"].clone();
        let noted: Vec<&Value> = pinned(&notes).into_iter().map(|note| &certificate(note)["fingerprint"]).collect();
        assert_eq!(noted, [&theirs[0], &theirs[1]], "{notes}");

        // Asking once more changes nothing, accepting the new one does.
        ground.client.post(&format!("{}/resume", ground.path), json!({})).await;
        until(&ground.client, &progress, |all| all["pairs"][0]["run"]["finding"]["code"] == "certificate_changed")
            .await;
        assert_eq!(ground.check().await[0]["findings"][0]["code"], "certificate_changed");
        ground.accept("source", &renewed).await;
        until(&ground.client, &progress, |all| all["pairs"][0]["run"]["state"] == "paused").await;
        ground.client.post(&format!("{}/resume", ground.path), json!({})).await;
        let run = completed(&ground.client, &ground.path).await;
        assert_eq!((&run["state"], &run["counts"]["failed"]), (&json!("succeeded"), &json!(0)), "{run}");
        let notes = ground.protocol().await["notes"].clone();
        assert_eq!(pinned(&notes).len(), 3, "the old one, the new one and the destination's: {notes}");
        let differences = compare(&old.login(USER), &new.login(USER), &CompareOptions::default()).expect("compares");
        assert!(differences.is_perfect(), "{differences:?}");
        worker.stop().await;
        ground.service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_and_a_verification_under_accepted_certificates_say_so() {
    on_each(async |database| {
        let ground = Ground::new(database).await;
        let worker = Worker::start(&ground.service);
        let theirs = [&ground.servers.source, &ground.servers.destination]
            .map(|server| server.certificate_fingerprint().expect("a certificate"));
        let fingerprints = |pair: &Value| -> Vec<Value> {
            pinned(&pair["findings"]).into_iter().map(|one| certificate(one)["fingerprint"].clone()).collect()
        };
        // What fails under a certificate says so as well, behind the reason.
        ground.accept("source", &theirs[0]).await;
        let refused = ground.asked("dry-runs").await;
        assert_eq!(
            (&refused["state"], &refused["findings"][0]["code"]),
            (&json!("failed"), &json!("certificate_invalid"))
        );
        assert_eq!(fingerprints(&refused), [theirs[0].as_str()], "{refused}");
        ground.accept("destination", &theirs[1]).await;
        let looked = ground.asked("dry-runs").await;
        assert_eq!(looked["state"], "finished", "{looked}");
        assert_eq!(fingerprints(&looked), [theirs[0].as_str(), theirs[1].as_str()], "{looked}");
        ground.start().await;
        let run = completed(&ground.client, &ground.path).await;
        assert_eq!(run["state"], "succeeded", "{run}");
        let compared = ground.asked("verifications").await;
        assert_eq!((&compared["state"], &compared["items"]), (&json!("finished"), &json!([])), "{compared}");
        assert_eq!(fingerprints(&compared), [theirs[1].as_str()], "{compared}");
        worker.stop().await;
        ground.service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_accepted_no_longer_is_refused_again() {
    on_each(async |database| {
        let ground = Ground::new(database).await;
        let worker = Worker::start(&ground.service);
        let theirs = ground.servers.source.certificate_fingerprint().expect("a certificate");
        ground.accept("source", &theirs).await;
        assert_eq!(ground.check().await[0]["login"], "passed");
        let path = format!("{}/certificates/{theirs}", ground.path);
        assert_eq!(ground.client.delete(&path).await.status, 204);
        ground.client.delete(&path).await.is_problem(404, "not_found");
        assert_eq!(ground.check().await[0]["findings"][0]["code"], "certificate_invalid");
        worker.stop().await;
        ground.service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_in_whose_middle_a_certificate_is_accepted_no_longer_connects_under_it_no_more() {
    on_each(async |database| {
        let ground = Ground::new(database).await;
        let worker = Worker::start(&ground.service);
        let servers = [("source", &ground.servers.source), ("destination", &ground.servers.destination)];
        for (side, server) in servers {
            ground.accept(side, &server.certificate_fingerprint().expect("a certificate")).await;
        }
        ground.start_and_stall().await;
        let theirs = ground.servers.source.certificate_fingerprint().expect("a certificate");
        let path = format!("{}/certificates/{theirs}", ground.path);
        assert_eq!(ground.client.delete(&path).await.status, 204);
        ground.proxy.forget_plans();
        let progress = format!("{}/progress", ground.path);
        until(&ground.client, &progress, |all| all["pairs"][0]["run"]["state"] == "paused").await;
        let run = ground.run().await;
        assert_eq!(run["finding"]["code"], "certificate_invalid", "{run}");
        assert_ne!(run["counts"]["listed"], run["counts"]["stored"], "in the middle: {run}");
        worker.stop().await;
        ground.service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_accepted_what_is_listed_and_nothing_is_accepted_by_mistake() {
    on_both(async |service: Service| {
        let mut client = service.stranger();
        let made = client.post("/api/v1/orders", new_order()).await;
        client.cookie = made.cookie();
        let order = made.json()["id"].as_str().expect("an id").to_owned();
        let path = format!("/api/v1/orders/{order}/certificates");
        let source = new_order()["source"]["endpoint"].clone();
        let body = |side: &str, port: u16| json!({"side": side, "host": source["host"], "port": port}).to_string();
        let hex = "ab".repeat(32);
        let put = async |fingerprint: &str, body: String| {
            client.send("PUT", &format!("{path}/{fingerprint}"), Some(body), &[]).await
        };
        let done = put(&hex.to_uppercase(), body("source", 993)).await;
        assert_eq!(done.status, 200, "{}", done.text);
        assert_eq!((&done.json()["accepted_by"], &done.json()["fingerprint"]), (&json!("owner"), &json!(hex)));
        let listed = client.get(&path).await.json();
        assert_eq!(listed["items"], json!([done.json()]), "{listed}");
        for wrong in ["abc", &format!("{hex}00"), "..%2f.."] {
            put(wrong, body("source", 993)).await.is_problem(404, "not_found");
        }
        for (side, port) in [("destination", 993), ("source", 994), ("source", 0)] {
            put(&hex, body(side, port)).await.is_problem(422, "invalid_field");
        }
        let more = json!({"side": "source", "host": source["host"], "port": 993, "always": true}).to_string();
        put(&hex, more).await.is_problem(422, "invalid_field");
        let viewer = service.viewer(&order).await;
        let asked = viewer.send("PUT", &format!("{path}/{hex}"), Some(body("source", 993)), &[]).await;
        asked.is_problem(403, "forbidden");
        assert_eq!(viewer.get(&path).await.json(), listed);
        service.stop().await;
    })
    .await;
}
