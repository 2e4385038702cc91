//! Orders of sandbox keys: a partner's whole way at test hosts, and walls on both sides.

use mailferry_lab::{Page, WebServer};
use mailferry_server::{jobs, settings::Settings};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    harness::{Client, Service, new_account, new_order, on_both, on_both_at, on_both_at_with, on_both_with},
    resellers::{is_signed, until},
    time::Time,
};

/// Runs jobs until it is stopped.
struct Working {
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Working {
    fn start(service: &Service) -> Self {
        let shutdown = CancellationToken::new();
        let context = service.app.job_context().expect("a context");
        Self { task: tokio::spawn(jobs::work(context, shutdown.clone())), shutdown }
    }

    async fn stop(self, service: Service) {
        self.shutdown.cancel();
        self.task.await.expect("ends");
        service.stop().await;
    }
}

/// A client with a new sandbox key.
async fn partner(service: &Service) -> Client {
    let scopes = ["orders:write", "webhooks:write", "links:write", "vouchers:write"];
    let body = json!({"name": "partner", "scopes": scopes, "sandbox": true});
    let made = service.operator().post("/api/v1/api-keys", body).await.json();
    let mut partner = service.stranger();
    partner.key = made["secret"].as_str().map(ToOwned::to_owned);
    assert!(partner.key.as_ref().is_some_and(|key| key.starts_with("mf_test_")), "{made}");
    partner
}

fn test_host(name: &str) -> Value {
    json!({"endpoint": {"host": format!("{name}.sandbox.mailferry.test"), "port": 993}})
}

fn between(source: &str, destination: &str) -> Value {
    let mut order = new_order();
    (order["source"], order["destination"]) = (test_host(source), test_host(destination));
    order
}

/// An order between two test hosts, with these accounts: its path.
async fn order(partner: &Client, source: &str, destination: &str, accounts: &[&str]) -> String {
    let made = partner.post("/api/v1/orders", between(source, destination)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["sandbox"], true);
    let path = format!("/api/v1/orders/{}", made.json()["id"].as_str().expect("an id"));
    for name in accounts {
        let added = partner.post(&format!("{path}/accounts"), new_account(name)).await;
        assert_eq!(added.status, 201, "{}", added.text);
    }
    path
}

async fn checked(partner: &Client, order: &str) -> Value {
    let check = partner.post(&format!("{order}/checks"), json!({})).await.json();
    let path = format!("{order}/checks/{}", check["id"].as_str().expect("an id"));
    until("the end of the check", async || {
        let check = partner.get(&path).await.json();
        (check["finished"] == true).then_some(check)
    })
    .await
}

fn item<'a>(check: &'a Value, side: &str) -> &'a Value {
    let items = check["items"].as_array().expect("items");
    items.iter().find(|item| item["side"] == side).expect("both sides")
}

async fn start(partner: &Client, order: &str, body: Value) {
    let started = partner.post(&format!("{order}/start"), body).await;
    assert_eq!(started.json()["state"], "scheduled", "without any payment: {}", started.text);
}

/// The order's progress, once `is_so`.
async fn progress(partner: &Client, order: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    until(what, async || {
        let progress = partner.get(&format!("{order}/progress")).await.json();
        is_so(&progress).then_some(progress)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_builds_without_a_mail_server() {
    let web = WebServer::start(&["localhost"]).expect("a web server");
    web.set("localhost", "/hook", Page { status: 204, ..Page::ok("") });
    let (port, ca) = (web.port(), web.ca_file());
    // Open for the webhooks; the test hosts need no opening.
    let change = |settings: &mut Settings| {
        settings.outgoing.networks = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a network")).to_vec();
        settings.outgoing.ports = vec![port];
        settings.outgoing.ca_file = Some(ca.clone());
    };
    on_both_with(change, async |service| {
        let working = Working::start(&service);
        let partner = partner(&service).await;
        let url = format!("https://localhost:{port}/hook");
        let hook = partner.post("/api/v1/webhooks", json!({"url": url})).await.json();
        let order = order(&partner, "ok", "ok", &["anna", "ben"]).await;

        let check = checked(&partner, &order).await;
        for item in check["items"].as_array().expect("items") {
            let messages = if item["side"] == "source" { 30 } else { 0 };
            assert_eq!((&item["login"], &item["survey"]["messages"]), (&json!("passed"), &json!(messages)), "{item}");
            assert_eq!(item["findings"], json!([]), "{item}");
        }
        start(&partner, &order, json!({"delta_schedule": {"trigger": "after_delay"}})).await;
        let done = progress(&partner, &order, "the first run's end", |now| now["state"] == "completed").await;
        // Four of each lie in Trash and Junk.
        let counts = &done["counts"];
        assert_eq!(
            (&counts["stored"], &counts["failed"], &counts["duplicates"]),
            (&json!(52), &json!(0), &json!(0)),
            "{counts}"
        );

        let delta = partner.post(&format!("{order}/deltas"), json!({})).await;
        assert_eq!(delta.status, 202, "{}", delta.text);
        let is_over = |now: &Value| now["state"] == "completed" && now["pairs"][0]["runs"] == 2;
        let done = progress(&partner, &order, "the delta's end", is_over).await;
        assert_eq!((&done["counts"]["stored"], &done["counts"]["present"]), (&json!(0), &json!(52)), "nothing twice");

        let verify = partner.post(&format!("{order}/verifications"), json!({})).await;
        let path = verify.header("location").to_owned();
        let found = until("the verification's end", async || {
            let found = partner.get(&path).await.json();
            (found["finished"] == true).then_some(found)
        })
        .await;
        let counts = &found["counts"];
        assert_eq!((&counts["expected"], &counts["identical"]), (&json!(52), &json!(52)), "{found}");
        assert_eq!((&counts["flags_differ"], &counts["dates_differ"]), (&json!(0), &json!(0)), "{found}");

        let id = order.rsplit('/').next().expect("an id");
        let told = until("the webhooks", async || {
            let body = |request: &mailferry_lab::web::Request| String::from_utf8_lossy(&request.body).into_owned();
            let told: Vec<_> = web.requests().into_iter().filter(|request| body(request).contains(id)).collect();
            let ended = |kind| told.iter().any(|request| body(request).contains(kind));
            (ended("order.completed") && ended("delta.completed")).then_some(told)
        })
        .await;
        let secret = hook["secret"].as_str().expect("a secret");
        assert!(told.len() > 5 && told.iter().all(|request| is_signed(request, secret)));
        assert_eq!(partner.delete(&order).await.status, 204);
        working.stop(service).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_and_a_mailbox_without_room_are_found_before_the_start() {
    on_both(async |service| {
        let working = Working::start(&service);
        let partner = partner(&service).await;
        let refused = order(&partner, "bad-password", "ok", &["anna"]).await;
        // However often: nobody can be locked out of a test host.
        for _ in 0..if service.is_sqlite() { 6 } else { 1 } {
            let check = checked(&partner, &refused).await;
            assert_eq!(
                (&item(&check, "source")["login"], &item(&check, "destination")["login"]),
                (&json!("failed"), &json!("passed"))
            );
            assert_eq!(item(&check, "source")["findings"][0]["code"], "wrong_password", "{check}");
        }
        partner.post(&format!("{refused}/start"), json!({})).await.is_problem(409, "check_failed");

        let full = order(&partner, "ok", "quota-full", &["anna"]).await;
        let check = checked(&partner, &full).await;
        let path = format!("{full}/checks/{}", check["id"].as_str().expect("an id"));
        // The two sides are compared a moment after both have been counted.
        until("the warning", async || {
            let check = partner.get(&path).await.json();
            (item(&check, "destination")["findings"][0]["code"] == "will_not_fit").then_some(())
        })
        .await;
        start(&partner, &full, json!({})).await;
        let parked = progress(&partner, &full, "the parked run", |now| now["state"] == "paused").await;
        let run = &parked["pairs"][0]["run"];
        assert_eq!((&run["state"], &run["finding"]["code"]), (&json!("paused"), &json!("mailbox_full")), "{parked}");
        let stored = parked["counts"]["stored"].as_u64().expect("a number");
        assert!((1..26).contains(&stored), "a part of it has room: {parked}");
        let again = partner.post(&format!("{full}/resume"), json!({})).await;
        assert_eq!(again.status, 200, "{}", again.text);
        let parked = progress(&partner, &full, "the parked run", |now| now["state"] == "paused").await;
        assert_eq!(parked["counts"]["failed"], 0, "a full mailbox fails no message: {parked}");
        working.stop(service).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_run_waits_with_its_reason_and_goes_on_by_itself() {
    for (source, destination) in [("throttled", "ok"), ("ok", "throttled")] {
        on_both_at(async |service: Service, clock: Time| {
            let working = Working::start(&service);
            let partner = partner(&service).await;
            let order = order(&partner, source, destination, &["anna"]).await;
            start(&partner, &order, json!({})).await;
            let waits = |now: &Value| now["pairs"][0]["run"]["finding"]["code"] == "throttled";
            let waiting = progress(&partner, &order, "the wait", waits).await;
            assert_eq!((&waiting["state"], &waiting["pairs"][0]["run"]["state"]), (&json!("active"), &json!("queued")));
            clock.advance(chrono::TimeDelta::seconds(31)).await;
            let done = progress(&partner, &order, "the end", |now| now["state"] == "completed").await;
            assert_eq!((&done["counts"]["stored"], &done["counts"]["failed"]), (&json!(26), &json!(0)), "{done}");
            working.stop(service).await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_host_takes_a_second_for_every_portion_and_loses_nothing() {
    on_both(async |service| {
        let working = Working::start(&service);
        let partner = partner(&service).await;
        for (source, destination) in [("slow", "ok"), ("ok", "slow")] {
            let order = order(&partner, source, destination, &["anna"]).await;
            let begun = std::time::Instant::now();
            start(&partner, &order, json!({})).await;
            let done = progress(&partner, &order, "the end", |now| now["state"] == "completed").await;
            assert!(begun.elapsed() >= std::time::Duration::from_secs(1), "{:?}", begun.elapsed());
            assert_eq!((&done["counts"]["stored"], &done["counts"]["failed"]), (&json!(26), &json!(0)), "{done}");
        }
        working.stop(service).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn test_hosts_are_listed_and_take_tokens_that_no_service_was_asked_for() {
    // A token service that nobody answers for: it is not asked.
    let nowhere = |settings: &mut Settings| settings.outgoing.dns = "127.0.0.1:1".parse().ok();
    on_both_with(nowhere, async |service| {
        let working = Working::start(&service);
        let partner = partner(&service).await;
        let told = service.stranger().get("/api/v1/sandbox/hosts").await.json();
        let hosts: Vec<&Value> =
            told["items"].as_array().expect("items").iter().map(|one| &one["endpoint"]["host"]).collect();
        assert_eq!(hosts.len(), 5, "{told}");
        assert!(hosts.contains(&&json!("slow.sandbox.mailferry.test")), "{told}");
        let oauth = json!({"provider": "microsoft", "client_id": "c", "refresh_token": "r"});
        let fetched = json!({
            "source": {"user": "anna@old.example", "credential": "oauth_refresh", "oauth": oauth},
            "destination": {"user": "anna@new.example", "password": "x"},
        });
        for (source, login) in [("ok", "passed"), ("bad-password", "failed")] {
            let order = order(&partner, source, "ok", &[]).await;
            let added = partner.post(&format!("{order}/accounts"), fetched.clone()).await;
            assert_eq!(added.status, 201, "{}", added.text);
            let check = checked(&partner, &order).await;
            assert_eq!(item(&check, "source")["login"], login, "{check}");
            if login == "passed" {
                start(&partner, &order, json!({})).await;
                let done = progress(&partner, &order, "the end", |now| now["state"] == "completed").await;
                assert_eq!(done["counts"]["stored"], 26, "{done}");
            }
        }
        working.stop(service).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_that_was_not_copied_is_listed_page_by_page() {
    on_both(async |service| {
        let working = Working::start(&service);
        let partner = partner(&service).await;
        let mut body = between("ok", "ok");
        body["options"] = json!({"max_message_bytes": 1, "include_trash": true, "include_junk": true});
        let made = partner.post("/api/v1/orders", body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let order = format!("/api/v1/orders/{}", made.json()["id"].as_str().expect("an id"));
        assert_eq!(partner.post(&format!("{order}/accounts"), new_account("anna")).await.status, 201);
        start(&partner, &order, json!({})).await;
        let done = progress(&partner, &order, "the end", |now| now["state"] == "completed").await;
        let (pair, run) = (&done["pairs"][0]["pair_id"], &done["pairs"][0]["run"]["id"]);
        let (pair, run) = (pair.as_str().expect("an id"), run.as_str().expect("an id"));
        let protocol = format!("{order}/accounts/{pair}/runs/{run}/protocol");
        let whole = partner.get(&protocol).await.json();
        assert_eq!(
            (&whole["items_total"], &whole["items"][0]["code"]),
            (&json!(30), &json!("message_too_large")),
            "{whole}"
        );
        let (mut seen, mut query) = (Vec::new(), "limit=7".to_owned());
        loop {
            let page = partner.get(&format!("{protocol}/items?{query}")).await.json();
            seen.extend(page["items"].as_array().expect("items").clone());
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            query = format!("limit=7&cursor={cursor}");
        }
        assert_eq!(json!(seen), whole["items"]);
        let count = async |outcome: &str| {
            let page = partner.get(&format!("{protocol}/items?outcome={outcome}")).await.json();
            page["items"].as_array().map(Vec::len)
        };
        assert_eq!((count("skipped").await, count("failed").await), (Some(30), Some(0)));
        let wrong = partner.get(&format!("{protocol}/items?outcome=lost")).await.is_problem(422, "invalid_field");
        assert_eq!(wrong["errors"][0]["pointer"], "/outcome", "{wrong}");
        working.stop(service).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mx_records_of_a_sandbox_order_are_switched_two_minutes_after_the_start() {
    // A name server that nobody answers for: it is not asked.
    let settings = |settings: &mut Settings| settings.outgoing.dns = "127.0.0.1:1".parse().ok();
    on_both_at_with(settings, async |service: Service, clock: Time| {
        let working = Working::start(&service);
        let partner = partner(&service).await;
        let order = order(&partner, "ok", "ok", &["anna"]).await;
        start(&partner, &order, json!({"delta_schedule": {"trigger": "mx_changed"}})).await;
        progress(&partner, &order, "the first run's end", |now| now["state"] == "completed").await;
        let shown = async |state: &str| {
            until(state, async || {
                let report = partner.get(&format!("{order}/mx")).await.json();
                (report["items"][0]["state"] == state).then_some(report)
            })
            .await
        };
        let report = shown("old").await;
        assert_eq!(report["items"][0]["domain"], "old.example", "{report}");
        clock.advance(chrono::TimeDelta::seconds(130)).await;
        shown("changing").await;
        clock.advance(chrono::TimeDelta::seconds(70)).await;
        let is_over = |now: &Value| now["state"] == "completed" && now["pairs"][0]["runs"] == 2;
        progress(&partner, &order, "the delta's end", is_over).await;
        working.stop(service).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_and_the_world_are_kept_apart() {
    on_both(async |service| {
        let partner = partner(&service).await;
        let real = json!({"endpoint": {"host": "imap.new.example", "port": 993}});
        let names_hosts = |refused: Value, pointer: &str| {
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
            assert!(refused["detail"].as_str().is_some_and(|words| words.contains("quota-full.sandbox.mailferry.test")), "{refused}");
        };
        // A sandbox order reaches no real server, wherever it is named.
        let mut body = between("ok", "ok");
        body["destination"] = real.clone();
        let refused = partner.post("/api/v1/orders", body).await.is_problem(422, "invalid_field");
        names_hosts(refused, "/destination/endpoint/host");
        let path = order(&partner, "ok", "ok", &["anna"]).await;
        let refused = partner.patch(&path, json!({"source": real})).await.is_problem(422, "invalid_field");
        names_hosts(refused, "/source/endpoint/host");
        let mut account = new_account("ben");
        account["source"]["endpoint"] = real["endpoint"].clone();
        let refused = partner.post(&format!("{path}/accounts"), account.clone()).await;
        names_hosts(refused.is_problem(422, "invalid_field"), "/source/endpoint/host");
        let link = json!({"name": "x", "destination": real});
        names_hosts(partner.post("/api/v1/links", link).await.is_problem(422, "invalid_field"), "/destination/endpoint/host");
        let rows = "ben@new.example;imap.old.example;ben@old.example;x\ncara@new.example;ok.sandbox.mailferry.test;cara@old.example;x\n";
        let imported = partner.post(&format!("{path}/imports"), json!({"content": rows})).await.json();
        assert_eq!((&imported["errors"][0]["row"], &imported["errors"][0]["code"]), (&json!(1), &json!("bad_host")), "{imported}");
        assert_eq!((&imported["rows"][0]["row"], imported["rows"].as_array().map(Vec::len)), (&json!(2), Some(1)));

        // And no other order reaches a test host, under whatever name.
        let inner = format!("ok.source.{}.sandbox.mailferry.test", path.rsplit('/').next().expect("an id"));
        for host in ["ok.sandbox.mailferry.test", &inner] {
            let mut body = new_order();
            body["source"] = json!({"endpoint": {"host": host, "port": 993}});
            for client in [service.operator(), service.stranger()] {
                let refused = client.post("/api/v1/orders", body.clone()).await.is_problem(422, "invalid_field");
                assert_eq!(refused["errors"][0]["pointer"], "/source/endpoint/host", "{refused}");
                assert!(refused["detail"].as_str().is_some_and(|words| words.contains("mf_test_")), "{refused}");
            }
        }
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_the_sandbox_makes_sandbox_orders_and_nothing_is_charged() {
    on_both(async |service| {
        let partner = partner(&service).await;
        let price = json!({"currency": "EUR", "pair_minor": 1490, "tax_name": "VAT", "tax_basis_points": 1900, "tax_included": true});
        let priced = service.operator().send("PUT", "/api/v1/price", Some(price.to_string()), &[]).await;
        assert_eq!(priced.status, 200, "{}", priced.text);
        let link = json!({"name": "try", "destination": test_host("ok")});
        let link = partner.post("/api/v1/links", link).await.json();
        let mut body = new_order();
        body["link"] = link["token"].clone();
        body["source"] = test_host("ok");
        body.as_object_mut().expect("an object").remove("destination");
        let mut anna = service.stranger();
        let made = anna.post("/api/v1/orders", body).await;
        assert_eq!((made.status, &made.json()["sandbox"]), (201, &json!(true)), "{}", made.text);
        anna.cookie = made.cookie();
        let path = format!("/api/v1/orders/{}", made.json()["id"].as_str().expect("an id"));
        assert_eq!(anna.post(&format!("{path}/accounts"), new_account("anna")).await.status, 201);
        // What is apart from all others neither uses a real link up nor the other way round.
        let real = service.operator().post("/api/v1/links", json!({"name": "real", "prepaid_pairs": 3})).await.json();
        for (client, link) in [(&partner, &real), (&service.operator(), &link)] {
            let mut body = new_order();
            body["link"] = link["token"].clone();
            for side in ["source", "destination"] {
                body.as_object_mut().expect("an object").remove(side);
            }
            client.post("/api/v1/orders", body).await.is_problem(401, "link_invalid");
        }
        let payments = anna.get(&format!("{path}/payments")).await.json();
        assert_eq!(payments.get("due"), None, "{payments}");
        start(&anna, &path, json!({})).await;
        service.stop().await;
    })
    .await;
}
