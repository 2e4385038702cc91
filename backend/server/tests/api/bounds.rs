//! A server that gets nowhere keeps no worker for ever: looks at mailboxes have a bound.

use std::time::Duration;

use mailferry_lab::{Fault, Plan, Proxy, Sample};
use mailferry_server::jobs::{JobContext, bound::Bound};
use mailferry_store::{FAILED_LOGINS_AN_HOUR, LoginPermit};
use serde_json::{Value, json};

use crate::{
    harness::{Client, Service, on_each},
    moving::{Servers, Worker, until},
    resellers,
};

/// From now on whoever connects gets a byte now and then, never silent for long enough to count as gone.
fn crawl(proxy: &Proxy, after: u64) {
    let crawl = Fault::Trickle(Duration::from_secs(2));
    (0..20).for_each(|_| proxy.plan(Plan { to_client: Some((after, crawl)), to_server: None }));
}

/// A worker that soon has enough of a server that gets nowhere.
fn impatient(service: &Service) -> Worker {
    let bound = Bound { idle: Duration::from_secs(2), whole: Duration::from_mins(10) };
    Worker::start_with(JobContext { bound, ..service.app.job_context().expect("a context") })
}

async fn begun(client: &Client, path: &str) -> Value {
    let begun = client.post(path, json!({})).await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    until(client, begun.header("location"), |looked| looked["finished"] == true).await
}

fn given_up(looked: &Value) {
    let pair = &looked["pairs"][0];
    assert_eq!((&pair["state"], &pair["findings"][0]["code"]), (&json!("failed"), &json!("connection_timeout")));
}

/// What a server that can be reached through a proxy holds, and a service that may talk to both servers.
async fn through_a_proxy(test: impl AsyncFn(&Service, &Servers, &Proxy)) {
    on_each(async |database| {
        let servers = Servers::start();
        Sample::Tiny.write(&servers.source, "anna").expect("a mailbox");
        let proxy = Proxy::start(servers.destination.imaps_port()).expect("a proxy");
        let service = Service::start_with(database, |settings| {
            servers.open(settings);
            settings.outgoing.ports.push(proxy.port());
        })
        .await;
        test(&service, &servers, &proxy).await;
        service.stop().await;
    })
    .await;
}

/// An order from `anna` to `anna`, whose new server is reached through the proxy.
async fn order(service: &Service, servers: &Servers, proxy: &Proxy) -> (String, Client) {
    let (order, client) = service.order().await;
    let order = format!("/api/v1/orders/{order}");
    let mut account = servers.account("anna");
    account["destination"]["endpoint"]["port"] = json!(proxy.port());
    assert_eq!(client.post(&format!("{order}/accounts"), account).await.status, 201);
    (order, client)
}

async fn start(service: &Service, order: &str, client: &Client) {
    let batch = service.operator().post("/api/v1/vouchers", json!({"pairs": 1})).await.json();
    client.post(&format!("{order}/voucher"), json!({"code": batch["items"][0]["code"]})).await;
    assert_eq!(client.post(&format!("{order}/start"), json!({})).await.json()["state"], "scheduled");
}

/// Else a service that is restarted a few times while a server is slow would let nobody in there for an hour.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_a_stopping_worker_gives_up_counts_neither_as_failed_nor_as_under_way() {
    through_a_proxy(async |service, servers, proxy| {
        let (order, client) = order(service, servers, proxy).await;
        start(service, &order, &client).await;
        proxy.freeze();
        for knocked in 1..=2 {
            let worker = Worker::start(service);
            resellers::until("it knocks", async || (proxy.passed().len() >= knocked).then_some(())).await;
            worker.stop().await;
        }
        for _ in 0..FAILED_LOGINS_AN_HOUR {
            let permit = async || service.app.store.begin_login("localhost", "anna").await;
            let is_granted = async || matches!(permit().await, Ok(LoginPermit::Granted(_))).then_some(());
            resellers::until("a login is permitted", is_granted).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_of_a_server_that_gets_nowhere_is_given_up_with_its_cause_and_the_next_one_succeeds() {
    through_a_proxy(async |service, servers, proxy| {
        let (order, client) = order(service, servers, proxy).await;
        start(service, &order, &client).await;
        let worker = Worker::start(service);
        until(&client, &order, |order| order["state"] == "completed").await;
        worker.stop().await;

        crawl(proxy, 20_000);
        let worker = impatient(service);
        given_up(&begun(&client, &format!("{order}/verifications")).await);
        worker.stop().await;
        proxy.forget_plans();
        let worker = Worker::start(service);
        let found = begun(&client, &format!("{order}/verifications")).await;
        assert_eq!(found["pairs"][0]["state"], "finished", "{found}");
        worker.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_at_a_server_that_gets_nowhere_is_given_up_with_its_cause_and_the_next_one_succeeds() {
    through_a_proxy(async |service, servers, proxy| {
        let (order, client) = order(service, servers, proxy).await;
        crawl(proxy, 100);
        let worker = impatient(service);
        given_up(&begun(&client, &format!("{order}/dry-runs")).await);
        worker.stop().await;
        proxy.forget_plans();
        let worker = Worker::start(service);
        let foreseen = begun(&client, &format!("{order}/dry-runs")).await;
        assert_eq!(foreseen["pairs"][0]["state"], "finished", "{foreseen}");
        worker.stop().await;
    })
    .await;
}

/// Each attempt of its job has only what those before have left of the time.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_has_had_its_time_asks_nobody_any_more_and_says_so() {
    through_a_proxy(async |service, servers, proxy| {
        let (order, client) = order(service, servers, proxy).await;
        let begun = client.post(&format!("{order}/checks"), json!({})).await;
        assert_eq!(begun.status, 202, "{}", begun.text);
        let id = begun.json()["id"].as_str().expect("an id").parse().expect("an id");
        let store = &service.app.store;
        store.add_check_time(id, Duration::from_hours(5)).await.expect("written");
        store.add_check_time(id, Duration::from_hours(7)).await.expect("written");
        let worker = Worker::start(service);
        let checked = until(&client, begun.header("location"), |check| check["finished"] == true).await;
        worker.stop().await;
        for item in checked["items"].as_array().expect("items") {
            assert_eq!(
                (&item["login"], &item["findings"][0]["code"]),
                (&json!("failed"), &json!("connection_timeout"))
            );
        }
        assert!(proxy.passed().is_empty(), "nobody was asked");
    })
    .await;
}
