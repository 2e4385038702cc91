//! Every way into an order.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{
    search::{CANARY, Heap, told},
    servers::Servers,
};
use crate::{
    harness::{Client, Service},
    moving::until,
    token_service::{CLIENT, TENANT},
};

/// Posts with an idempotency key, so that answers are kept.
pub(crate) async fn send(client: &Client, path: &str, body: &Value) -> crate::harness::Answer {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let key = format!("canary-test-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    client.send("POST", path, Some(body.to_string()), &[("idempotency-key", &key)]).await
}

/// Everything that is wrong in a way that might tempt somebody to repeat it.
async fn every_wrong_way(client: &Client, order: &str, path: &str) -> usize {
    let side = |user: &str| json!({"user": user, "password": CANARY});
    let wrong = [
        json!({"source": {"user": "a", "password": [CANARY]}, "destination": side("b")}),
        json!({"source": {"user": "a", "pasword": CANARY}, "destination": side("b")}),
        json!({"source": CANARY, "destination": side("b")}),
        json!({"ticked": CANARY, "source": side("a"), "destination": side("b")}),
        json!({"source": {"user": "a", "password": format!("{CANARY}\n")}, "destination": side("b")}),
        json!([side("a"), side("b")]),
        json!({"source": {"user": "a", "oauth": CANARY}, "destination": side("b")}),
        json!({"source": {"user": "a", "credential": CANARY}, "destination": side("b")}),
        json!({"source": {"user": "a", "oauth": {"refresh_token": [CANARY]}}, "destination": side("b")}),
        json!({
            "source": {"user": "a", "credential": "google_service_account", "oauth": {"key_file": CANARY}},
            "destination": side("b"),
        }),
    ];
    for body in &wrong {
        send(client, &format!("{path}/accounts"), body).await.is_problem(422, "invalid_field");
    }
    let cut = format!("{{\"source\":{{\"user\":\"a\",\"password\":\"{CANARY}");
    client.send("POST", &format!("{path}/accounts"), Some(cut), &[]).await.is_problem(400, "malformed_request");
    send(client, &format!("{path}/voucher"), &json!({"code": CANARY})).await.is_problem(422, "voucher_invalid");
    let token = json!({"order_id": order, "token": CANARY});
    send(client, "/api/v1/sessions", &token).await.is_problem(401, "link_invalid");
    wrong.len() + 3
}

/// Puts the canary in on every way that an order has: its path, and how many ways.
pub(crate) async fn into_an_order(service: &Service, servers: &Servers) -> (String, usize) {
    let (order, client) = service.order().await;
    let path = format!("/api/v1/orders/{order}");
    let wrong = every_wrong_way(&client, &order, &path).await;
    let right = accounts(&client, servers, &path).await;
    let fetched = fetched_tokens(&client, servers, &path).await;
    let files = files(&client, &path).await;
    let options = json!({"options": {"max_message_bytes": 90_000}});
    assert_eq!(client.patch(&path, options).await.status, 200);
    let pairs = client.get(&format!("{path}/accounts")).await.json();
    for pair in &pairs["items"].as_array().expect("items")[1..] {
        let pair = format!("{path}/accounts/{}", pair["id"].as_str().expect("an id"));
        assert_eq!(client.patch(&pair, json!({"ticked": false})).await.status, 200);
    }
    runs(service, &client, &path).await;
    (path, wrong + right + fetched + files + 4)
}

/// Accounts whose checks pass and fail, and one whose password is changed.
async fn accounts(client: &Client, servers: &Servers, path: &str) -> usize {
    let accounts = format!("{path}/accounts");
    let right = send(client, &accounts, &servers.account("anna", None)).await;
    assert_eq!(right.status, 201, "{}", right.text);
    let changed = format!("{accounts}/{}", right.json()["id"].as_str().expect("an id"));
    let again = client.patch(&changed, servers.account("anna", None)).await;
    assert_eq!(again.status, 200, "{}", again.text);
    // Nobody of this name, and an admin who is none: their checks fail, with the canary in hand.
    for (user, act_for) in [("nobody", None), ("berta", Some("carla"))] {
        assert_eq!(send(client, &accounts, &servers.account(user, act_for)).await.status, 201);
    }
    let check = send(client, &format!("{path}/checks"), &json!({})).await;
    let check = until(client, check.header("location"), |check| check["finished"] == true).await;
    let items = check["items"].as_array().expect("items");
    assert!(items.iter().any(|item| item["login"] == "passed"), "{check}");
    assert!(items.iter().any(|item| item["login"] == "failed"), "{check}");
    4
}

/// Files of accounts, and corrections of their rows.
async fn files(client: &Client, path: &str) -> usize {
    let import = json!({"content": file_of_accounts(), "destination_password": CANARY});
    assert_eq!(send(client, &format!("{path}/imports"), &import).await.status, 200);
    let encoded = BASE64_STANDARD.encode(file_of_accounts());
    let corrections = json!([{"row": 2, "cells": [null, CANARY, "no host"]}, {"row": 3, "cells": [CANARY]}]);
    let corrected = json!({"file": encoded, "corrections": corrections, "only_rows": [2, 3]});
    assert_eq!(send(client, &format!("{path}/imports"), &corrected).await.status, 200);
    let admin = json!({"user": "root", "password": CANARY}).to_string();
    assert_eq!(client.send("PUT", &format!("{path}/admin-credentials/source"), Some(admin), &[]).await.status, 200);
    3
}

/// One row that is good, one that is not, and one that has no end.
pub(crate) fn file_of_accounts() -> String {
    format!("c@x.example;{CANARY};imap.x.example\nbad host;{CANARY};not a host\n\"open;{CANARY};h\n")
}

/// A dry run, the main run, a verification and a delta, and everything that can be read afterwards.
async fn runs(service: &Service, client: &Client, path: &str) {
    ended(client, &format!("{path}/dry-runs")).await;
    let batch = service.operator().post("/api/v1/vouchers", json!({"pairs": 1})).await.json();
    let code = &batch["items"][0]["code"];
    told("a voucher's code", code.as_str().expect("a code"));
    send(client, &format!("{path}/voucher"), &json!({"code": code})).await;
    let started = send(client, &format!("{path}/start"), &json!({})).await;
    assert_eq!(started.status, 200, "{}", started.text);
    until(client, path, |order| order["state"] == "completed").await;
    let verified = ended(client, &format!("{path}/verifications")).await;
    assert!(verified["counts"]["identical"].as_u64() > Some(0), "{verified}");
    let first = client.get(&format!("{path}/progress")).await.json();
    assert!(first["counts"]["skipped"].as_u64() >= Some(1), "the one whose subject is looked for: {first}");
    ended(client, &format!("{path}/deltas")).await;
    until(client, path, |order| order["state"] == "completed").await;
    let pair = first["pairs"][0]["pair_id"].as_str().expect("an id");
    let run = first["pairs"][0]["run"]["id"].as_str().expect("an id");
    let protocol = format!("/accounts/{pair}/runs/{run}/protocol");
    assert!(client.get(&format!("{path}{protocol}")).await.text.contains("message_too_large"));
    assert_eq!(client.get(&format!("{path}{protocol}.csv")).await.status, 200);
    for part in ["", "/accounts", "/admin-credentials", "/accounts.csv", "/report.csv", "/progress", "/deltas"] {
        assert_eq!(client.get(&format!("{path}{part}")).await.status, 200);
    }
}

/// Begins it and waits for its end.
async fn ended(client: &Client, path: &str) -> Value {
    let begun = send(client, path, &json!({})).await;
    assert_eq!(begun.status, 202, "{path}: {}", begun.text);
    until(client, begun.header("location"), |begun| begun["finished"] == true).await
}

/// Servers repeat it: in a check, a dry run and a run; how many ways in.
pub(crate) async fn to_servers_that_repeat_it(service: &Service, servers: &Servers) -> usize {
    let added = async || {
        let (order, client) = service.order().await;
        let path = format!("/api/v1/orders/{order}");
        let added = send(&client, &format!("{path}/accounts"), &servers.echoed()).await;
        assert_eq!(added.status, 201, "{}", added.text);
        (path, client)
    };
    let (path, client) = added().await;
    let check = ended(&client, &format!("{path}/checks")).await;
    assert!(check["items"].as_array().expect("items").iter().all(|item| item["login"] == "failed"), "{check}");
    ended(&client, &format!("{path}/dry-runs")).await;
    let (path, client) = added().await;
    let started = send(&client, &format!("{path}/start"), &json!({"kind": "trial"})).await;
    assert_eq!(started.status, 200, "{}", started.text);
    let progress = format!("{path}/progress");
    until(&client, &progress, |progress| progress["pairs"][0]["run"]["finding"].is_object()).await;
    for echo in &servers.echoes {
        assert!(Heap::of(echo.heard().as_bytes()).holds_canary(), "it was told nothing: {}", echo.heard());
    }
    2
}

/// What access tokens are fetched with, in every kind; how many ways in.
async fn fetched_tokens(client: &Client, servers: &Servers, path: &str) -> usize {
    let pair = send(client, &format!("{path}/accounts"), &servers.signed_in()).await;
    assert_eq!(pair.status, 201, "{}", pair.text);
    let pair = pair.json()["id"].clone();
    let refused = json!({"tenant": TENANT, "client_id": CLIENT, "client_secret": CANARY});
    let account = json!({"key_file": servers.tokens.key_file()});
    for (kind, oauth, login) in [("microsoft_app", refused, "failed"), ("google_service_account", account, "passed")] {
        let body = json!({"credential": kind, "oauth": oauth}).to_string();
        let set = client.send("PUT", &format!("{path}/admin-credentials/destination"), Some(body), &[]).await;
        assert_eq!(set.status, 200, "{}", set.text);
        let check = send(client, &format!("{path}/checks"), &json!({"pair_ids": [pair]})).await;
        let check = until(client, check.header("location"), |check| check["finished"] == true).await;
        let logins = [&check["items"][0]["login"], &check["items"][1]["login"]];
        assert_eq!(logins, [&json!("passed"), &json!(login)], "{check}");
    }
    3
}
