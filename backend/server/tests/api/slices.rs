//! Runs work in slices: with one worker, a tenant's small account does not wait for another's that takes long.

use std::time::Duration;

use mailferry_lab::{Client as Imap, CompareOptions, Dovecot, Fault, Plan, Proxy, compare};
use mailferry_server::settings::Settings;
use mailferry_shared::{key::Scope, tenant::TenantLimits};
use serde_json::{Value, json};

use crate::{
    harness::{Client, Service, new_order, on_both_with},
    moving::{Servers, Worker, completed, until},
};

const MESSAGES: usize = 300;

/// Two tenants' servers; the first source gives a byte a millisecond on its first connections.
struct Ground {
    large: Servers,
    slow: Proxy,
    small: Servers,
}

impl Ground {
    fn start() -> Self {
        let (large, small) = (Servers::start(), Servers::start());
        append(&large.source, "anna", MESSAGES);
        append(&small.source, "bert", 3);
        let slow = Proxy::start(large.source.imaps_port()).expect("a proxy");
        let plan = Plan { to_client: Some((30_000, Fault::Trickle(Duration::from_millis(1)))), ..Plan::default() };
        [plan; 2].into_iter().for_each(|plan| slow.plan(plan));
        Self { large, slow, small }
    }

    fn open(&self, settings: &mut Settings) {
        let ports = std::mem::take(&mut settings.outgoing.ports);
        self.large.open(settings);
        settings.outgoing.ports.extend(ports);
        let small = [&self.small.source, &self.small.destination].map(Dovecot::imaps_port);
        settings.outgoing.ports.extend(small.into_iter().chain([self.slow.port()]));
    }
}

fn append(server: &Dovecot, user: &str, messages: usize) {
    let mut client = Imap::login(&server.login(user)).expect("logs in");
    for number in 0..messages {
        let message = format!("Message-ID: <{number}@old.example>\r\n\r\n{}\r\n", "y".repeat(250));
        client.append("INBOX", "", None, message.as_bytes()).expect("appended");
    }
}

/// An order of another tenant, paid for and started.
async fn of_another_tenant(service: &Service, servers: &Servers) -> (String, Client) {
    let tenant = service.store.create_tenant("another", TenantLimits::default()).await.expect("a tenant").id;
    let client = service.with_key(tenant, Scope::ALL).await;
    let made = client.post("/api/v1/orders", new_order()).await;
    let path = made.header("location").to_owned();
    assert_eq!(client.post(&format!("{path}/accounts"), servers.account("bert")).await.status, 201);
    let voucher = service.store.create_vouchers(tenant, 1, 1, None).await.expect("a voucher").remove(0);
    client.post(&format!("{path}/voucher"), json!({"code": voucher.code.expose()})).await;
    let started = client.post(&format!("{path}/start"), json!({})).await;
    assert_eq!(started.json()["state"], "scheduled", "{}", started.text);
    (path, client)
}

fn time(run: &Value, name: &str) -> chrono::DateTime<chrono::Utc> {
    run[name].as_str().unwrap_or_else(|| panic!("{run}")).parse().expect("a time")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_run_hands_over_to_another_tenants_and_goes_on_afterwards() {
    let ground = [Ground::start(), Ground::start()];
    let settings = |settings: &mut Settings| {
        for ground in &ground {
            ground.open(settings);
        }
        settings.workers = 1;
        settings.slice = Duration::from_millis(300);
    };
    on_both_with(settings, async |service: Service| {
        let ground = &ground[usize::from(!service.is_sqlite())];
        let worker = Worker::start(&service);
        let (order, client) = service.order().await;
        let order = format!("/api/v1/orders/{order}");
        let mut account = ground.large.account("anna");
        account["source"]["endpoint"]["port"] = json!(ground.slow.port());
        assert_eq!(client.post(&format!("{order}/accounts"), account).await.status, 201);
        let voucher = service.operator().post("/api/v1/vouchers", json!({"pairs": 1})).await.json();
        client.post(&format!("{order}/voucher"), json!({"code": voucher["items"][0]["code"]})).await;
        client.post(&format!("{order}/start"), json!({})).await;
        let progress = format!("{order}/progress");
        until(&client, &progress, |now| now["pairs"][0]["run"]["state"] == "running").await;

        let (other, other_client) = of_another_tenant(&service, &ground.small).await;
        let small = completed(&other_client, &other).await;
        let large = completed(&client, &order).await;
        assert!(time(&large, "started_at") < time(&small, "started_at"), "{large} {small}");
        assert!(time(&large, "finished_at") > time(&small, "finished_at"), "{large} {small}");
        assert_eq!((&small["counts"]["stored"], &large["counts"]["stored"]), (&json!(3), &json!(MESSAGES)));
        let ends = [&ground.large.source, &ground.large.destination].map(|server| server.login("anna"));
        let differences = compare(&ends[0], &ends[1], &CompareOptions::default()).expect("compares");
        assert_eq!(differences.total(), 0, "nothing lost, nothing doubled: {differences:?}");
        worker.stop().await;
        service.stop().await;
    })
    .await;
}
