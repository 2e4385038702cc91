//! Sentences of the product that no other test has for its name.

use chrono::{DateTime, TimeDelta, Utc};
use mailferry_lab::{Client as Imap, CompareOptions, Sample, compare};
use mailferry_server::settings::Settings;
use mailferry_shared::{account::SideName, run::RunState};
use mailferry_store::jobs::{JobKind, JobQueue, LOCK};
use serde_json::{Value, json};

use crate::{
    harness::{Client, Service, new_account, new_order, on_both, on_both_at, on_both_with},
    moving::{Servers, between_servers, completed, delta, until},
    time::Time,
};

/// What starts an order.
fn trial() -> Value {
    json!({"kind": "trial"})
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_must_be_accepted_first_and_their_version_and_time_are_recorded() {
    on_both_at(async |service: Service, clock: Time| {
        let stranger = service.stranger();
        let mut order = new_order();
        order["accepted_terms"] = json!("1999");
        stranger.post("/api/v1/orders", order.clone()).await.is_problem(422, "terms_not_accepted");
        order.as_object_mut().expect("an object").remove("accepted_terms");
        let missing = stranger.post("/api/v1/orders", order).await.is_problem(422, "invalid_field");
        assert_eq!(missing["errors"][0]["pointer"], "/accepted_terms", "{missing}");
        clock.advance(TimeDelta::minutes(5)).await;
        let order = stranger.post("/api/v1/orders", new_order()).await.json();
        assert_eq!(order["accepted_terms"], mailferry_server::api::service::TERMS_VERSION);
        let at: DateTime<Utc> = order["accepted_terms_at"].as_str().expect("a time").parse().expect("a time");
        assert_eq!(at, service.store.now());
        service.stop().await;
    })
    .await;
}

/// Runs of each account of an order.
async fn runs(client: &Client, order: &str) -> Vec<usize> {
    let accounts = client.get(&format!("{order}/accounts")).await.json();
    let runs = |account: &Value| account["runs"].as_array().map_or(0, Vec::len);
    accounts["items"].as_array().expect("accounts").iter().map(runs).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_ticked_accounts_are_started() {
    on_both(async |service: Service| {
        let (order, _, client) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}");
        let mut bert = new_account("bert");
        bert["ticked"] = json!(false);
        assert_eq!(client.post(&format!("{path}/accounts"), bert).await.status, 201);
        assert_eq!(client.post(&format!("{path}/start"), trial()).await.status, 200);
        assert_eq!(runs(&client, &path).await, [1, 0]);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_can_be_started_without_waiting_for_its_check() {
    on_both(async |service: Service| {
        let (order, _, client) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}");
        let check = client.post(&format!("{path}/checks"), json!({})).await;
        assert_eq!(check.status, 202, "{}", check.text);
        let started = client.post(&format!("{path}/start"), trial()).await;
        assert_eq!((started.status, &started.json()["state"]), (200, &json!("scheduled")), "{}", started.text);
        let check = client.get(check.header("location")).await.json();
        assert_eq!(check["finished"], false, "it goes on: {check}");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_begins_before_the_earliest_start() {
    on_both_at(async |service: Service, clock: Time| {
        let (order, _, client) = service.order_with_pair().await;
        let earliest = service.store.now() + TimeDelta::hours(3);
        let body = json!({"kind": "trial", "earliest_start": earliest});
        let started = client.post(&format!("/api/v1/orders/{order}/start"), body).await;
        assert_eq!((started.status, &started.json()["earliest_start"]), (200, &json!(earliest)), "{}", started.text);
        let due = async || service.store.take("worker", JobKind::Run, 9, LOCK).await.expect("looks").len();
        assert_eq!(due().await, 0);
        clock.advance(TimeDelta::minutes(175)).await;
        assert_eq!(due().await, 0, "not five minutes before");
        clock.advance(TimeDelta::minutes(6)).await;
        assert_eq!(due().await, 1);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rows_host_beats_the_orders_and_without_one_the_orders_counts() {
    on_both(async |service: Service| {
        let (order, client) = service.order().await;
        let path = format!("/api/v1/orders/{order}");
        let content = "anna@new.example;imap.own.example;anna@old.example;x\nbert@new.example;;bert@old.example;y\n";
        let body = json!({"content": content, "layout": "standard"});
        let imported = client.post(&format!("{path}/imports"), body).await.json();
        assert_eq!(imported["errors"], json!([]), "{imported}");
        let mut hosts = Vec::new();
        for row in imported["rows"].as_array().expect("rows") {
            let pair = row["pair_id"].as_str().expect("an id").parse().expect("an id");
            let access = service.store.pair_access(pair).await.expect("a pair");
            let side = access.side(SideName::Source);
            hosts.push(side.endpoint.as_ref().expect("a server").host.to_string());
        }
        assert_eq!(hosts, ["imap.own.example", "imap.gmx.net"]);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_a_layout_lacks_is_asked_for_once_a_side() {
    on_both(async |service: Service| {
        let (order, client) = service.order().await;
        let imports = format!("/api/v1/orders/{order}/imports");
        let content = "anna@a.example;x;imap.a.example\nbert@a.example;y;imap.a.example\n";
        let known = |answer: Value| {
            let rows = answer["rows"].as_array().expect("rows").clone();
            rows.iter().map(|row| row["has_destination_password"] == true).collect::<Vec<_>>()
        };
        let body = json!({"content": content, "layout": "request", "preview": true});
        assert_eq!(known(client.post(&imports, body).await.json()), [false, false]);
        let body = json!({"content": content, "layout": "request", "destination_password": "for all"});
        assert_eq!(known(client.post(&imports, body).await.json()), [true, true]);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_and_a_file_have_at_most_500_accounts() {
    on_both(async |service: Service| {
        let (order, client) = service.order().await;
        let path = format!("/api/v1/orders/{order}");
        let rows = |count: usize| {
            let rows = (0..count).map(|n| format!("user{n}@a.example;x;imap.a.example\n"));
            json!({"content": rows.collect::<String>(), "layout": "request", "destination_password": "y"})
        };
        client.post(&format!("{path}/imports"), rows(501)).await.is_problem(422, "file_unreadable");
        let all = client.post(&format!("{path}/imports"), rows(500)).await;
        assert_eq!((all.status, all.json()["rows"].as_array().map(Vec::len)), (200, Some(500)));
        let one = client.post(&format!("{path}/accounts"), new_account("one")).await;
        let problem = one.is_problem(409, "too_many_accounts");
        assert!(problem["detail"].as_str().expect("words").contains("500"), "{problem}");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn how_many_orders_are_active_at_once_is_not_limited_for_the_public_page() {
    let one = |settings: &mut Settings| settings.terms.active_orders = 1;
    on_both_with(one, async |service: Service| {
        for _ in 0..3 {
            let (order, _, client) = service.order_with_pair().await;
            let started = client.post(&format!("/api/v1/orders/{order}/start"), trial()).await;
            assert_eq!(started.status, 200, "{}", started.text);
        }
        let operator = service.operator();
        let mut answers = Vec::new();
        for _ in 0..2 {
            let order = operator.post("/api/v1/orders", new_order()).await.json();
            let path = format!("/api/v1/orders/{}", order["id"].as_str().expect("an id"));
            assert_eq!(operator.post(&format!("{path}/accounts"), new_account("anna")).await.status, 201);
            answers.push(operator.post(&format!("{path}/start"), trial()).await);
        }
        assert_eq!(answers[0].status, 200, "{}", answers[0].text);
        answers[1].is_problem(409, "too_many_active");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_makes_as_many_orders_as_are_asked_for_unless_it_is_for_one() {
    on_both(async |service: Service| {
        for (once, second) in [(false, 201), (true, 401)] {
            let link = service.operator().post("/api/v1/links", json!({"name": "welcome", "once": once})).await.json();
            let mut order = new_order();
            order["link"] = link["token"].clone();
            let first = service.stranger().post("/api/v1/orders", order.clone()).await.status;
            assert_eq!((first, service.stranger().post("/api/v1/orders", order).await.status), (201, second));
        }
        service.stop().await;
    })
    .await;
}

/// Mail of anna; bert has none, and another password than he says.
fn fill(servers: &Servers) {
    Sample::Tiny.write(&servers.source, "anna").expect("a mailbox");
}

/// Messages in a new mailbox, all folders together.
fn messages(servers: &Servers, user: &str) -> u64 {
    let (old, new) = (servers.source.login(user), servers.destination.login(user));
    compare(&old, &new, &CompareOptions::default()).expect("both can be read").destination_messages
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_keeps_what_was_copied() {
    between_servers(fill, async |service, servers| {
        let (order, client) = service.order().await;
        let path = format!("/api/v1/orders/{order}");
        let mut bert = servers.account("bert");
        bert["source"]["password"] = json!("wrong");
        for account in [servers.account("anna"), bert] {
            assert_eq!(client.post(&format!("{path}/accounts"), account).await.status, 201);
        }
        let batch = service.operator().post("/api/v1/vouchers", json!({"pairs": 2})).await.json();
        client.post(&format!("{path}/voucher"), json!({"code": batch["items"][0]["code"]})).await;
        assert_eq!(client.post(&format!("{path}/start"), json!({})).await.json()["state"], "scheduled");
        let states = |progress: &Value| [0, 1].map(|n| progress["pairs"][n]["run"]["state"].clone());
        let there = |progress: &Value| states(progress) == ["succeeded", "paused"];
        let before = until(&client, &format!("{path}/progress"), there).await["counts"]["stored"].clone();
        let copied = messages(servers, "anna");
        assert!(copied > 0 && before == json!(copied), "{before} {copied}");
        assert_eq!(client.post(&format!("{path}/cancel"), json!({})).await.json()["state"], "cancelled");
        let after = client.get(&format!("{path}/progress")).await.json();
        assert_eq!((messages(servers, "anna"), &after["counts"]["stored"]), (copied, &before), "{after}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_may_be_started_more_than_once_and_never_makes_a_duplicate() {
    between_servers(fill, async |service, servers| {
        let options = json!({"include_trash": true, "include_junk": true});
        let (order, client) = servers.started(service, "anna", options).await;
        let first = completed(&client, &order).await;
        let copied = messages(servers, "anna");
        assert_eq!(first["counts"]["stored"], json!(copied), "{first}");
        for _ in 0..2 {
            let run = delta(&client, &order).await;
            assert_eq!((&run["kind"], &run["counts"]["stored"]), (&json!("delta"), &json!(0)), "{run}");
            assert_eq!(messages(servers, "anna"), copied);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_covers_everything_that_arrived_since_the_main_run_started() {
    between_servers(fill, async |service, servers| {
        let options = json!({"include_trash": true, "include_junk": true});
        let (order, client) = servers.started(service, "anna", options).await;
        let arrive = |subject: &str| {
            let mut anna = Imap::login(&servers.source.login("anna")).expect("logs in");
            let message = format!("Message-ID: <{subject}@late.example>\r\nSubject: {subject}\r\n\r\nlate\r\n");
            anna.append("INBOX", "", None, message.as_bytes()).expect("arrives");
        };
        // Whether the main run has listed the folder by now or not: one of both copies it.
        let begun = |progress: &Value| progress["pairs"][0]["run"]["started_at"].is_string();
        until(&client, &format!("{order}/progress"), begun).await;
        arrive("while-it-runs");
        completed(&client, &order).await;
        arrive("after-it");
        let run = delta(&client, &order).await;
        assert_eq!((&run["counts"]["failed"], &run["counts"]["uncertain"]), (&json!(0), &json!(0)), "{run}");
        assert!(run["counts"]["stored"].as_u64() >= Some(1), "{run}");
        let (old, new) = (servers.source.login("anna"), servers.destination.login("anna"));
        let differences = compare(&old, &new, &CompareOptions::default()).expect("both can be read");
        assert!(differences.is_perfect(), "each once: {differences:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_protocols_of_an_account_are_log_1_and_log_2_one_for_each_run() {
    between_servers(fill, async |service, servers| {
        let (order, client) = servers.started(service, "anna", json!({})).await;
        completed(&client, &order).await;
        delta(&client, &order).await;
        let pair = client.get(&format!("{order}/accounts")).await.json()["items"][0]["id"].clone();
        let runs = format!("{order}/accounts/{}/runs", pair.as_str().expect("an id"));
        let listed = client.get(&runs).await.json()["items"].clone();
        let told: Vec<_> = listed.as_array().expect("runs").iter().map(|run| (&run["number"], &run["kind"])).collect();
        assert_eq!(told, [(&json!(1), &json!("main")), (&json!(2), &json!("delta"))]);
        for run in listed.as_array().expect("runs") {
            let protocol = client.get(&format!("{runs}/{}/protocol", run["id"].as_str().expect("an id"))).await.json();
            assert_eq!(protocol["run"]["number"], run["number"], "{protocol}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_failed_items_starts_a_run_for_the_accounts_that_failed_alone() {
    on_both(async |service: Service| {
        let (order, first, client) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}");
        let second = client.post(&format!("{path}/accounts"), new_account("bert")).await.json()["id"].clone();
        let batch = service.operator().post("/api/v1/vouchers", json!({"pairs": 2})).await.json();
        client.post(&format!("{path}/voucher"), json!({"code": batch["items"][0]["code"]})).await;
        assert_eq!(client.post(&format!("{path}/start"), json!({})).await.json()["state"], "scheduled");
        let store = &service.store;
        let id = order.parse().expect("an id");
        store.begin_order(id).await.expect("begins");
        for (pair, end) in [(json!(first), RunState::Succeeded), (second.clone(), RunState::Partial)] {
            let progress = client.get(&format!("{path}/progress")).await.json();
            let pairs = progress["pairs"].as_array().expect("pairs");
            let run = &pairs.iter().find(|row| row["pair_id"] == pair).expect("its row")["run"]["id"];
            let run = run.as_str().expect("a run").parse().expect("an id");
            store.change_run(run, RunState::Running, None, None).await.expect("runs");
            store.change_run(run, end, None, None).await.expect("ends");
        }
        store.conclude_order(id).await.expect("completes");
        assert_eq!(client.post(&format!("{path}/retry"), json!({})).await.status, 200);
        let deltas = client.get(&format!("{path}/deltas")).await.json();
        let runs = deltas["items"][0]["runs"].as_array().expect("runs");
        assert_eq!((runs.len(), &runs[0]["pair_id"], &runs[0]["number"]), (1, &second, &json!(2)), "{deltas}");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_at_most_50_rows_is_recommended_and_one_of_500_is_taken() {
    on_both(async |service: Service| {
        let told = service.stranger().get("/api/v1/service").await.json();
        assert_eq!((&told["recommended_rows"], &told["max_pairs"]), (&json!(50), &json!(500)), "{told}");
        service.stop().await;
    })
    .await;
}
