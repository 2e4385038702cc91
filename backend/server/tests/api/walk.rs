//! A reseller's life by the API alone, between real servers: `make api-walk`.
#![expect(clippy::print_stdout, reason = "how much was done")]

use mailferry_lab::{CompareOptions, Dovecot, DovecotOptions, Page, Sample, WebServer, compare};
use mailferry_server::jobs;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    harness::{Client, Service, new_order, on_each},
    resellers::{is_signed, until},
};

/// Answers that were as they should be.
#[derive(Default)]
struct Count(u32);

impl Count {
    async fn post(&mut self, client: &Client, path: &str, body: Value, status: u16) -> Value {
        let answer = client.post(&format!("/api/v1{path}"), body).await;
        assert_eq!(answer.status, status, "POST {path}: {}", answer.text);
        self.0 += 1;
        answer.json()
    }

    async fn get(&mut self, client: &Client, path: &str) -> Value {
        let answer = client.get(&format!("/api/v1{path}")).await;
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.text);
        self.0 += 1;
        answer.json()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_tenant_to_a_deleted_order() {
    on_each(from_a_tenant_to_a_deleted_order_on).await;
}

#[expect(clippy::too_many_lines, reason = "one story, from its beginning to its end")]
async fn from_a_tenant_to_a_deleted_order_on(database: Option<String>) {
    // Two real mail servers, one real web server that webhooks are posted to.
    let server = || Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let (old, new) = (server(), server());
    Sample::Tiny.write(&old, "anna").expect("a mailbox");
    let web = WebServer::start(&["localhost"]).expect("a web server");
    web.set("localhost", "/hook", Page { status: 204, ..Page::ok("") });
    let (ports, ca) = (vec![old.imaps_port(), new.imaps_port(), web.port()], old.ca_file());
    let service = Service::start_with(database, move |settings| {
        settings.outgoing.networks = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a network")).to_vec();
        settings.outgoing.ports = ports;
        settings.outgoing.ca_file = Some(ca);
    })
    .await;
    let shutdown = CancellationToken::new();
    let working = tokio::spawn(jobs::work(service.app.job_context().expect("a context"), shutdown.clone()));
    let mut count = Count::default();

    // The operator makes a tenant; its admin signs in and makes a key for the hoster's own programs.
    let admin = json!({"name": "Alex", "mail": "alex@hosting.example", "password": "correct horse battery"});
    count.post(&service.operator(), "/tenants", json!({"name": "Hosting", "admin": admin}), 201).await;
    let mut alex = service.stranger();
    let signed_in = json!({"mail": "alex@hosting.example", "password": "correct horse battery"});
    alex.cookie = alex.post("/api/v1/sign-ins", signed_in).await.cookie();
    let scopes = ["orders:write", "vouchers:write", "links:write", "webhooks:write"];
    let key = count.post(&alex, "/api-keys", json!({"name": "panel", "scopes": scopes}), 201).await;
    let mut panel = service.stranger();
    panel.key = Some(text(&key["secret"]));

    // The panel asks for webhooks, makes a voucher, and a link that pays with it.
    let url = format!("https://localhost:{}/hook", web.port());
    let hook = count.post(&panel, "/webhooks", json!({"url": url}), 201).await;
    let batch = count.post(&panel, "/vouchers", json!({"pairs": 5, "count": 2}), 201).await;
    let endpoint = |server: &Dovecot| json!({"host": "localhost", "port": server.imaps_port(), "tls": "implicit"});
    let link = json!({
        "name": "welcome mail",
        "destination": {"endpoint": endpoint(&new)},
        "voucher_id": batch["items"][0]["id"],
        "brand": {"name": "Hosting", "colour": "#0b5fa5"},
    });
    let link = count.post(&panel, "/links", link, 201).await;

    // An end user opens the link: the new provider and the payment are settled.
    let mut anna = service.stranger();
    let offer = count.post(&anna, "/offers", json!({"token": link["token"]}), 200).await;
    assert_eq!((&offer["brand"]["name"], &offer["prepaid_pairs"]), (&json!("Hosting"), &json!(5)));
    let mut body = new_order();
    body["source"] = json!({"endpoint": endpoint(&old)});
    body.as_object_mut().expect("an object").remove("destination");
    body["options"] = json!({"include_trash": true, "include_junk": true});
    body["link"] = link["token"].clone();
    let made = anna.post("/api/v1/orders", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    anna.cookie = made.cookie();
    let order = format!("/orders/{}", text(&made.json()["id"]));
    let side = json!({"user": "anna", "password": "secret"});
    count.post(&anna, &format!("{order}/accounts"), json!({"source": side, "destination": side}), 201).await;
    let started = count.post(&anna, &format!("{order}/start"), json!({}), 200).await;
    assert_eq!(started["state"], "scheduled", "the link has paid: {started}");
    until("the end", async || {
        let order = anna.get(&format!("/api/v1{order}")).await.json();
        (order["state"] == "completed").then_some(())
    })
    .await;
    let differences =
        compare(&old.login("anna"), &new.login("anna"), &CompareOptions::default()).expect("both are read");
    assert!(differences.details.is_empty() && differences.source_messages > 0, "{differences:?}");

    // The panel was told of every step, in order, and every message is signed.
    let told = until("the last event", async || {
        let requests = web.requests();
        let done = requests.iter().any(|request| String::from_utf8_lossy(&request.body).contains("order.completed"));
        done.then_some(requests)
    })
    .await;
    let secret = text(&hook["secret"]);
    assert!(told.iter().all(|request| is_signed(request, &secret)));
    let mut events: Vec<(String, String)> = told
        .iter()
        .map(|request| serde_json::from_slice::<Value>(&request.body).expect("JSON"))
        .map(|event| (text(&event["timestamp"]), text(&event["type"])))
        .collect();
    events.sort();
    let kinds: Vec<&str> = events.iter().map(|(_, kind)| kind.as_str()).collect();
    assert_eq!(kinds, ["order.created", "order.submitted", "order.started", "run.finished", "order.completed"]);

    // The hoster finds the order in its list, sees which voucher it used, reads the log, and deletes it.
    let listed = count.get(&panel, "/orders?state=completed&q=anna").await;
    let item = &listed["items"][0];
    assert_eq!((item["origin"]["link_name"].as_str(), item["pairs"].as_u64()), (Some("welcome mail"), Some(1)));
    assert_eq!(item["codes"][0], batch["items"][0]["code"].as_str().map(|code| &code[..8]).expect("a code"));
    let vouchers = count.get(&panel, &format!("/vouchers?order_id={}", text(&item["id"]))).await;
    assert_eq!((&vouchers["items"][0]["pairs_used"], &vouchers["items"][0]["state"]), (&json!(1), &json!("issued")));
    let accounts = count.get(&panel, &format!("{order}/accounts")).await;
    let (pair, run) = (&accounts["items"][0]["id"], &accounts["items"][0]["runs"][0]["id"]);
    let log = format!("{order}/accounts/{}/runs/{}/protocol", text(pair), text(run));
    let stored = count.get(&panel, &log).await["run"]["counts"]["stored"].as_u64().expect("a number");
    assert!(stored > 0);
    let deleted = panel.delete(&format!("/api/v1{order}")).await;
    assert_eq!(deleted.status, 204, "{}", deleted.text);
    panel.get(&format!("/api/v1{order}")).await.is_problem(404, "not_found");
    let gone = until("the last webhook", async || {
        let last = web.requests().pop()?;
        String::from_utf8_lossy(&last.body).contains("order.deleted").then_some(last)
    })
    .await;
    assert!(is_signed(&gone, &secret));
    let log = count.get(&panel, &format!("/webhooks/{}/deliveries", text(&hook["webhook"]["id"]))).await;
    let delivered = log["items"].as_array().expect("items").len();
    println!(
        "api-walk: {} answers as expected, {stored} messages moved and compared, {} webhooks verified, {delivered} in the log",
        count.0,
        events.len() + 1,
    );
    shutdown.cancel();
    working.await.expect("ends");
    service.stop().await;
}
