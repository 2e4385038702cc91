//! Object-level authorisation, by generation: every operation on an order × every proof that does not suffice.

use mailferry_shared::secret::Secret;
use serde_json::{Value, json};

use crate::harness::Service;

struct Operation {
    method: String,
    path: String,
    changes: bool,
}

/// Every operation on an order that the API's document names, with this order's number and ids that do not exist.
async fn operations(service: &Service, order: &str) -> Vec<Operation> {
    let document = service.stranger().get("/api/openapi.json").await.json();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        if !path.contains("{order_id}") {
            continue;
        }
        for method in item.as_object().expect("methods").keys() {
            let path = path.replace("{order_id}", order);
            let path = path.split('/').map(|part| if part.starts_with('{') { NOBODY } else { part });
            let path = path.collect::<Vec<_>>().join("/");
            found.push(Operation { changes: method != "get", method: method.to_uppercase(), path });
        }
    }
    found
}

const NOBODY: &str = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0009";

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_on_an_order_refuses_every_proof_that_does_not_suffice() {
    let service = Service::start().await;
    let (order, owner) = service.order().await;
    let (_, other) = service.order().await;
    let viewer = service.viewer(&order).await;
    let stranger = service.stranger();
    let mut wrong_key = service.stranger();
    wrong_key.key = Some("mf_live_wrong".to_owned());
    let mut altered = owner.clone();
    altered.cookie = owner.cookie.as_ref().map(|cookie| format!("{cookie}x"));
    let all = operations(&service, &order).await;
    assert!(all.len() >= 20, "{}", all.len());
    for Operation { method, path, changes } in &all {
        let body = changes.then(|| "{}".to_owned());
        for client in [&stranger, &wrong_key, &altered] {
            client.send(method, path, body.clone(), &[]).await.is_problem(401, "not_signed_in");
        }
        let foreign = other.send(method, path, body.clone(), &[]).await;
        foreign.is_problem(404, "not_found");
        let nowhere = other.send(method, &path.replace(&order, NOBODY), body.clone(), &[]).await;
        assert_eq!(foreign.text, nowhere.text, "a foreign order answers like one that is not there: {method} {path}");
        let viewed = viewer.send(method, path, body, &[]).await;
        if *changes {
            viewed.is_problem(403, "forbidden");
        } else {
            assert!(matches!(viewed.status, 200 | 404), "{method} {path}: {}", viewed.text);
        }
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_opens_its_order_until_it_is_revoked() {
    let service = Service::start().await;
    let (order, owner) = service.order().await;
    let path = format!("/api/v1/orders/{order}");
    let link = owner.get(&path).await.json()["manage_url"].as_str().expect("a link").to_owned();
    let token = Secret::new(link.split("#token=").nth(1).expect("a token"));
    let again = service.session(&order, &token).await;
    assert_eq!(again.get(&path).await.json()["manage_url"], link.as_str());

    let viewer = service.viewer(&order).await;
    let seen = viewer.get(&path).await.json();
    assert_eq!((seen.get("manage_url"), &seen["actions"]), (None, &json!([])), "who may look gets no link");

    for (order, token) in [(order.as_str(), "wrong"), (NOBODY, token.expose())] {
        let answer = service.stranger().post("/api/v1/sessions", json!({"order_id": order, "token": token})).await;
        answer.is_problem(401, "link_invalid");
    }
    let mut record = service.store.order(order.parse().expect("an id")).await.expect("an order");
    record.link_version += 1;
    service.store.save_order(&record).await.expect("saved");
    again.get(&path).await.is_problem(401, "link_invalid");
    let body: Value = json!({"order_id": order, "token": token.expose()});
    service.stranger().post("/api/v1/sessions", body).await.is_problem(401, "link_invalid");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_reaches_as_far_as_its_scopes() {
    let service = Service::start().await;
    let (order, _) = service.order().await;
    let path = format!("/api/v1/orders/{order}");
    let scopes = ["orders:read".to_owned()].into();
    let key =
        service.store.create_api_key(mailferry_store::OPERATOR_TENANT, None, "reader", &scopes).await.expect("a key");
    let mut reader = service.stranger();
    reader.key = Some(key.secret.expose().to_owned());
    let seen = reader.get(&path).await;
    assert_eq!((seen.status, seen.json().get("manage_url")), (200, None));
    reader.delete(&path).await.is_problem(403, "forbidden");
    reader.post("/api/v1/orders", crate::harness::new_order()).await.is_problem(403, "forbidden");
    service.store.revoke_api_key(key.key.id).await.expect("revoked");
    reader.get(&path).await.is_problem(401, "not_signed_in");
    service.stop().await;
}
