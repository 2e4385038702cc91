//! Requested migrations: what a customer sends, and what the operator answers.

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use mailferry_shared::key::Scope;
use mailferry_store::OPERATOR_TENANT;
use serde_json::{Value, json};

use crate::{
    harness::{Answer, Client, Service, on_both, on_each},
    principals::{member, order_of, tenant},
    time::Time,
};

pub(crate) const CARDS: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Bj\u{f8}rn\r\nEND:VCARD\r\n";
pub(crate) const CALENDAR: &str =
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:Tea\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> Value {
    json!({"name": name, "content": BASE64_STANDARD.encode(content)})
}

/// A request for two accounts, to start in three days: whatever day that is.
pub(crate) fn new_request() -> Value {
    json!({
        "accepted_terms": mailferry_server::api::service::TERMS_VERSION,
        "accounts": {
            "content": "anna@old.example;old-secret;imap.old.example\r\nbob@old.example;old-secret;imap.old.example\r\n",
            "layout": "request",
            "destination_password": "new-secret",
        },
        "wished_start": (Utc::now() + TimeDelta::hours(72)).to_rfc3339(),
        "contact_address": "anna@example.org",
        "note": "Please ring before you start.",
        "attachments": [file("Bj\u{f8}rn's contacts.vcf", CARDS), file("calendar.ics", CALENDAR)],
        "destination": {"endpoint": {"host": "imap.new.example", "port": 993}},
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut request = new_request();
    request.as_object_mut().expect("an object").insert(field.to_owned(), value);
    request
}

/// What was sent, and a client whose cookie opens it.
async fn sent(service: &Service, request: Value) -> (Sent, Client) {
    let mut client = service.stranger();
    let answer = client.post("/api/v1/requests", request).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    client.cookie = answer.cookie();
    assert!(client.cookie.is_some());
    (Sent::of(&answer), client)
}

struct Sent {
    request: String,
    order: String,
    answer: Value,
}

impl Sent {
    fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 201, "{}", answer.text);
        let answer = answer.json();
        let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).expect("an id").to_owned();
        Self {
            request: format!("/api/v1/requests/{}", text("/request/id")),
            order: format!("/api/v1/orders/{}", text("/request/order_id")),
            answer,
        }
    }

    fn of_order(&self) -> String {
        format!("{}/request", self.order)
    }
}

async fn done(client: &Client, path: &str, body: Value) -> Value {
    let answer = client.post(path, body).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_sends_a_request_and_sees_every_change_of_state() {
    on_both(async |service| {
        let (sent, customer) = sent(&service, new_request()).await;
        let request = &sent.answer["request"];
        assert_eq!((&request["state"], &request["order_state"]), (&json!("requested"), &json!("draft")));
        assert_eq!((&request["pairs"], &request["actions"]), (&json!(2), &json!(["cancel"])));
        assert!(request.get("tenant").is_none(), "{request}");
        let files: Vec<_> = request["attachments"]
            .as_array()
            .expect("files")
            .iter()
            .map(|file| [&file["kind"], &file["entries"]])
            .collect();
        assert_eq!(files, [[&json!("contacts"), &json!(1)], [&json!("calendar"), &json!(1)]]);
        assert_eq!(sent.answer["import"]["rows"].as_array().expect("rows").len(), 2);
        assert!(sent.answer["import"]["rows"][0]["pair_id"].is_string());
        let order = &sent.answer["order"];
        assert_eq!((&order["request"], &order["notify_address"]), (&json!("requested"), &json!("anna@example.org")));
        assert!(!order["actions"].as_array().expect("actions").contains(&json!("start")), "{order}");
        let refused = customer.post(&format!("{}/start", sent.order), json!({})).await.is_problem(409, "wrong_state");
        assert!(refused["detail"].as_str().expect("words").contains("operator"), "{refused}");

        let first = customer.get(&sent.of_order()).await;
        assert_eq!(first.json(), *request);
        let tag = [("if-none-match", first.header("etag"))];
        assert_eq!(customer.send("GET", &sent.of_order(), None, &tag).await.status, 304);

        let operator = service.operator();
        let queue = operator.get("/api/v1/requests?state=requested").await.json();
        assert_eq!(queue["items"][0]["id"], request["id"], "{queue}");
        assert_eq!((&queue["items"][0]["attachments"], &queue["items"][0]["pairs"]), (&json!(2), &json!(2)));
        let seen = operator.get(&sent.request).await.json();
        assert_eq!(seen["actions"], json!(["accept", "decline"]));
        assert_eq!(seen["tenant"]["id"], json!(OPERATOR_TENANT), "sent by the public page: {seen}");
        let start = format!("{}/start", sent.request);
        operator.post(&start, json!({})).await.is_problem(409, "wrong_state");
        let accepted = done(&operator, &format!("{}/accept", sent.request), json!({})).await;
        assert_eq!((&accepted["state"], &accepted["actions"]), (&json!("accepted"), &json!(["start", "decline"])));
        operator.post(&format!("{}/accept", sent.request), json!({})).await.is_problem(409, "wrong_state");
        let changed = customer.send("GET", &sent.of_order(), None, &tag).await;
        assert_eq!((changed.status, &changed.json()["state"]), (200, &json!("accepted")));

        // Not paid for: it waits, and the operator can waive that.
        let waits = done(&operator, &start, json!({})).await;
        assert_eq!((&waits["state"], &waits["order_state"]), (&json!("accepted"), &json!("awaiting_payment")));
        let started = done(&operator, &start, json!({"waive_payment": true})).await;
        assert_eq!((&started["order_state"], &started["payment_waived"]), (&json!("scheduled"), &json!(true)));
        let wished: DateTime<Utc> = started["wished_start"].as_str().expect("a time").parse().expect("a time");
        assert_eq!(started["earliest_start"], json!(wished), "{started}");
        assert!(wished > Utc::now() + TimeDelta::hours(71));
        operator.post(&start, json!({"waive_payment": true})).await.is_problem(409, "wrong_state");
        let order = customer.get(&sent.order).await.json();
        assert_eq!((&order["state"], &order["request"]), (&json!("scheduled"), &json!("accepted")), "{order}");
        assert_eq!(order["payment"], json!({"pairs_covered": 2, "pairs_needed": 2, "pairs_surplus": 0}));
        // What the operator has scheduled is the operator's to take back.
        let back = format!("{}/unschedule", sent.order);
        assert!(!order["actions"].as_array().expect("actions").contains(&json!("unschedule")), "{order}");
        let refused = customer.post(&back, json!({})).await.is_problem(409, "wrong_state");
        assert!(refused["detail"].as_str().expect("words").contains("operator"), "{refused}");
        assert_eq!(customer.get(&sent.order).await.json()["state"], "scheduled");
        assert_eq!(operator.post(&back, json!({})).await.json()["state"], "draft");
        assert_eq!(done(&operator, &start, json!({})).await["order_state"], "scheduled");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_needs_24_hours_notice_and_48_for_a_weekend() {
    on_each(a_wish_needs_24_hours_notice_and_48_for_a_weekend_on).await;
}

async fn a_wish_needs_24_hours_notice_and_48_for_a_weekend_on(database: Option<String>) {
    // Thursday noon.
    let clock =
        Time::at(Utc.with_ymd_and_hms(2026, 11, 26, 12, 0, 0).single().expect("a time"), database.as_deref()).await;
    let service = Service::start_at_with(&clock, database, |_| {}).await;
    let client = service.stranger();
    for (wish, words) in [
        ("2026-11-27T11:59:00Z", "The wished start is at least 24 hours ahead."),
        ("2026-11-20T12:00:00Z", "The wished start is at least 24 hours ahead."),
        ("2026-11-28T11:59:00Z", "at least 48 hours ahead"),
        ("2026-11-28T00:30:00+01:00", "A wished start on a Saturday or Sunday, in the time zone that it is written in"),
        ("2027-02-24T12:01:00Z", "The wished start is at most 90 days ahead."),
    ] {
        let problem = client.post("/api/v1/requests", with("wished_start", json!(wish))).await;
        let problem = problem.is_problem(422, "invalid_field");
        assert_eq!(problem["errors"][0]["pointer"], "/wished_start", "{problem}");
        assert!(problem["errors"][0]["message"].as_str().expect("words").contains(words), "{wish}: {problem}");
    }
    for wish in ["2026-11-27T12:00:00Z", "2026-11-27T23:30:00Z", "2026-11-28T12:00:00Z", "2026-11-30T00:00:00+01:00"] {
        let answer = client.post("/api/v1/requests", with("wished_start", json!(wish))).await;
        assert_eq!(answer.status, 201, "{wish}: {}", answer.text);
        let told: DateTime<Utc> =
            answer.json()["request"]["wished_start"].as_str().expect("a time").parse().expect("a time");
        assert_eq!(told, wish.parse::<DateTime<Utc>>().expect("a time"));
    }
    let queue = service.operator().get("/api/v1/requests").await.json();
    let times: Vec<&str> = queue["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| item["wished_start"].as_str().expect("a time"))
        .collect();
    assert!(times.is_sorted() && times.len() == 4, "{times:?}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_is_named_by_field_and_nothing_is_kept() {
    on_both(async |service: Service| {
        let client = service.stranger();
        let many: Vec<Value> = (0..11).map(|n| file(&format!("{n}.vcf"), CARDS)).collect();
        let large = format!("BEGIN:VCARD\r\nNOTE:{}\r\nEND:VCARD\r\n", "x".repeat(4_000_000));
        for (field, value, pointer) in [
            ("note", json!("x".repeat(4001)), "/note"),
            ("note", json!("a\u{7}b"), "/note"),
            ("attachments", json!(many), "/attachments"),
            (
                "attachments",
                json!([file("a.vcf", &large), file("b.vcf", &large), file("c.vcf", &large)]),
                "/attachments",
            ),
            ("attachments", json!([file("a.vcf", CARDS), file("a.exe", CARDS)]), "/attachments/1/name"),
            ("attachments", json!([file("../a.vcf", CARDS)]), "/attachments/0/name"),
            ("attachments", json!([file("a.vcf", "#!/bin/sh\n")]), "/attachments/0/content"),
            ("attachments", json!([file("a.ics", CARDS)]), "/attachments/0/content"),
            ("attachments", json!([{"name": "a.vcf", "content": "%"}]), "/attachments/0/content"),
            ("accounts", json!({"content": "a;b;c\r\n", "preview": true}), "/accounts/preview"),
            ("accounts", json!({}), "/accounts/content"),
            ("accounts", json!({"file": "%"}), "/accounts/file"),
            ("accounts", json!({"content": "a;b;c\r\n", "source_password": ""}), "/accounts/source_password"),
            ("accounts", json!({"content": ";secret-7;imap.old.example\r\n"}), "/accounts"),
            ("contact_address", json!("anna"), "/contact_address"),
            (
                "source",
                json!({"provider": "nobody", "endpoint": {"host": "a.example", "port": 993}}),
                "/source/provider",
            ),
            ("options", json!({"max_message_bytes": 0}), "/options/max_message_bytes"),
        ] {
            let problem = client.post("/api/v1/requests", with(field, value)).await.is_problem(422, "invalid_field");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{field}: {problem}");
            assert!(!problem.to_string().contains("secret-7"), "{problem}");
        }
        let both = client.post("/api/v1/requests", {
            let mut request = with("note", json!("x".repeat(4001)));
            request["wished_start"] = json!(Utc::now());
            request
        });
        assert_eq!(both.await.is_problem(422, "invalid_field")["errors"].as_array().expect("errors").len(), 2);
        let empty = with("accounts", json!({"content": "\r\n"}));
        client.post("/api/v1/requests", empty).await.is_problem(422, "file_empty");
        let old = with("accepted_terms", json!("1999-01"));
        client.post("/api/v1/requests", old).await.is_problem(422, "terms_not_accepted");
        let link = with("link", json!("nonsense"));
        client.post("/api/v1/requests", link).await.is_problem(401, "link_invalid");
        assert_eq!(service.operator().get("/api/v1/requests").await.json()["items"], json!([]));
        assert_eq!(service.operator().get("/api/v1/orders").await.json()["items"], json!([]));
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_accounts_is_shown_before_anything_is_sent_and_good_rows_are_kept() {
    on_both(async |service| {
        let client = service.stranger();
        let rows =
            "anna@old.example;old-secret;imap.old.example\r\n;x;imap.old.example\r\nbob@old.example;y;not a host\r\n";
        let accounts = json!({"content": rows, "layout": "request", "destination_password": "new-secret"});
        let shown = done(&client, "/api/v1/imports/preview", accounts.clone()).await;
        assert_eq!((shown["rows"].as_array().expect("rows").len(), &shown["rows"][0]["row"]), (1, &json!(1)));
        let bad: Vec<_> =
            shown["errors"].as_array().expect("errors").iter().map(|error| [&error["row"], &error["column"]]).collect();
        assert_eq!(bad, [[&json!(2), &json!(1)], [&json!(3), &json!(3)]], "{shown}");
        assert_eq!(service.operator().get("/api/v1/orders").await.json()["items"], json!([]), "nothing is kept");
        let (sent, customer) = sent(&service, with("accounts", accounts.clone())).await;
        assert_eq!(sent.answer["request"]["pairs"], 1);
        assert_eq!(sent.answer["import"]["errors"], shown["errors"]);
        // What was bad is corrected in the order, as ever.
        let mut rest = accounts;
        rest["only_rows"] = json!([3]);
        rest["corrections"] = json!([{"row": 3, "cells": [null, null, "imap.old.example"]}]);
        let added = done(&customer, &format!("{}/imports", sent.order), rest).await;
        assert_eq!(added["rows"].as_array().expect("rows").len(), 1, "{added}");
        assert_eq!(customer.get(&sent.of_order()).await.json()["pairs"], 2);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_downloaded_by_operators_as_a_file_and_never_shown() {
    on_both(async |service| {
        let (sent, customer) = sent(&service, new_request()).await;
        let files = sent.answer["request"]["attachments"].as_array().expect("files").clone();
        let path = |file: &Value| format!("{}/attachments/{}", sent.request, file["id"].as_str().expect("an id"));
        let operator = service.operator();
        let answer = operator.get(&path(&files[0])).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, CARDS));
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; sandbox");
        assert_eq!(
            answer.header("content-disposition"),
            "attachment; filename=\"Bj_rn's_contacts.vcf\"; filename*=UTF-8''Bj%C3%B8rn%27s%20contacts.vcf"
        );
        assert_eq!(operator.get(&path(&files[1])).await.text, CALENDAR);
        customer.get(&path(&files[0])).await.is_problem(401, "not_signed_in");
        let other = self::sent(&service, new_request()).await.0;
        let elsewhere = format!("{}/attachments/{}", other.request, files[0]["id"].as_str().expect("an id"));
        operator.get(&elsewhere).await.is_problem(404, "not_found");
        // What will not be done is forgotten.
        let reason = json!({"reason": "  The old provider has switched off IMAP.\r\nPlease ask them. "});
        let declined = done(&operator, &format!("{}/decline", sent.request), reason).await;
        assert_eq!((&declined["state"], &declined["attachments"]), (&json!("declined"), &json!([])));
        operator.get(&path(&files[0])).await.is_problem(404, "not_found");
        let told = customer.get(&sent.of_order()).await.json();
        assert_eq!(told["reason"], "The old provider has switched off IMAP.\nPlease ask them.");
        assert_eq!((&told["order_state"], &told["actions"]), (&json!("cancelled"), &json!([])));
        let accounts = customer.get(&format!("{}/accounts", sent.order)).await.json();
        assert_eq!(accounts["items"][0]["source"]["has_password"], false, "{accounts}");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_takes_a_request_back_until_it_runs() {
    on_both(async |service| {
        let operator = service.operator();
        let (sent, customer) = sent(&service, new_request()).await;
        let (cancel, reason) = (format!("{}/cancel", sent.of_order()), json!({"reason": "no"}));
        let cancelled = done(&customer, &cancel, json!({})).await;
        assert_eq!((&cancelled["state"], &cancelled["order_state"]), (&json!("cancelled"), &json!("cancelled")));
        let again = customer.post(&cancel, json!({})).await.is_problem(409, "wrong_state");
        assert_eq!(again["detail"], "A request that is cancelled cannot be cancelled.");
        for (verb, body) in [("accept", json!({})), ("decline", reason.clone()), ("start", json!({}))] {
            operator.post(&format!("{}/{verb}", sent.request), body).await.is_problem(409, "wrong_state");
        }
        for bad in [json!(""), json!(" \n"), json!("x".repeat(2001)), json!("a\u{0}b")] {
            let refused = operator.post(&format!("{}/decline", sent.request), json!({"reason": bad})).await;
            assert_eq!(refused.is_problem(422, "invalid_field")["errors"][0]["pointer"], "/reason");
        }
        // An order that nobody else was asked to do has none.
        let (order, owner) = service.order().await;
        owner.get(&format!("/api/v1/orders/{order}/request")).await.is_problem(404, "not_found");
        owner.post(&format!("/api/v1/orders/{order}/request/cancel"), json!({})).await.is_problem(404, "not_found");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_makes_the_request_its_tenants_and_pays_for_it() {
    on_both(async |service| {
        let (alpha, admin) = tenant(&service, "alpha").await;
        let vouchers = admin.post("/api/v1/vouchers", json!({"pairs": 2})).await.json();
        let destination = json!({"endpoint": {"host": "imap.alpha.example", "port": 993, "tls": "implicit"}});
        let link = json!({"name": "w", "voucher_id": vouchers["items"][0]["id"], "destination": destination});
        let link = admin.post("/api/v1/links", link).await.json();
        let mut request = with("link", link["token"].clone());
        let fixed = service.stranger().post("/api/v1/requests", request.clone()).await.is_problem(422, "invalid_field");
        assert_eq!(fixed["errors"][0]["pointer"], "/destination");
        request.as_object_mut().expect("an object").remove("destination");
        let (sent, customer) = sent(&service, request).await;
        assert_eq!(sent.answer["order"]["destination"], destination);
        let operator = service.operator();
        let seen = operator.get(&sent.request).await.json();
        assert_eq!(seen["tenant"], json!({"id": alpha, "name": "alpha"}));
        done(&operator, &format!("{}/accept", sent.request), json!({})).await;
        let started = done(&operator, &format!("{}/start", sent.request), json!({})).await;
        assert_eq!((&started["order_state"], &started["payment_waived"]), (&json!("scheduled"), &json!(false)));
        assert_eq!(customer.get(&sent.order).await.json()["payment"]["pairs_covered"], 2);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_supervise_the_orders_of_requests_and_no_others_of_another_tenant() {
    on_both(async |service| {
        let (alpha, admin) = tenant(&service, "alpha").await;
        let panel = service.with_key(alpha, &[Scope::OrdersWrite]).await;
        let answer = panel.post("/api/v1/requests", new_request()).await;
        assert_eq!(answer.cookie(), None, "a program needs none");
        let (sent, plain) = (Sent::of(&answer), order_of(&admin).await);
        let listed = admin.get("/api/v1/orders?requested=true").await.json();
        let item = &listed["items"][0];
        assert_eq!((listed["items"].as_array().expect("items").len(), &item["request"]), (1, &json!("requested")));
        assert_eq!(item["first_run_at"], sent.answer["request"]["wished_start"]);
        let others = admin.get("/api/v1/orders?requested=false").await.json();
        assert_eq!((&others["items"][0]["id"], others["items"].as_array().expect("items").len()), (&json!(plain), 1));

        // The tenant sees and takes back its own, but has no queue.
        admin.get("/api/v1/requests").await.is_problem(403, "forbidden");
        panel.get(&sent.request).await.is_problem(403, "forbidden");
        assert_eq!(panel.get(&sent.of_order()).await.json()["actions"], json!(["cancel"]));
        let (_, beta) = tenant(&service, "beta").await;
        beta.get(&sent.of_order()).await.is_problem(404, "not_found");

        // The operator reaches what belongs to it; a member of the operator's tenant who is no admin does not.
        let operator = service.operator();
        let accounts = operator.get(&format!("{}/accounts", sent.order)).await;
        assert_eq!(accounts.json()["items"].as_array().expect("items").len(), 2, "{}", accounts.text);
        assert_eq!(operator.post(&format!("{}/checks", sent.order), json!({})).await.status, 202);
        assert_eq!(operator.get(&format!("{}/progress", sent.order)).await.status, 200);
        operator.get(&format!("/api/v1/orders/{plain}")).await.is_problem(404, "not_found");
        let reader = service.with_key(OPERATOR_TENANT, &[Scope::RequestsRead]).await;
        let seen = reader.get(&sent.request).await.json();
        assert_eq!((&seen["state"], &seen["actions"]), (&json!("requested"), &json!([])));
        assert_eq!(reader.get(&sent.order).await.json().get("manage_url"), None, "it only shows the order");
        reader.post(&format!("{}/cancel", sent.order), json!({})).await.is_problem(403, "forbidden");
        let seller = service.with_key(OPERATOR_TENANT, &[Scope::OrdersWrite]).await;
        seller.get(&sent.order).await.is_problem(404, "not_found");
        let helper = member(&service, &operator, "helper@operator.example", "member", &[]).await;
        helper.get(&sent.order).await.is_problem(404, "not_found");
        helper.get("/api/v1/requests").await.is_problem(403, "forbidden");
        let chief = member(&service, &operator, "chief@operator.example", "admin", &[]).await;
        assert_eq!(chief.get("/api/v1/requests").await.json()["items"][0]["tenant"]["name"], "alpha");
        let other = chief.get(&format!("/api/v1/requests?tenant_id={OPERATOR_TENANT}")).await;
        assert_eq!(other.json()["items"], json!([]));
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_sends_requests_for_their_domains_only() {
    on_both(async |service: Service| {
        let (_, admin) = tenant(&service, "alpha").await;
        let inside = member(&service, &admin, "in@alpha.example", "manager", &["old.example"]).await;
        let outside = member(&service, &admin, "out@alpha.example", "manager", &["elsewhere.example"]).await;
        let sent = Sent::of(&inside.post("/api/v1/requests", new_request()).await);
        assert_eq!(inside.get(&sent.of_order()).await.status, 200);
        outside.get(&sent.of_order()).await.is_problem(404, "not_found");
        let refused = outside.post("/api/v1/requests", new_request()).await.is_problem(422, "invalid_field");
        assert_eq!(refused["errors"][0]["pointer"], "/accounts");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_sent_again_with_its_key_is_one_request() {
    on_both(async |service| {
        let client = service.stranger();
        let (body, key) = (new_request().to_string(), [("idempotency-key", "one")]);
        let first = client.send("POST", "/api/v1/requests", Some(body.clone()), &key).await;
        let again = client.send("POST", "/api/v1/requests", Some(body), &key).await;
        assert_eq!((first.status, again.status, &first.text), (201, 201, &again.text));
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(first.cookie(), again.cookie());
        let queue = service.operator().get("/api/v1/requests").await.json();
        assert_eq!(queue["items"].as_array().expect("items").len(), 1);
        service.stop().await;
    })
    .await;
}
