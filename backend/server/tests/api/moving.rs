//! Two real mail servers, and orders that are worked between them.

use std::time::Duration;

use mailferry_lab::{Dovecot, DovecotOptions};
use mailferry_server::{
    jobs::{self, JobContext},
    settings::Settings,
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::harness::{Client, Service, on_each};

/// The old server and the new one.
pub(crate) struct Servers {
    pub(crate) source: Dovecot,
    pub(crate) destination: Dovecot,
}

impl Servers {
    pub(crate) fn start() -> Self {
        let server = || Dovecot::start(DovecotOptions::default()).expect("Dovecot");
        Self { source: server(), destination: server() }
    }

    /// Lets a service connect to them.
    pub(crate) fn open(&self, settings: &mut Settings) {
        settings.outgoing.networks = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a network")).to_vec();
        settings.outgoing.ports = vec![self.source.imaps_port(), self.destination.imaps_port()];
        settings.outgoing.ca_file = Some(self.source.ca_file());
    }

    /// A pair of accounts of this name.
    pub(crate) fn account(&self, user: &str) -> Value {
        let side = |server: &Dovecot| {
            let endpoint = json!({"host": "localhost", "port": server.imaps_port(), "tls": "implicit"});
            json!({"user": user, "password": "secret", "endpoint": endpoint})
        };
        json!({"source": side(&self.source), "destination": side(&self.destination)})
    }

    /// An order for this account with these options, paid for and started: its path, and who may manage it.
    pub(crate) async fn started(&self, service: &Service, user: &str, options: Value) -> (String, Client) {
        let (order, client) = service.order().await;
        let path = format!("/api/v1/orders/{order}");
        let changed = client.patch(&path, json!({"options": options})).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        let added = client.post(&format!("{path}/accounts"), self.account(user)).await;
        assert_eq!(added.status, 201, "{}", added.text);
        let batch = service.operator().post("/api/v1/vouchers", json!({"pairs": 1})).await.json();
        client.post(&format!("{path}/voucher"), json!({"code": batch["items"][0]["code"]})).await;
        let started = client.post(&format!("{path}/start"), json!({})).await;
        assert_eq!(started.json()["state"], "scheduled", "{}", started.text);
        (path, client)
    }
}

/// Does `test` on each database, with a worker and with two servers of its own that `fill` has filled.
pub(crate) async fn between_servers(fill: impl Fn(&Servers), test: impl AsyncFn(&Service, &Servers)) {
    on_each(async |database| {
        let servers = Servers::start();
        fill(&servers);
        let service = Service::start_with(database, |settings| servers.open(settings)).await;
        let worker = Worker::start(&service);
        test(&service, &servers).await;
        worker.stop().await;
        service.stop().await;
    })
    .await;
}

/// A worker, until it is stopped.
pub(crate) struct Worker {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl Worker {
    pub(crate) fn start(service: &Service) -> Self {
        Self::start_with(service.app.job_context().expect("a context"))
    }

    pub(crate) fn start_with(context: JobContext) -> Self {
        let stop = CancellationToken::new();
        Self { task: tokio::spawn(jobs::work(context, stop.clone())), stop }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("ends");
    }
}

/// Reads until it is so, for a minute at most.
pub(crate) async fn until(client: &Client, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..1_200 {
        let answer = client.get(path).await.json();
        if is_so(&answer) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{path} never came so far: {}", client.get(path).await.text);
}

/// Waits until the order is completed: the latest run of its only pair.
pub(crate) async fn completed(client: &Client, order: &str) -> Value {
    until(client, order, |order| order["state"] == "completed").await;
    client.get(&format!("{order}/progress")).await.json()["pairs"][0]["run"].clone()
}

/// Starts a delta and waits for its end: its run.
pub(crate) async fn delta(client: &Client, order: &str) -> Value {
    let begun = client.post(&format!("{order}/deltas"), json!({})).await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    until(client, begun.header("location"), |delta| delta["finished"] == true).await;
    completed(client, order).await
}
