//! What holds for every operation, gone over by the document: a new operation is in here by itself.

mod limits;
mod pages;
mod refused;
mod repeated;
mod unchanged;

use std::{collections::BTreeMap, time::Duration};

use mailferry_domain::{
    folder::FolderPath,
    ledger::{Outcome, Settlement},
    uid::{Uid, UidValidity},
};
use mailferry_engine::port::{Entry, FolderBinding, Ledger};
use mailferry_shared::{
    finding::FindingCode,
    ids::{OrderId, RunId},
    payment::{PaymentMethod, Price},
    run::RunState,
};
use mailferry_store::{OPERATOR_TENANT, OrderRecord, Store};
use serde_json::{Value, json};

use crate::{
    harness::{Answer, Client, Service, new_account},
    principals,
    requests::new_request,
};

/// An operation, with ids that exist wherever there is something.
struct Operation {
    id: String,
    method: String,
    path: String,
    body: Option<Value>,
    told: Value,
}

fn document() -> Value {
    serde_json::to_value(mailferry_server::api::openapi()).expect("JSON")
}

fn operations(ids: &BTreeMap<&str, String>) -> Vec<Operation> {
    let document = document();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, told) in item.as_object().expect("methods") {
            let part = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                Some(name) => ids.get(name).cloned().unwrap_or_else(|| NOTHING.to_owned()),
                None => part.to_owned(),
            };
            let body = &told["requestBody"]["content"]["application/json"]["example"];
            all.push(Operation {
                id: told["operationId"].as_str().expect("an id").to_owned(),
                method: method.to_uppercase(),
                path: path.split('/').map(part).collect::<Vec<_>>().join("/"),
                body: (!body.is_null()).then(|| body.clone()),
                told: told.clone(),
            });
        }
    }
    all
}

const NOTHING: &str = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0009";

/// An order with as much of everything as can be had without a mail server.
struct Fixture {
    service: Service,
    ids: BTreeMap<&'static str, String>,
    /// Whoever may, for any operation: a key, an order's session, a member's session, nobody in particular.
    clients: Vec<Client>,
}

impl Fixture {
    async fn new(service: Service) -> Self {
        let (order, pair, owner) = service.order_with_pair().await;
        let operator = service.operator();
        let path = format!("/api/v1/orders/{order}");
        let made = async |path: &str, body: Value| {
            let answer = operator.post(path, body).await;
            assert!(answer.status < 300, "{path}: {}", answer.text);
            answer.json()
        };
        let id = |value: &Value| value["id"].as_str().expect("an id").to_owned();
        made(&format!("{path}/accounts"), new_account("second")).await;
        let check = id(&made(&format!("{path}/checks"), json!({})).await);
        let dry_run = id(&made(&format!("{path}/dry-runs"), json!({})).await);
        let discovery = id(&made("/api/v1/discoveries", json!({"address": "anna@old.example"})).await);
        let payment = payment(&service, &order).await;
        let voucher = made("/api/v1/vouchers", json!({"pairs": 9})).await;
        made(&format!("{path}/voucher"), json!({"code": voucher["items"][0]["code"]})).await;
        made(&format!("{path}/start"), json!({"kind": "main"})).await;
        let run = operator.get(&format!("{path}/accounts/{pair}/runs")).await.json()["items"][0].clone();
        let verification = id(&made(&format!("{path}/verifications"), json!({})).await);
        let example = |id: &str| {
            let found = operations(&BTreeMap::new()).into_iter().find(|operation| operation.id == id);
            found.and_then(|operation| operation.body).expect("an example")
        };
        let webhook = id(&made("/api/v1/webhooks", example("createWebhook")).await["webhook"]);
        let request = made("/api/v1/requests", new_request()).await["request"].clone();
        made("/api/v1/requests", new_request()).await;
        let ids = BTreeMap::from([
            ("request_id", id(&request)),
            ("attachment_id", id(&request["attachments"][0])),
            ("webhook_id", webhook),
            ("voucher_id", id(&voucher["items"][0])),
            ("order_id", order),
            ("pair_id", pair),
            ("check_id", check),
            ("dry_run_id", dry_run),
            ("discovery_id", discovery),
            ("payment_id", payment),
            ("requested_order_id", request["order_id"].as_str().expect("an id").to_owned()),
            ("run_id", id(&run)),
            ("verification_id", verification),
            ("side", "source".to_owned()),
            ("fingerprint", "ab".repeat(32)),
            ("layout", "standard".to_owned()),
        ]);
        let member = principals::member(&service, &operator, "member@tenant.example", "admin", &[]).await;
        let clients = vec![operator, owner, member, service.stranger()];
        Self { service, ids, clients }
    }

    fn operations(&self) -> Vec<Operation> {
        let mut all = operations(&self.ids);
        for operation in all.iter_mut().filter(|operation| operation.id == "readOrderRequest") {
            operation.path = operation.path.replace(&self.ids["order_id"], &self.ids["requested_order_id"]);
        }
        all
    }

    /// The order's first runs have ended, one with messages that were left out, and two deltas have followed, of which the
    /// second is under way.
    async fn with_deltas(mut self) -> Self {
        let (store, order) = (&self.service.store, self.ids["order_id"].parse().expect("an id"));
        leave_out_two(store, self.ids["run_id"].parse().expect("an id")).await;
        let ended = end_runs(store, order).await;
        store.start_delta(&ended, &[]).await.expect("starts");
        let ended = end_runs(store, order).await;
        let delta = store.start_delta(&ended, &[]).await.expect("starts");
        self.ids.insert("delta_id", delta.to_string());
        self
    }

    /// Sends it as somebody who may.
    async fn send(&self, operation: &Operation, query: &str, body: Option<String>, headers: &[(&str, &str)]) -> Answer {
        let mut last = None;
        for client in &self.clients {
            let path = format!("{}{query}", operation.path);
            let answer = client.send(&operation.method, &path, body.clone(), headers).await;
            let refused = matches!(answer.status, 401 | 403);
            last = Some(answer);
            if !refused {
                break;
            }
        }
        last.expect("there are clients")
    }
}

/// Ends what the order's accounts have under way.
async fn end_runs(store: &Store, order: OrderId) -> OrderRecord {
    store.begin_order(order).await.expect("begins");
    for pair in store.progress(order).await.expect("progress") {
        let run = pair.run.expect("a run").id;
        store.change_run(run, RunState::Running, None, None).await.expect("runs");
        store.change_run(run, RunState::Succeeded, None, None).await.expect("ends");
    }
    store.conclude_order(order).await.expect("completes")
}

/// Two messages that a run has left out stand in its protocol.
async fn leave_out_two(store: &Store, run: RunId) {
    let lease = store.claim_lease(run, "worker", Duration::from_secs(60)).await.expect("database");
    let lease = lease.expect("nobody else has it");
    let ledger = store.run_ledger(&lease);
    let path = || FolderPath::parse("INBOX").expect("a path");
    let binding = FolderBinding {
        source: path(),
        destination: path(),
        source_uid_validity: UidValidity(1),
        destination_uid_validity: Some(UidValidity(1)),
    };
    let folder = ledger.open_folders(&[binding]).await.expect("opens").remove(0).0;
    let left_out = |uid| Settlement {
        source_uid: Uid(uid),
        size_bytes: 60_000_000,
        key: None,
        internal_date: None,
        message_id: None,
        traits: None,
        outcome: Outcome::Skipped(FindingCode::MessageTooLarge),
    };
    let entries = vec![Entry::Settle(folder, vec![left_out(1), left_out(2)])];
    ledger.write(entries).await.expect("written");
    store.release_lease(&lease).await.expect("released");
}

/// A payment of an order that waits for its payer, after another that came to nothing since the price has changed.
async fn payment(service: &Service, order: &str) -> String {
    let price = |pair_minor| Price {
        currency: "EUR".parse().expect("a currency"),
        pair_minor,
        tax_name: "VAT".to_owned(),
        tax_basis_points: 1900,
        tax_included: true,
    };
    let (store, order) = (&service.store, order.parse().expect("an id"));
    let mut last = None;
    for pair_minor in [1990, 1490] {
        store.set_price(OPERATOR_TENANT, Some(&price(pair_minor))).await.expect("a price");
        last = Some(store.begin_payment(order, PaymentMethod::Paypal).await.expect("begun"));
    }
    store.set_price(OPERATOR_TENANT, None).await.expect("no price");
    last.expect("two").id.to_string()
}
