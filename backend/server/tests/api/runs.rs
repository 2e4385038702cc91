//! Runs as the API shows them; a worker's part is done by hand here.

use mailferry_server::jobs::{JobContext, life};
use mailferry_shared::{
    finding::{Finding, FindingCode},
    ids::RunId,
    run::RunState,
};
use serde_json::json;

use crate::harness::{Client, Service, new_account, on_both};

/// What a worker does to a run, without moving anything.
async fn work(context: &JobContext, run: &str, end: RunState) {
    let run: RunId = run.parse().expect("an id");
    life::run_begins(context, run).await.expect("begins");
    context.store.change_run(run, RunState::Running, None, None).await.expect("runs");
    context.store.change_run(run, end, None, None).await.expect("ends");
    life::run_ended(context, run).await.expect("ends");
}

async fn state(client: &Client, path: &str) -> String {
    client.get(path).await.json()["state"].as_str().expect("a state").to_owned()
}

async fn latest_run(client: &Client, path: &str) -> String {
    let progress = client.get(&format!("{path}/progress")).await.json();
    progress["pairs"][0]["run"]["id"].as_str().expect("a run").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_becomes_a_full_migration_and_ends_with_a_delta() {
    on_both(async |service: Service| {
        let context = service.app.job_context().expect("a context");
        let (order, pair, client) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}");
        let started = client.post(&format!("{path}/start"), json!({"kind": "trial"})).await;
        assert_eq!(started.json()["state"], "scheduled", "{}", started.text);
        work(&context, &latest_run(&client, &path).await, RunState::Succeeded).await;
        assert_eq!(state(&client, &path).await, "completed");
        client.post(&format!("{path}/deltas"), json!({})).await.is_problem(409, "wrong_state");

        let batch = service.operator().post("/api/v1/vouchers", json!({"pairs": 1})).await.json();
        let waiting = client.post(&format!("{path}/start"), json!({"kind": "main"})).await.json();
        assert_eq!(waiting["state"], "awaiting_payment");
        let paid = client.post(&format!("{path}/voucher"), json!({"code": batch["items"][0]["code"]})).await;
        assert_eq!(paid.json()["state"], "scheduled", "{}", paid.text);
        let main = latest_run(&client, &path).await;
        life::run_begins(&context, main.parse().expect("an id")).await.expect("begins");
        assert_eq!(state(&client, &path).await, "active");
        let paused = client.post(&format!("{path}/pause"), json!({})).await.json();
        assert_eq!((&paused["state"], &paused["actions"]), (&json!("paused"), &json!(["resume", "cancel"])));
        assert_eq!(client.post(&format!("{path}/resume"), json!({})).await.json()["state"], "active");
        work(&context, &main, RunState::Partial).await;
        let order_now = client.get(&path).await.json();
        assert_eq!((&order_now["state"], &order_now["kind"]), (&json!("completed"), &json!("main")));

        let delta = client.post(&format!("{path}/deltas"), json!({"pair_ids": [pair]})).await;
        assert_eq!(delta.status, 202, "{}", delta.text);
        let delta_path = delta.header("location").to_owned();
        work(&context, &latest_run(&client, &path).await, RunState::Succeeded).await;
        assert_eq!(client.get(&delta_path).await.json()["finished"], true);
        assert_eq!(client.get(&format!("{path}/deltas")).await.json()["items"].as_array().expect("items").len(), 1);
        assert_eq!(state(&client, &path).await, "completed");

        let runs = client.get(&format!("{path}/accounts/{pair}/runs")).await.json();
        let kinds: Vec<&str> =
            runs["items"].as_array().expect("runs").iter().filter_map(|run| run["kind"].as_str()).collect();
        assert_eq!(kinds, ["trial", "main", "delta"]);
        let protocol = format!("{path}/accounts/{pair}/runs/{main}/protocol");
        assert_eq!(client.get(&protocol).await.json()["run"]["state"], "partial");
        let csv = client.get(&format!("{protocol}.csv")).await;
        assert_eq!((csv.status, csv.header("content-type")), (200, "text/csv; charset=utf-8"));
        assert!(csv.header("content-disposition").contains(&format!("protocol-{order}-2.csv")));
        assert!(csv.text.starts_with("what,folder,destination_folder,outcome,"), "{}", csv.text);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_account_can_be_resumed_while_others_go_on() {
    on_both(async |service: Service| {
        let context = service.app.job_context().expect("a context");
        let (order, _, client) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}");
        assert_eq!(client.post(&format!("{path}/accounts"), new_account("berta")).await.status, 201);
        client.post(&format!("{path}/start"), json!({"kind": "trial"})).await;
        let progress = client.get(&format!("{path}/progress")).await.json();
        let run = |at: usize| -> RunId {
            progress["pairs"][at]["run"]["id"].as_str().expect("a run").parse().expect("an id")
        };
        for at in [0, 1] {
            life::run_begins(&context, run(at)).await.expect("begins");
            context.store.change_run(run(at), RunState::Running, None, None).await.expect("runs");
        }
        let actions = async || client.get(&path).await.json()["actions"].clone();
        assert_eq!(actions().await, json!(["pause", "cancel"]));
        client.post(&format!("{path}/resume"), json!({})).await.is_problem(409, "wrong_state");
        let full = Finding::new(FindingCode::MailboxFull);
        context.store.change_run(run(0), RunState::Paused, Some(&full), None).await.expect("parked");
        life::run_ended(&context, run(0)).await.expect("told");
        assert_eq!(actions().await, json!(["pause", "resume", "cancel"]));
        let resumed = client.post(&format!("{path}/resume"), json!({})).await;
        assert_eq!((resumed.status, &resumed.json()["state"]), (200, &json!("active")), "{}", resumed.text);
        let progress = client.get(&format!("{path}/progress")).await.json();
        let states = [0, 1].map(|at: usize| progress["pairs"][at]["run"]["state"].clone());
        assert_eq!(states, [json!("queued"), json!("running")]);
        assert_eq!(actions().await, json!(["pause", "cancel"]));
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_needs_the_passwords() {
    on_both(async |service: Service| {
        let context = service.app.job_context().expect("a context");
        let (order, pair, client) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}");
        let batch = service.operator().post("/api/v1/vouchers", json!({"pairs": 1})).await.json();
        client.post(&format!("{path}/voucher"), json!({"code": batch["items"][0]["code"]})).await;
        assert_eq!(client.post(&format!("{path}/start"), json!({})).await.json()["state"], "scheduled");
        work(&context, &latest_run(&client, &path).await, RunState::Succeeded).await;
        service.store.forget_passwords(order.parse().expect("an id")).await.expect("forgotten");
        client.post(&format!("{path}/deltas"), json!({})).await.is_problem(409, "accounts_incomplete");
        let again = json!({
            "source": {"user": "anna@old.example", "password": "a"},
            "destination": {"user": "anna@new.example", "password": "b"},
        });
        assert_eq!(client.patch(&format!("{path}/accounts/{pair}"), again).await.status, 200);
        assert_eq!(client.post(&format!("{path}/deltas"), json!({})).await.status, 202);
        service.stop().await;
    })
    .await;
}
