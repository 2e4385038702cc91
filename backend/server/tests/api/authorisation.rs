//! Object-level authorisation, by generation: every operation of the API's document × every proof that does not suffice.
//! `make authz` runs this and prints how much it tried.
#![expect(clippy::print_stdout, reason = "how much was tried")]

use std::collections::BTreeMap;

use mailferry_shared::{ids::OrderId, key::Scope, payment::PaymentMethod, run::RunState, secret::Secret};
use mailferry_store::{NewApiKey, OPERATOR_TENANT, Part};
use serde_json::{Map, Value, json};

use crate::{
    harness::{Answer, Client, Service, new_account, on_both, on_both_at},
    principals::{member, order_of, tenant},
    requests::new_request,
    time::Time,
};

/// An operation, as the document describes it.
#[derive(Debug)]
struct Operation {
    method: String,
    path: String,
    /// The scope that a key needs.
    scope: Option<Scope>,
    /// A member must be signed in; a key does not do.
    members_only: bool,
    /// Whoever asks needs no proof.
    public: bool,
}

impl Operation {
    fn of(method: &str, path: &str, operation: &Value) -> Self {
        let ways = operation["security"].as_array().expect("security");
        let scopes = ways.iter().filter_map(|way| way.get("api_key")?.as_array()).flatten();
        let scope = scopes.map(|scope| scope.as_str().expect("a word").parse().expect("a scope")).next();
        Self {
            method: method.to_uppercase(),
            path: path.to_owned(),
            scope,
            members_only: !ways.iter().any(|way| way.get("member").is_none()),
            public: ways.is_empty() || ways.iter().any(|way| way.as_object().is_some_and(Map::is_empty)),
        }
    }

    fn is_of_order(&self) -> bool {
        self.path.contains("{order_id}")
    }

    fn is_of_one_thing(&self) -> bool {
        self.path.contains('{')
    }

    fn changes(&self) -> bool {
        self.method != "GET"
    }

    fn is_for_operators(&self) -> bool {
        self.scope.is_some_and(Scope::is_for_operators)
    }

    /// The path to these things; a name that stands for none of them gets an id of nothing.
    fn at(&self, things: &BTreeMap<&str, String>) -> String {
        let part = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some("side") => "source".to_owned(),
            Some(name) => things.get(name).cloned().unwrap_or_else(|| NOBODY.to_owned()),
            None => part.to_owned(),
        };
        self.path.split('/').map(part).collect::<Vec<_>>().join("/")
    }
}

const NOBODY: &str = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0009";

/// Every operation that the API's document names.
async fn operations(service: &Service) -> Vec<Operation> {
    let document = service.stranger().get("/api/openapi.json").await.json();
    let paths = document["paths"].as_object().expect("paths").clone();
    let each = |(path, item): (String, Value)| {
        let item = item.as_object().expect("methods").clone();
        item.into_iter().map(move |(method, operation)| Operation::of(&method, &path, &operation)).collect::<Vec<_>>()
    };
    paths.into_iter().flat_map(each).collect()
}

/// Proofs that suffice.
const GIVEN: [&str; 3] = ["whose it is", "the link that only shows the order", "a list of another tenant"];

/// Tries proofs at an operation on things of somebody else, and counts.
struct Trial<'a> {
    things: &'a BTreeMap<&'static str, String>,
    tried: BTreeMap<&'static str, u32>,
}

const NOT_SIGNED_IN: (u16, &str) = (401, "not_signed_in");
const FORBIDDEN: (u16, &str) = (403, "forbidden");
const NOT_FOUND: (u16, &str) = (404, "not_found");

impl Trial<'_> {
    async fn send(&mut self, proof: &'static str, client: &Client, operation: &Operation) -> Answer {
        *self.tried.entry(proof).or_default() += 1;
        let body = operation.changes().then(|| "{}".to_owned());
        client.send(&operation.method, &operation.at(self.things), body, &[]).await
    }

    async fn refused(
        &mut self,
        proof: &'static str,
        client: &Client,
        operation: &Operation,
        (status, code): (u16, &str),
    ) {
        let answer = self.send(proof, client, operation).await;
        let (Operation { method, path, .. }, text) = (operation, &answer.text);
        assert_eq!(answer.status, status, "{proof}: {method} {path} answered {text}");
        answer.is_problem(status, code);
        if (status, code) == NOT_FOUND {
            let nowhere = operation.at(&BTreeMap::new());
            let body = operation.changes().then(|| "{}".to_owned());
            let nowhere = client.send(&operation.method, &nowhere, body, &[]).await;
            assert_eq!(*text, nowhere.text, "{proof}: {method} {path} tells what is there");
        }
    }

    /// What is refused to others is there, and whose it is gets it; a refusal of what nobody could have shows nothing.
    async fn given(&mut self, proof: &'static str, client: &Client, operation: &Operation) {
        let answer = self.send(proof, client, operation).await;
        assert_eq!(answer.status, 200, "{proof}: {} {}: {}", operation.method, operation.path, answer.text);
    }

    fn print(&self, database: &str, operations: usize) {
        let given: u32 = GIVEN.iter().filter_map(|proof| self.tried.get(proof)).sum();
        let refused = self.tried.values().sum::<u32>() - given;
        let kinds = self.tried.len() - GIVEN.len();
        println!("authz on {database}: {operations} operations × {kinds} kinds of proof: {refused} requests refused");
        println!("authz on {database}: {given} that read were answered to whoever may");
        for (proof, count) in &self.tried {
            println!("authz: {count:5} × {proof}");
        }
    }
}

/// One thing of each kind in a tenant, by the name that paths have for it.
async fn things(service: &Service, admin: &Client, tenant: String) -> BTreeMap<&'static str, String> {
    let request = admin.post("/api/v1/requests", new_request()).await;
    let order = id(&request, "/request/order_id");
    let other = json!({"name": "Other", "mail": "other@alpha.example"});
    let member = admin.post("/api/v1/members", other).await;
    let key = admin.post("/api/v1/api-keys", json!({"name": "k", "scopes": ["orders:read"]})).await;
    let vouchers = admin.post("/api/v1/vouchers", json!({"pairs": 1})).await;
    let link = admin.post("/api/v1/links", json!({"name": "welcome"})).await;
    let webhook = admin.post("/api/v1/webhooks", json!({"url": "https://panel.example/hook"})).await;
    let webhook = id(&webhook, "/webhook/id");
    order_of(admin).await;
    let delivery = admin.get(&format!("/api/v1/webhooks/{webhook}/deliveries")).await.json()["items"][0]["id"].clone();
    let request_id = id(&request, "/request/id");
    let mut things = things_of_order(service, admin, &order, &request_id).await;
    things.extend([
        ("order_id", order),
        ("member_id", id(&member, "/id")),
        ("key_id", id(&key, "/key/id")),
        ("tenant_id", tenant),
        ("voucher_id", id(&vouchers, "/items/0/id")),
        ("link_id", id(&link, "/id")),
        ("webhook_id", webhook),
        ("request_id", request_id),
        ("attachment_id", id(&request, "/request/attachments/0/id")),
        ("delivery_id", delivery.as_str().expect("an id").to_owned()),
    ]);
    things
}

/// One thing of each kind in an order: its first run has ended, and a delta is under way.
async fn things_of_order(
    service: &Service,
    admin: &Client,
    order: &str,
    request: &str,
) -> BTreeMap<&'static str, String> {
    let (path, id_of_order): (_, OrderId) = (format!("/api/v1/orders/{order}"), order.parse().expect("an id"));
    let mut account = new_account("anna");
    account["source"]["endpoint"] = json!({"host": "imap.old.example", "port": 993});
    let pair = id(&admin.post(&format!("{path}/accounts"), account).await, "/id");
    let begun = async |what: &str| id_of(&admin.post(&format!("{path}/{what}"), json!({})).await, 202, "/id");
    let (check, dry_run) = (begun("checks").await, begun("dry-runs").await);
    let price = json!({
        "currency": "EUR", "pair_minor": 1490, "tax_name": "VAT", "tax_basis_points": 0, "tax_included": true,
    });
    assert_eq!(admin.send("PUT", "/api/v1/price", Some(price.to_string()), &[]).await.status, 200);
    let payment = service.store.begin_payment(id_of_order, PaymentMethod::Paypal).await.expect("a payment");
    let operator = service.operator();
    for (step, body) in [("accept", json!({})), ("start", json!({"waive_payment": true}))] {
        let done = operator.post(&format!("/api/v1/requests/{request}/{step}"), body).await;
        assert_eq!(done.status, 200, "{step}: {}", done.text);
    }
    let runs = admin.get(&format!("{path}/accounts/{pair}/runs")).await.json();
    let store = &service.store;
    store.begin_order(id_of_order).await.expect("begins");
    for pair in store.progress(id_of_order).await.expect("progress") {
        let run = pair.run.expect("a run").id;
        store.change_run(run, RunState::Running, None, None).await.expect("runs");
        store.change_run(run, RunState::Succeeded, None, None).await.expect("ends");
    }
    store.conclude_order(id_of_order).await.expect("completes");
    let (verification, delta) = (begun("verifications").await, begun("deltas").await);
    BTreeMap::from([
        ("pair_id", pair),
        ("check_id", check),
        ("dry_run_id", dry_run),
        ("payment_id", payment.id.to_string()),
        ("run_id", runs["items"][0]["id"].as_str().expect("a run").to_owned()),
        ("verification_id", verification),
        ("delta_id", delta),
    ])
}

fn id(answer: &Answer, pointer: &str) -> String {
    id_of(answer, 201, pointer)
}

fn id_of(answer: &Answer, status: u16, pointer: &str) -> String {
    assert_eq!(answer.status, status, "{}", answer.text);
    answer.json().pointer(pointer).and_then(Value::as_str).expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_refuses_every_proof_that_does_not_suffice() {
    on_both_at(every_operation_refuses_every_proof_that_does_not_suffice_on).await;
}

async fn every_operation_refuses_every_proof_that_does_not_suffice_on(service: Service, clock: Time) {
    let all = operations(&service).await;
    assert!(all.len() >= 45, "{}", all.len());
    let (alpha, admin) = tenant(&service, "alpha").await;
    let things = things(&service, &admin, alpha.to_string()).await;
    let mut trial = Trial { things: &things, tried: BTreeMap::new() };
    for operation in all.iter().filter(|operation| !operation.public) {
        without_proof(&service, &mut trial, operation).await;
    }
    let proofs = Proofs::make(&service, &clock, &admin, &things["order_id"]).await;
    for operation in all.iter().filter(|operation| !operation.public) {
        if !operation.changes() {
            let operator = service.operator();
            let whose = if operation.is_for_operators() { &operator } else { &admin };
            trial.given("whose it is", whose, operation).await;
        }
        with_a_proof_for_less(&service, &mut trial, operation, &proofs).await;
        from_elsewhere(&mut trial, operation, &proofs).await;
    }
    clock.advance(chrono::Duration::hours(13)).await;
    for operation in all.iter().filter(|operation| !operation.public) {
        trial.refused("an expired session of the order", &proofs.manager_of_order, operation, NOT_SIGNED_IN).await;
        trial.refused("an expired session of an admin", &admin, operation, NOT_SIGNED_IN).await;
        trial.refused("an expired key", &proofs.brief_key, operation, NOT_SIGNED_IN).await;
    }
    trial.print(if service.is_sqlite() { "SQLite" } else { "PostgreSQL" }, all.len());
    service.stop().await;
}

async fn without_proof(service: &Service, trial: &mut Trial<'_>, operation: &Operation) {
    let cookie = |cookie: &str| Client { cookie: Some(cookie.to_owned()), ..service.stranger() };
    let key = |key: &str| Client { key: Some(key.to_owned()), ..service.stranger() };
    let order = &trial.things["order_id"];
    let order_cookie = cookie(&format!("__Host-mailferry-{order}=eyJhbGciOiJub25lIn0.e30."));
    trial.refused("no proof", &service.stranger(), operation, NOT_SIGNED_IN).await;
    trial.refused("a key that is not ours", &key("mf_live_00000000000000000000000000"), operation, NOT_SIGNED_IN).await;
    trial.refused("a made-up session of the order", &order_cookie, operation, NOT_SIGNED_IN).await;
    let member = cookie("__Host-mailferry-console=eyJhbGciOiJub25lIn0.e30.");
    trial.refused("a made-up session of a member", &member, operation, NOT_SIGNED_IN).await;
}

/// Proofs that are right, but not for this.
struct Proofs {
    manager_of_order: Client,
    viewer_of_order: Client,
    other_order: Client,
    foreign_admin: Client,
    foreign_key: Client,
    member: Client,
    manager: Client,
    brief_key: Client,
    sandbox_key: Client,
    revoked: Client,
}

impl Proofs {
    async fn make(service: &Service, clock: &Time, admin: &Client, order: &str) -> Self {
        let record = service.store.order(order.parse().expect("an id")).await.expect("an order");
        let link = admin.get(&format!("/api/v1/orders/{order}")).await.json()["manage_url"].clone();
        let token = Secret::new(link.as_str().and_then(|link| link.split("#token=").nth(1)).expect("a token"));
        let (beta, foreign_admin) = tenant(service, "beta").await;
        let key = async |sandbox, lifetime: Option<chrono::Duration>| {
            let new = NewApiKey {
                tenant_id: record.tenant_id,
                member_id: None,
                name: "test".to_owned(),
                scopes: Scope::ALL.iter().copied().collect(),
                sandbox,
                expires_at: lifetime.map(|lifetime| clock.now() + lifetime),
            };
            let secret = service.store.create_api_key(new).await.expect("a key").secret;
            Client { key: Some(secret.expose().to_owned()), ..service.stranger() }
        };
        let revoked = member(service, admin, "revoked@alpha.example", "admin", &[]).await;
        assert_eq!(revoked.delete("/api/v1/me/sessions").await.status, 204);
        Self {
            manager_of_order: service.session(order, &token).await,
            viewer_of_order: service.viewer(order).await,
            other_order: service.order().await.1,
            foreign_admin,
            foreign_key: service.with_key(beta, Scope::ALL).await,
            member: member(service, admin, "member@alpha.example", "member", &[]).await,
            manager: member(service, admin, "manager@alpha.example", "manager", &["elsewhere.example"]).await,
            brief_key: key(false, Some(chrono::Duration::minutes(5))).await,
            sandbox_key: key(true, None).await,
            revoked,
        }
    }
}

/// Proofs within the same tenant, or for the same order, that do not reach as far.
async fn with_a_proof_for_less(service: &Service, trial: &mut Trial<'_>, operation: &Operation, proofs: &Proofs) {
    trial.refused("a session that was revoked", &proofs.revoked, operation, NOT_SIGNED_IN).await;
    if operation.is_of_order() {
        if operation.changes() {
            let looks = &proofs.viewer_of_order;
            trial.refused("the link that only shows the order, for a change", looks, operation, FORBIDDEN).await;
        } else {
            trial.given("the link that only shows the order", &proofs.viewer_of_order, operation).await;
        }
        trial.refused("a member of the tenant whose order it is not", &proofs.member, operation, NOT_FOUND).await;
        trial.refused("a manager of other domains", &proofs.manager, operation, NOT_FOUND).await;
        trial.refused("a sandbox key for a live order", &proofs.sandbox_key, operation, NOT_FOUND).await;
    } else {
        let link = &proofs.manager_of_order;
        trial.refused("the link of an order for something else", link, operation, NOT_SIGNED_IN).await;
    }
    if operation.members_only {
        trial.refused("a key where a member must sign in", &proofs.brief_key, operation, FORBIDDEN).await;
    }
    let Some(needed) = operation.scope else { return };
    let lacking: Vec<Scope> = Scope::ALL.iter().copied().filter(|scope| !needed.is_in(&[*scope].into())).collect();
    let tenant =
        if operation.is_for_operators() { OPERATOR_TENANT } else { trial.things["tenant_id"].parse().expect("id") };
    let key = service.with_key(tenant, &lacking).await;
    trial.refused("a key with every scope but the right one", &key, operation, FORBIDDEN).await;
    let for_all = [Scope::OrdersRead, Scope::OrdersWrite, Scope::KeysRead, Scope::KeysWrite];
    let admins_only = !for_all.contains(&needed);
    if admins_only && !operation.is_of_order() {
        trial.refused("a member where an admin is needed", &proofs.member, operation, FORBIDDEN).await;
    }
}

/// Proofs of another tenant or order.
async fn from_elsewhere(trial: &mut Trial<'_>, operation: &Operation, proofs: &Proofs) {
    let kind = if operation.is_of_order() { NOT_FOUND } else { NOT_SIGNED_IN };
    trial.refused("the link of another order", &proofs.other_order, operation, kind).await;
    for (proof, client) in
        [("an admin of another tenant", &proofs.foreign_admin), ("a key of another tenant", &proofs.foreign_key)]
    {
        if operation.is_for_operators() {
            trial.refused(proof, client, operation, FORBIDDEN).await;
        } else if operation.is_of_one_thing() {
            trial.refused(proof, client, operation, NOT_FOUND).await;
        } else if !operation.changes() {
            let answer = trial.send("a list of another tenant", client, operation).await;
            assert_eq!(answer.status, 200, "{operation:?}: {}", answer.text);
            for (name, id) in trial.things {
                assert!(!answer.text.contains(id), "{operation:?} shows the {name} of another tenant");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_opens_its_order_until_it_is_revoked() {
    on_both(a_link_opens_its_order_until_it_is_revoked_on).await;
}

async fn a_link_opens_its_order_until_it_is_revoked_on(service: Service) {
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
    let look = owner.get(&path).await.json()["view_url"].as_str().expect("a link").to_owned();
    let look = Secret::new(look.split("#token=").nth(1).expect("a token"));
    let looks = service.session(&order, &look).await;
    assert_eq!(looks.get(&path).await.json().get("view_url"), None, "who may look hands nothing on");
    looks.post(&format!("{path}/links"), json!({})).await.is_problem(403, "forbidden");

    let renewed = owner.post(&format!("{path}/links"), json!({})).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text);
    assert_ne!(renewed.json()["manage_url"], link.as_str());
    for revoked in [&owner, &again, &looks] {
        revoked.get(&path).await.is_problem(401, "link_invalid");
    }
    let owner = Client { cookie: renewed.cookie(), ..owner };
    assert_eq!(owner.get(&path).await.json()["manage_url"], renewed.json()["manage_url"], "whoever asked goes on");
    let body: Value = json!({"order_id": order, "token": token.expose()});
    service.stranger().post("/api/v1/sessions", body).await.is_problem(401, "link_invalid");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_reaches_as_far_as_its_scopes() {
    on_both(async |service: Service| {
        let (order, _) = service.order().await;
        let path = format!("/api/v1/orders/{order}");
        let reader = service.with_key(OPERATOR_TENANT, &[Scope::OrdersRead]).await;
        let seen = reader.get(&path).await;
        assert_eq!((seen.status, seen.json().get("manage_url")), (200, None));
        reader.delete(&path).await.is_problem(403, "forbidden");
        reader.post("/api/v1/orders", crate::harness::new_order()).await.is_problem(403, "forbidden");
        let keys = service.store.api_keys(OPERATOR_TENANT, None, Part::ALL).await.expect("keys");
        let key = keys.iter().find(|key| key.scopes.len() == 1).expect("the reader's");
        service.store.revoke_api_key(OPERATOR_TENANT, None, key.id).await.expect("revoked");
        reader.get(&path).await.is_problem(401, "not_signed_in");
        service.stop().await;
    })
    .await;
}
