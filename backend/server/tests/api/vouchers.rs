//! Never more account pairs are granted than a voucher is good for.

use chrono::TimeDelta;
use futures::future::join_all;
use mailferry_shared::key::Scope;
use mailferry_store::OPERATOR_TENANT;
use serde_json::{Value, json};

use crate::{
    harness::{Service, new_order, on_both, on_both_at},
    time::Time,
};

#[tokio::test(flavor = "multi_thread")]
async fn fifty_parallel_redeems_of_a_voucher_for_five_pairs_pay_for_five() {
    on_both(async |service| {
        let batch = service.operator().post("/api/v1/vouchers", json!({"pairs": 5})).await.json();
        let code = batch["items"][0]["code"].as_str().expect("a code").to_owned();
        let orders = join_all((0..50).map(|_| service.order_with_pair())).await;
        let redeem = orders.iter().map(async |(order, _, client)| {
            client.post(&format!("/api/v1/orders/{order}/voucher"), json!({"code": code})).await
        });
        let answers = join_all(redeem).await;
        let paid = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(paid, 5);
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.is_problem(422, "voucher_invalid");
        }
        let mut covered = 0;
        for (order, _, client) in &orders {
            let order = client.get(&format!("/api/v1/orders/{order}")).await.json();
            covered += order["payment"]["pairs_covered"].as_u64().expect("a number");
        }
        assert_eq!(covered, 5);
        // `make voucher-race` shows it.
        let database = if service.is_sqlite() { "SQLite" } else { "PostgreSQL" };
        let refused = answers.len() - paid;
        eprintln!(
            "{database}: 50 parallel redeems of a voucher for 5 pairs: {paid} paid, {refused} refused, {covered} pairs"
        );
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_parallel_redeems_for_one_order_spend_what_it_needs() {
    on_both(async |service| {
        let batch = service.operator().post("/api/v1/vouchers", json!({"pairs": 5})).await.json();
        let code = batch["items"][0]["code"].as_str().expect("a code").to_owned();
        let (order, _, client) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}/voucher");
        let answers = join_all((0..50).map(|_| client.post(&path, json!({"code": code})))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "paying again spends nothing");
        let covered = client.get(&format!("/api/v1/orders/{order}")).await.json()["payment"]["pairs_covered"].clone();
        let (other, _, client) = service.order_with_pair().await;
        assert_eq!(client.post(&format!("/api/v1/orders/{other}/voucher"), json!({"code": code})).await.status, 200);
        assert_eq!(covered, 1);
        let database = if service.is_sqlite() { "SQLite" } else { "PostgreSQL" };
        eprintln!("{database}: 50 parallel redeems for one order with one pair: {covered} pair spent");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_code_gets_the_same_answer() {
    on_both(async |service: Service| {
        let (order, _, client) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}/voucher");
        let first = client.post(&path, json!({"code": "MF-00000-00000-00000-00000-000000"})).await;
        first.is_problem(422, "voucher_invalid");
        for code in ["", "nonsense", "MF-7ZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZZ"] {
            assert_eq!(client.post(&path, json!({"code": code})).await.text, first.text, "{code}");
        }
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_key_with_the_scope_creates_vouchers_in_sane_numbers() {
    on_both(async |service: Service| {
        let body = json!({"pairs": 1});
        service.stranger().post("/api/v1/vouchers", body.clone()).await.is_problem(401, "not_signed_in");
        let (_, owner) = service.order().await;
        owner.post("/api/v1/vouchers", body.clone()).await.is_problem(401, "not_signed_in");
        let reader = service.with_key(OPERATOR_TENANT, &[Scope::OrdersRead]).await;
        reader.post("/api/v1/vouchers", body).await.is_problem(403, "forbidden");
        for body in [
            json!({"pairs": 0}),
            json!({"pairs": 1, "count": 1001}),
            json!({"pairs": 1, "valid_until": "2001-01-01T00:00:00Z"}),
        ] {
            service.operator().post("/api/v1/vouchers", body).await.is_problem(422, "invalid_field");
        }
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voucher_is_issued_redeemed_expired_or_revoked() {
    on_both_at(async |service: Service, clock: Time| {
        let operator = service.operator();
        let tomorrow = service.store.now() + TimeDelta::days(1);
        let body = json!({"pairs": 1, "count": 3, "valid_until": tomorrow});
        let batch = operator.post("/api/v1/vouchers", body).await.json();
        let counts = async || {
            let mut counts = Vec::new();
            for state in ["issued", "redeemed", "expired", "revoked"] {
                let found = operator.get(&format!("/api/v1/vouchers?state={state}")).await.json();
                counts.push(found["items"].as_array().map(Vec::len).expect("items"));
            }
            counts
        };
        assert_eq!(counts().await, [3, 0, 0, 0]);
        let (order, _, client) = service.order_with_pair().await;
        let code = json!({"code": batch["items"][0]["code"]});
        assert_eq!(client.post(&format!("/api/v1/orders/{order}/voucher"), code).await.status, 200);
        assert_eq!(counts().await, [2, 1, 0, 0]);
        let second = batch["items"][1]["id"].as_str().expect("an id");
        assert_eq!(operator.post(&format!("/api/v1/vouchers/{second}/revoke"), json!({})).await.status, 200);
        assert_eq!(counts().await, [1, 1, 0, 1]);
        clock.advance(TimeDelta::days(2)).await;
        assert_eq!(counts().await, [0, 1, 1, 1]);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_whose_voucher_pays_no_more_says_so_when_it_is_opened() {
    on_both_at(async |service: Service, clock: Time| {
        let operator = service.operator();
        let tomorrow = service.store.now() + TimeDelta::days(1);
        let batch = json!({"pairs": 2, "count": 2, "valid_until": tomorrow});
        let batch = operator.post("/api/v1/vouchers", batch).await.json();
        let mut tokens = Vec::new();
        for n in 0..2 {
            clock.advance(TimeDelta::seconds(1)).await;
            let link = json!({"name": "x", "voucher_id": batch["items"][n]["id"]});
            let link = operator.post("/api/v1/links", link).await.json();
            assert_eq!(link["voucher"]["state"], "issued", "{link}");
            tokens.push(link["token"].clone());
        }
        let offered = async |token: &Value| {
            let offer = service.stranger().post("/api/v1/offers", json!({"token": token})).await.json();
            (offer["prepaid_pairs"].clone(), offer["voucher_state"].clone())
        };
        assert_eq!(offered(&tokens[0]).await, (json!(2), json!("issued")));
        let revoke = format!("/api/v1/vouchers/{}/revoke", batch["items"][0]["id"].as_str().expect("an id"));
        assert_eq!(operator.post(&revoke, json!({})).await.status, 200);
        assert_eq!(offered(&tokens[0]).await, (json!(0), json!("revoked")));
        assert_eq!(offered(&tokens[1]).await, (json!(2), json!("issued")));
        clock.advance(TimeDelta::days(2)).await;
        assert_eq!(offered(&tokens[1]).await, (json!(0), json!("expired")));
        let links = service.operator().get("/api/v1/links").await.json();
        let states: Vec<_> = (0..2).map(|n| links["items"][n]["voucher"]["state"].clone()).collect();
        assert_eq!(states, [json!("expired"), json!("revoked")], "{links}");
        // Whoever begins by it all the same is told in their order, too.
        let mut order = new_order();
        order["link"] = tokens[0].clone();
        let made = service.stranger().post("/api/v1/orders", order).await.json();
        let link = &made["link"];
        assert_eq!((&link["prepaid_pairs"], &link["voucher_state"]), (&json!(0), &json!("revoked")), "{made}");
        service.stop().await;
    })
    .await;
}
