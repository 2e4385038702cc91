//! `Idempotency-Key`: done once, answered the same.

use std::{
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

use mailferry_shared::key::Scope;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Service, new_account, new_order, on_both, on_both_at};

async fn post(client: &Client, path: &str, body: &Value, key: &str) -> Answer {
    client.send("POST", path, Some(body.to_string()), &[("idempotency-key", key)]).await
}

async fn accounts(client: &Client, order: &str) -> usize {
    let list = client.get(&format!("/api/v1/orders/{order}/accounts")).await.json();
    list["items"].as_array().expect("items").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_requests_with_one_key_one_is_done() {
    on_both(async |service: Service| {
        let (order, client) = service.order().await;
        let path = format!("/api/v1/orders/{order}/accounts");
        let body = new_account("anna");
        let answers = futures::future::join_all((0..20).map(|_| post(&client, &path, &body, "one"))).await;
        let made: Vec<String> =
            answers.iter().filter(|answer| answer.status == 201).map(|answer| answer.text.clone()).collect();
        assert!(!made.is_empty() && made.iter().all(|text| *text == made[0]), "{made:?}");
        let busy: Vec<&Answer> = answers.iter().filter(|answer| answer.status != 201).collect();
        for answer in busy {
            answer.is_problem(409, "request_in_progress");
            assert_eq!(answer.header("retry-after"), "1");
        }
        assert_eq!(accounts(&client, &order).await, 1);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_who_asks_and_what_for() {
    on_both(async |service: Service| {
        let (order, owner) = service.order().await;
        let (other, stranger) = service.order().await;
        let path = |order: &str| format!("/api/v1/orders/{order}/accounts");
        let body = new_account("anna");
        assert_eq!(post(&owner, &path(&order), &body, "k").await.status, 201);
        assert_eq!(
            post(&stranger, &path(&other), &body, "k").await.header("idempotency-replayed"),
            "",
            "another's key"
        );
        assert_eq!(post(&owner, &format!("/api/v1/orders/{order}/checks"), &json!({}), "k").await.status, 202);
        let (operator, body) = (service.operator(), new_account("berta"));
        assert_eq!(post(&operator, &path(&order), &body, "k").await.header("idempotency-replayed"), "");
        let elsewhere = post(&operator, &path(&other), &body, "k").await;
        elsewhere.is_problem(422, "idempotency_key_reused");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_answer_is_given_only_to_who_still_may() {
    on_both(async |service: Service| {
        let (order, owner) = service.order().await;
        let path = format!("/api/v1/orders/{order}/accounts");
        let tenant = mailferry_store::OPERATOR_TENANT;
        let program = service.with_key(tenant, &[Scope::OrdersWrite]).await;
        assert_eq!(post(&program, &path, &new_account("anna"), "k").await.status, 201);
        assert_eq!(post(&program, &path, &new_account("anna"), "k").await.status, 201);
        let secret = program.key.clone().expect("a key");
        let holder = service.store.find_api_key(&secret).await.expect("database").expect("there");
        service.store.revoke_api_key(tenant, None, holder.key.id).await.expect("revoked");
        post(&program, &path, &new_account("anna"), "k").await.is_problem(401, "not_signed_in");

        assert_eq!(post(&owner, &path, &new_account("berta"), "k").await.status, 201);
        let viewer = service.viewer(&order).await;
        post(&viewer, &path, &new_account("berta"), "k").await.is_problem(403, "forbidden");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_creation_brings_the_same_order_and_its_cookie() {
    on_both(async |service: Service| {
        let stranger = service.stranger();
        let first = post(&stranger, "/api/v1/orders", &new_order(), "\"0199\"").await;
        let again = post(&stranger, "/api/v1/orders", &new_order(), "0199").await;
        assert_eq!((again.status, &again.text), (201, &first.text), "quotes do not matter");
        let mut owner = service.stranger();
        owner.cookie = again.cookie();
        assert_eq!(owner.get(again.header("location")).await.status, 200);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_understood_may_be_corrected_under_the_same_key() {
    on_both(async |service: Service| {
        let (order, client) = service.order().await;
        let path = format!("/api/v1/orders/{order}/accounts");
        post(&client, &path, &json!({"source": {}}), "k").await.is_problem(422, "invalid_field");
        let mut empty = new_account("anna");
        empty["source"]["user"] = json!("");
        post(&client, &path, &empty, "k").await.is_problem(422, "invalid_field");
        assert_eq!(post(&client, &path, &new_account("anna"), "k").await.status, 201);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_up_finds_it_done() {
    on_both(async |service: Service| {
        let (order, client) = service.order().await;
        let path = format!("/api/v1/orders/{order}/accounts");
        let body = new_account("anna").to_string();
        let host = service.base.trim_start_matches("http://");
        let mut line = TcpStream::connect(host).expect("connects");
        let cookie = client.cookie.clone().expect("a cookie");
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nContent-Type: application/json\r\n\
         Idempotency-Key: k\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        line.write_all(request.as_bytes()).expect("sent");
        drop(line);
        let deadline = Instant::now() + Duration::from_secs(60);
        while accounts(&client, &order).await == 0 {
            assert!(Instant::now() < deadline, "nothing was done");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let answer = loop {
            let answer = client.send("POST", &path, Some(body.clone()), &[("idempotency-key", "k")]).await;
            if answer.status != 409 {
                break answer;
            }
            assert!(Instant::now() < deadline, "{}", answer.text);
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!((answer.status, answer.header("idempotency-replayed")), (201, "true"), "{}", answer.text);
        assert_eq!(accounts(&client, &order).await, 1);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_but_could_not_be_answered_is_not_done_again() {
    on_both_at(async |service: Service, clock| {
        let (order, client) = service.order().await;
        let path = format!("/api/v1/orders/{order}/accounts");
        assert_eq!(post(&client, &path, &new_account("anna"), "k").await.status, 201);
        // As if the process had died between the effect's commit and the keeping of its answer.
        service.raw("UPDATE idempotency SET key_id = NULL, wrapped_key = NULL, sealed = NULL").await;
        post(&client, &path, &new_account("anna"), "k").await.is_problem(409, "request_in_progress");
        clock.advance(chrono::TimeDelta::seconds(mailferry_store::ATTEMPT_SECONDS + 1)).await;
        for _ in 0..2 {
            let lost = post(&client, &path, &new_account("anna"), "k").await.is_problem(409, "answer_lost");
            assert!(lost["title"].as_str().expect("words").contains("was done"), "{lost}");
        }
        post(&client, &path, &new_account("berta"), "k").await.is_problem(422, "idempotency_key_reused");
        assert_eq!(accounts(&client, &order).await, 1, "and it was done once");
        assert_eq!(post(&client, &path, &new_account("berta"), "another").await.status, 201);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_kept_answer_is_readable_in_the_database() {
    on_both(async |service: Service| {
        let (client, body) = (service.operator(), json!({"pairs": 1, "note": "in plain words"}));
        let answer = post(&client, "/api/v1/vouchers", &body, "k").await;
        let code = answer.json()["items"][0]["code"].as_str().expect("a code").to_owned();
        let hex = code.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        let kept = service.kept();
        let holds = |needle: &str| kept.windows(needle.len()).any(|piece| piece == needle.as_bytes());
        assert!(holds("in plain words"), "what is no secret is found");
        assert!(!holds(&code) && !holds(&hex), "the code is not");
        let again = post(&client, "/api/v1/vouchers", &body, "k").await;
        assert_eq!((again.header("idempotency-replayed"), &again.text), ("true", &answer.text));
        service.stop().await;
    })
    .await;
}
