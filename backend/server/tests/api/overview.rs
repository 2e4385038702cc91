//! What lists tell so that one thing is told apart from another: references, notes, ends of keys, health of endpoints.

use chrono::TimeDelta;
use mailferry_lab::{Page, WebServer};
use mailferry_shared::{key::Scope, run::RunState, secret::Secret};
use serde_json::{Value, json};

use crate::{
    harness::{Client, Service, new_account, new_order, on_both, on_both_at, on_each},
    moving::Worker,
    principals::tenant,
    resellers::{is_signed, until},
    schedule::{account, paid, work},
    time::Time,
};

async fn created(client: &Client, path: &str, body: Value) -> Value {
    let answer = client.post(path, body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_has_a_reference_of_at_most_100_characters_that_is_shown_found_and_changed() {
    on_both(async |service: Service| {
        let operator = service.operator();
        let mut order = new_order();
        order["reference"] = json!(" Customer 4711 ");
        let made = created(&operator, "/api/v1/orders", order.clone()).await;
        assert_eq!(made["reference"], "Customer 4711");
        let path = format!("/api/v1/orders/{}", made["id"].as_str().expect("an id"));
        let stranger = service.stranger().post("/api/v1/orders", order.clone()).await.is_problem(422, "invalid_field");
        assert_eq!(stranger["errors"][0]["pointer"], "/reference", "{stranger}");
        service.order().await;
        let found = async |text: &str| operator.get(&format!("/api/v1/orders?q={text}")).await.json()["items"].clone();
        let items = found("customer%204711").await;
        assert_eq!((items.as_array().map(Vec::len), &items[0]["reference"]), (Some(1), &json!("Customer 4711")));
        assert_eq!(
            (&items[0]["source"], &items[0]["destination"]),
            (&json!("imap.gmx.net"), &json!("imap.new.example"))
        );
        assert_eq!(items[0].get("progress"), None, "nothing has been started");

        // Its customer neither sees nor changes what the seller calls it.
        let id = made["id"].as_str().expect("an id");
        let token = made["manage_url"].as_str().and_then(|url| url.split("#token=").nth(1)).expect("a link");
        let customer = service.session(id, &Secret::new(token)).await;
        assert_eq!(customer.get(&path).await.json().get("reference"), None);
        let refused = customer.patch(&path, json!({"reference": ""})).await.is_problem(422, "invalid_field");
        assert_eq!(refused["errors"][0]["pointer"], "/reference", "{refused}");

        let renamed = operator.patch(&path, json!({"reference": "Weber GmbH"})).await.json();
        assert_eq!(renamed["reference"], "Weber GmbH");
        let untouched = operator.patch(&path, json!({"language": "de"})).await.json();
        assert_eq!(untouched["reference"], "Weber GmbH");
        assert_eq!(operator.patch(&path, json!({"reference": ""})).await.json().get("reference"), None);
        for wrong in ["x".repeat(101), "two\nlines".to_owned()] {
            order["reference"] = json!(wrong);
            let refused = operator.post("/api/v1/orders", order.clone()).await.is_problem(422, "invalid_field");
            assert_eq!(refused["errors"][0]["pointer"], "/reference");
            let refused = operator.patch(&path, json!({"reference": wrong})).await.is_problem(422, "invalid_field");
            assert_eq!(refused["errors"][0]["pointer"], "/reference");
        }
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_migrations_is_exported_as_it_is_filtered_and_without_formulas() {
    on_both(async |service: Service| {
        let (alpha, _) = tenant(&service, "alpha").await;
        let key = service.with_key(alpha, Scope::ALL).await;
        let mut order = new_order();
        order["reference"] = json!("=HYPERLINK(\"x\")");
        let made = created(&key, "/api/v1/orders", order).await;
        let id = made["id"].as_str().expect("an id");
        created(&key, &format!("/api/v1/orders/{id}/accounts"), new_account("anna")).await;
        let other = created(&key, "/api/v1/orders", new_order()).await;
        service.order().await;
        let file = key.get("/api/v1/orders.csv").await;
        assert_eq!((file.status, file.header("content-type")), (200, "text/csv; charset=utf-8"), "{}", file.text);
        assert_eq!(file.header("content-disposition"), "attachment; filename=\"migrations.csv\"");
        let lines: Vec<&str> = file.text.lines().collect();
        assert_eq!(lines.len(), 3, "a head and the tenant's own two: {}", file.text);
        assert!(lines[0].starts_with("\u{feff}order_id,reference,state,"), "{}", lines[0]);
        assert!(lines[1].starts_with(other["id"].as_str().expect("an id")), "newest first");
        assert!(lines[2].starts_with(&format!("{id},\"'=HYPERLINK(\"\"x\"\")\",draft,")), "{}", lines[2]);
        assert!(lines[2].contains(",imap.gmx.net,imap.new.example,1,0,"), "{}", lines[2]);
        let some = key.get("/api/v1/orders.csv?q=hyperlink").await.text;
        assert_eq!(some.lines().count(), 2, "{some}");
        assert_eq!(key.get("/api/v1/orders.csv?state=active").await.text.lines().count(), 1);
        key.get("/api/v1/orders.csv?limit=1").await.is_problem(422, "invalid_field");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_migrations_tells_when_the_first_and_the_second_run_began() {
    on_both_at(async |service: Service, clock: Time| {
        let context = service.app.job_context().expect("a context");
        let (path, client) = paid(&service, &[account("anna@one.example")]).await;
        let listed = async || service.operator().get("/api/v1/orders").await.json()["items"][0].clone();
        let earliest = service.store.now() + TimeDelta::hours(1);
        let started = client.post(&format!("{path}/start"), json!({"earliest_start": earliest})).await;
        assert_eq!(started.status, 200, "{}", started.text);
        let planned = listed().await;
        assert_eq!((&planned["first_run_at"], planned.get("second_run_at")), (&json!(earliest), None), "{planned}");
        clock.advance(TimeDelta::hours(2)).await;
        work(&context, &client, &path, RunState::Succeeded).await;
        let begun = client.get(&path).await.json()["started_at"].clone();
        clock.advance(TimeDelta::hours(1)).await;
        let delta = client.post(&format!("{path}/deltas"), json!({})).await;
        assert_eq!(delta.status, 202, "{}", delta.text);
        let both = listed().await;
        assert_eq!((&both["first_run_at"], &both["second_run_at"]), (&begun, &json!(service.store.now())), "{both}");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_vouchers_has_a_note_of_at_most_200_characters_that_is_no_formula_in_the_file() {
    on_both(async |service: Service| {
        let operator = service.operator();
        let vouchers = "/api/v1/vouchers";
        created(&operator, vouchers, json!({"pairs": 1, "count": 2, "note": "Weber, spring"})).await;
        created(&operator, vouchers, json!({"pairs": 1})).await;
        let found = operator.get(&format!("{vouchers}?q=weber")).await.json();
        let notes: Vec<&Value> = found["items"].as_array().expect("items").iter().map(|item| &item["note"]).collect();
        assert_eq!(notes, ["Weber, spring"; 2]);
        let file = operator.get("/api/v1/vouchers.csv?q=weber").await.text;
        assert_eq!(file.matches(",\"Weber, spring\"\r\n").count(), 2, "{file}");
        created(&operator, vouchers, json!({"pairs": 1, "note": "=1+1"})).await;
        let file = operator.get("/api/v1/vouchers.csv?q=1%2B1").await.text;
        assert!(file.ends_with(",'=1+1\r\n"), "{file}");
        for wrong in ["x".repeat(201), "two\nlines".to_owned()] {
            let refused = operator.post(vouchers, json!({"pairs": 1, "note": wrong})).await;
            assert_eq!(refused.is_problem(422, "invalid_field")["errors"][0]["pointer"], "/note");
        }
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_told_apart_by_the_end_of_its_secret_and_by_whose_it_is() {
    on_both(async |service: Service| {
        let (_, admin) = tenant(&service, "alpha").await;
        let me = admin.get("/api/v1/me").await.json();
        let made = created(&admin, "/api/v1/api-keys", json!({"name": "panel", "scopes": ["orders:read"]})).await;
        let secret = made["secret"].as_str().expect("a secret");
        let listed = admin.get("/api/v1/api-keys").await;
        let key = &listed.json()["items"][0];
        assert_eq!((&key["hint"], &key["sandbox"]), (&json!(&secret[secret.len() - 4..]), &json!(false)));
        assert_eq!(key["member_name"], me["member"]["name"], "{key}");
        assert!(!listed.text.contains(secret), "the rest is nobody's to read");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_event_is_posted_signed_and_its_outcome_is_told() {
    on_each(a_test_event_is_posted_signed_and_its_outcome_is_told_on).await;
}

async fn a_test_event_is_posted_signed_and_its_outcome_is_told_on(database: Option<String>) {
    let web = WebServer::start(&["localhost"]).expect("a web server");
    let (port, ca) = (web.port(), web.ca_file());
    let service = Service::start_with(database, |settings| {
        settings.outgoing.networks = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a network")).to_vec();
        settings.outgoing.ports = vec![port];
        settings.outgoing.ca_file = Some(ca);
    })
    .await;
    let worker = Worker::start(&service);
    let operator = service.operator();
    let body = json!({"url": format!("https://localhost:{port}/hook"), "events": ["order.closed"]});
    let made = created(&operator, "/api/v1/webhooks", body).await;
    assert_eq!(made["webhook"]["health"], json!({"failures_in_row": 0, "pending": 0}));
    let hook = format!("/api/v1/webhooks/{}", made["webhook"]["id"].as_str().expect("an id"));
    let health = async |wanted: fn(&Value) -> bool| {
        until("the endpoint's health", async || {
            let hooks = operator.get("/api/v1/webhooks").await.json();
            Some(hooks["items"][0]["health"].clone()).filter(wanted)
        })
        .await
    };
    // Nothing is there yet: the test fails, once.
    let test = created(&operator, &format!("{hook}/test"), json!({})).await;
    assert_eq!((&test["event"]["type"], &test["state"]), (&json!("webhook.test"), &json!("pending")), "{test}");
    let failed = health(|health| health["last_failure_at"].is_string()).await;
    assert_eq!((&failed["last_failure_status"], &failed["failures_in_row"]), (&json!(404), &json!(1)), "{failed}");
    assert_eq!(failed["pending"], 0, "it is not tried again");
    web.set("localhost", "/hook", Page { status: 204, ..Page::ok("") });
    created(&operator, &format!("{hook}/test"), json!({})).await;
    let well = health(|health| health["last_success_at"].is_string()).await;
    assert_eq!((&well["failures_in_row"], &well["last_failure_status"]), (&json!(0), &json!(404)), "{well}");
    let requests = web.requests();
    assert_eq!(requests.len(), 2);
    let event: Value = serde_json::from_slice(&requests[1].body).expect("JSON");
    assert_eq!(event["data"], json!({"webhook_id": made["webhook"]["id"]}), "it is about no order");
    assert!(requests.iter().all(|request| is_signed(request, made["secret"].as_str().expect("a secret"))));

    assert_eq!(operator.patch(&hook, json!({"enabled": false})).await.status, 200);
    operator.post(&format!("{hook}/test"), json!({})).await.is_problem(409, "webhook_disabled");
    worker.stop().await;
    service.stop().await;
}
