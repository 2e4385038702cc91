//! What holds for every operation, gone over by the document: a new operation is in here by itself.
#![expect(clippy::print_stdout, reason = "how many operations were gone over")]

use std::collections::BTreeMap;

use mailferry_server::api::idempotency::OF_OTHERS;
use mailferry_shared::{
    payment::{PaymentMethod, Price},
    run::RunState,
};
use mailferry_store::OPERATOR_TENANT;
use serde_json::{Value, json};

use crate::{
    harness::{Answer, Client, Service, on_both},
    principals,
    requests::new_request,
};

/// Lists that do not grow.
const SHORT_LISTS: [&str; 3] = ["listProviders", "listAdminCredentials", "listTestHosts"];

/// Lists that the fixture, without a mail server, cannot fill with two.
const SHORT_HERE: [&str; 5] = ["listAccounts", "listProtocolItems", "listDeltas", "listPayments", "listDeliveries"];

/// Whoever did this once cannot ask again with the same proof.
const ENDS_ITS_SESSION: [&str; 1] = ["changePassword"];

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

    /// The order's first run has ended, and a delta has followed.
    async fn with_delta(mut self) -> Self {
        let (store, order) = (&self.service.store, self.ids["order_id"].parse().expect("an id"));
        let run = self.ids["run_id"].parse().expect("an id");
        store.begin_order(order).await.expect("begins");
        store.change_run(run, RunState::Running, None, None).await.expect("runs");
        store.change_run(run, RunState::Succeeded, None, None).await.expect("ends");
        let order = store.conclude_order(order).await.expect("completes");
        let delta = store.start_delta(&order, &[]).await.expect("starts");
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

/// A payment of an order that waits for its payer.
async fn payment(service: &Service, order: &str) -> String {
    let price = Price {
        currency: "EUR".parse().expect("a currency"),
        pair_minor: 1490,
        tax_name: "VAT".to_owned(),
        tax_basis_points: 1900,
        tax_included: true,
    };
    service.store.set_price(OPERATOR_TENANT, Some(&price)).await.expect("a price");
    let order = order.parse().expect("an id");
    let payment = service.store.begin_payment(order, PaymentMethod::Paypal).await.expect("begun");
    service.store.set_price(OPERATOR_TENANT, None).await.expect("no price");
    payment.id.to_string()
}

/// Every object in `value`, by its JSON pointer.
fn objects(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.push(pointer.to_owned());
            fields.iter().for_each(|(name, field)| objects(field, &format!("{pointer}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| objects(item, &format!("{pointer}/{n}"), found));
        }
        _ => {}
    }
}

/// Every single value in `value`, by its JSON pointer.
fn leaves(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| leaves(field, &format!("{pointer}/{name}"), found));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(n, item)| leaves(item, &format!("{pointer}/{n}"), found));
        }
        Value::Null => {}
        _ => found.push(pointer.to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_refuses_query_parameters_that_it_does_not_know() {
    let fixture = Fixture::new(Service::start().await).await;
    let all = fixture.operations();
    for operation in &all {
        let body = operation.body.as_ref().map(Value::to_string);
        let problem = fixture.send(operation, "?surprise=1", body, &[]).await.is_problem(422, "invalid_field");
        assert_eq!(problem["errors"][0]["pointer"], "/surprise", "{}", operation.id);
    }
    println!("{} operations refuse unknown query parameters", all.len());
    fixture.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_refuses_fields_that_it_does_not_know_and_points_at_wrong_ones() {
    let fixture = Fixture::new(Service::start().await).await;
    let (mut unknown, mut wrong) = (0, 0);
    for operation in &fixture.operations() {
        let Some(body) = operation.body.as_ref().filter(|_| !OF_OTHERS.contains(&operation.id.as_str())) else {
            continue;
        };
        let (mut inside, mut single) = (Vec::new(), Vec::new());
        objects(body, "", &mut inside);
        leaves(body, "", &mut single);
        for pointer in inside {
            let mut changed = body.clone();
            changed.pointer_mut(&pointer).expect("there")["surprise"] = json!(1);
            let answer = fixture.send(operation, "", Some(changed.to_string()), &[]).await;
            assert_eq!(answer.status, 422, "{} {pointer}: {}", operation.id, answer.text);
            let problem = answer.is_problem(422, "invalid_field");
            let at = &problem["errors"][0]["pointer"];
            assert_eq!(at, &format!("{pointer}/surprise"), "{}: {problem}", operation.id);
            unknown += 1;
            let mut changed = body.clone();
            *changed.pointer_mut(&pointer).expect("there") = json!([]);
            let answer = fixture.send(operation, "", Some(changed.to_string()), &[]).await;
            let problem = answer.is_problem(422, "invalid_field");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{}: {problem}", operation.id);
        }
        for pointer in single {
            let mut changed = body.clone();
            *changed.pointer_mut(&pointer).expect("there") = json!({"surprise": 1});
            let answer = fixture.send(operation, "", Some(changed.to_string()), &[]).await;
            assert_eq!(answer.status, 422, "{} {pointer}: {}", operation.id, answer.text);
            let problem = answer.is_problem(422, "invalid_field");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{}: {problem}", operation.id);
            wrong += 1;
        }
    }
    println!("{unknown} unknown fields refused, {wrong} wrong values pointed at");
    assert!(unknown >= 19 && wrong >= 30, "{unknown}, {wrong}");
    fixture.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_again_unchanged_is_answered_304() {
    on_both(async |service: Service| {
        let fixture = Fixture::new(service).await.with_delta().await;
        let mut unchanged = 0;
        for operation in fixture.operations().iter().filter(|operation| operation.method == "GET") {
            if operation.told["responses"]["200"]["content"]["application/json"].is_null() {
                continue;
            }
            let first = fixture.send(operation, "", None, &[]).await;
            assert_eq!(first.status, 200, "{}: {}", operation.id, first.text);
            let tag = first.header("etag");
            assert!(tag.starts_with("W/\""), "{} has no ETag", operation.id);
            let again = fixture.send(operation, "", None, &[("if-none-match", tag)]).await;
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{}", operation.id);
            assert_eq!(again.header("etag"), tag, "{}", operation.id);
            unchanged += 1;
        }
        println!("{unchanged} operations answer 304");
        assert!(unchanged >= 31, "{unchanged}");
        fixture.service.stop().await;
    })
    .await;
}

/// Reads a list one item at a time, to its end, which brings the same as reading it at once: how many items.
async fn read_page_by_page(fixture: &Fixture, list: &Operation) -> usize {
    let whole = fixture.send(list, "", None, &[]).await.json()["items"].clone();
    let (mut seen, mut query) = (Vec::new(), "?limit=1".to_owned());
    loop {
        let page = fixture.send(list, &query, None, &[]).await.json();
        let items = page["items"].as_array().unwrap_or_else(|| panic!("{}: {page}", list.id)).clone();
        assert!(items.len() <= 1, "{}", list.id);
        seen.extend(items);
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=1&cursor={cursor}");
    }
    assert_eq!(json!(seen), whole, "{}", list.id);
    seen.len()
}

/// Two of everything that there is a list of.
async fn doubled(mut fixture: Fixture) -> Fixture {
    let path = format!("/api/v1/orders/{}", fixture.ids["order_id"]);
    let operator = &fixture.clients[0];
    let rights = json!({"name": "second", "scopes": ["orders:read"]});
    let tenant = json!({
        "name": "Second", "admin": {"name": "Alex", "mail": "alex@second.example", "password": "correct horse battery"},
    });
    let hook = json!({"url": "https://panel.example/second", "events": ["order.created"]});
    let hooks = operator.post("/api/v1/webhooks", hook).await.json();
    fixture.ids.insert("webhook_id", hooks["webhook"]["id"].as_str().expect("an id").to_owned());
    for round in 0..2 {
        fixture.service.order().await;
        let link = json!({"name": format!("link {round}")});
        let member = json!({"name": "More", "mail": format!("more{round}@tenant.example")});
        for (path, body, status) in [
            (format!("{path}/verifications"), json!({}), 202),
            ("/api/v1/links".to_owned(), link, 201),
            ("/api/v1/members".to_owned(), member, 201),
            ("/api/v1/api-keys".to_owned(), rights.clone(), 201),
            ("/api/v1/vouchers".to_owned(), json!({"pairs": 1}), 201),
        ] {
            let made = operator.post(&path, body).await;
            assert_eq!(made.status, status, "{path}: {}", made.text);
        }
    }
    assert_eq!(operator.post("/api/v1/tenants", tenant).await.status, 201);
    fixture
}

async fn every_list_that_grows_comes_in_pages(service: Service) {
    let document = document();
    let fixture = doubled(Fixture::new(service).await).await.with_delta().await;
    let (mut lists, mut turned) = (0, 0);
    for operation in fixture.operations().iter().filter(|operation| operation.method == "GET") {
        let answer = &operation.told["responses"]["200"]["content"]["application/json"]["schema"]["$ref"];
        let schema = answer.as_str().and_then(|name| document.pointer(name.trim_start_matches('#')));
        let parameters = operation.told["parameters"].as_array().into_iter().flatten();
        let pages = parameters.into_iter().any(|parameter| parameter["name"] == "cursor");
        let is_list = schema.is_some_and(|schema| schema["properties"].as_object().is_some_and(only_items));
        if !pages {
            assert!(!is_list || SHORT_LISTS.contains(&operation.id.as_str()), "{} has no cursor", operation.id);
            continue;
        }
        let told = schema.is_some_and(|schema| schema["properties"].get("next_cursor").is_some());
        assert!(told, "{} tells no next_cursor", operation.id);
        for (query, pointer) in [("?limit=0", "/limit"), ("?limit=x", "/limit"), ("?cursor=x", "/cursor")] {
            let problem = fixture.send(operation, query, None, &[]).await.is_problem(422, "invalid_field");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{}", operation.id);
        }
        let items = read_page_by_page(&fixture, operation).await;
        if items < 2 {
            assert!(SHORT_HERE.contains(&operation.id.as_str()), "{} has {items} here", operation.id);
        } else {
            turned += 1;
        }
        lists += 1;
    }
    println!("{lists} lists come in pages, {turned} of them with more than one");
    let told = operations(&BTreeMap::new());
    let with_cursor = told.iter().filter(|operation| operation.told["parameters"].to_string().contains("\"cursor\""));
    assert_eq!(lists, with_cursor.count(), "every operation that has a cursor was read");
    fixture.service.stop().await;
}

/// Whether an answer is a list and nothing else.
fn only_items(properties: &serde_json::Map<String, Value>) -> bool {
    properties.contains_key("items") && properties.keys().all(|name| name == "items" || name == "next_cursor")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_that_grows_comes_in_pages_on_both_databases() {
    on_both(every_list_that_grows_comes_in_pages).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_what_is_left_of_the_limits() {
    let service = Service::start().await;
    let stranger = service.stranger();
    let all = operations(&BTreeMap::new());
    for operation in &all {
        let answer = stranger.send(&operation.method, &operation.path, None, &[]).await;
        let (policy, left) = (answer.header("ratelimit-policy"), answer.header("ratelimit"));
        assert!(policy.contains("\"requests-address\";q="), "{}: {policy}", operation.id);
        assert!(left.contains("\"requests-address\";r="), "{}: {left}", operation.id);
    }
    let limited = |answer: &Answer| answer.header("ratelimit-policy").contains("\"orders-address\"");
    assert!(limited(&stranger.post("/api/v1/orders", json!({})).await));
    println!("{} operations tell their limits", all.len());
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_too_fast_is_told_when_to_try_again() {
    let service = Service::start_with(None, |settings| settings.limits.requests_per_minute = 1).await;
    let client = service.stranger();
    assert_eq!(client.get("/api/v1/service").await.status, 200);
    let refused = client.get("/api/v1/service").await;
    refused.is_problem(429, "too_many_requests");
    let seconds: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=61).contains(&seconds), "{seconds}");
    assert_eq!(refused.header("ratelimit"), format!("\"requests-address\";r=0;t={seconds}"));
    assert_eq!(refused.header("ratelimit-policy"), "\"requests-address\";q=1;w=60");
    let mut program = service.operator();
    assert_eq!(program.get("/api/v1/service").await.status, 200, "a key is counted for itself");
    program.key = None;
    assert_eq!(program.get("/api/v1/service").await.status, 429);
    service.stop().await;
}

/// What the second sending of a request showed.
async fn repeat(fixture: &Fixture, operation: &Operation) -> bool {
    let body = operation.body.as_ref().map(Value::to_string);
    let key = [("idempotency-key", operation.id.as_str())];
    let first = fixture.send(operation, "", body.clone(), &key).await;
    let again = fixture.send(operation, "", body.clone(), &key).await;
    if ENDS_ITS_SESSION.contains(&operation.id.as_str()) && first.status == 204 {
        again.is_problem(401, "not_signed_in");
        return false;
    }
    if again.header("idempotency-replayed") != "true" {
        let kept = first.status < 300 || matches!(first.status, 409 | 422) && first.json()["code"] != "invalid_field";
        assert!(!kept, "{} is not answered the same: {} {}", operation.id, first.status, again.text);
        return false;
    }
    assert_eq!((first.status, &first.text), (again.status, &again.text), "{}", operation.id);
    for header in ["location", "content-type", "set-cookie"] {
        assert_eq!(first.header(header), again.header(header), "{}", operation.id);
    }
    // The same value in other bytes is another body.
    let other = body.map_or_else(|| "{}".to_owned(), |body| format!("{body} "));
    fixture.send(operation, "", Some(other), &key).await.is_problem(422, "idempotency_key_reused");
    true
}

async fn every_post_that_is_repeated_is_answered_the_same(service: Service) {
    let fixture = Fixture::new(service).await;
    let (mut posts, mut repeated) = (0, 0);
    for operation in fixture.operations().iter().filter(|operation| operation.method == "POST") {
        if OF_OTHERS.contains(&operation.id.as_str()) {
            continue;
        }
        let refers = |parameter: &Value| parameter["$ref"] == "#/components/parameters/IdempotencyKey";
        let told = operation.told["parameters"].as_array().is_some_and(|all| all.iter().any(refers));
        assert!(told, "{} does not tell of Idempotency-Key", operation.id);
        let body = operation.body.as_ref().map(Value::to_string);
        for bad in ["two words", "", &"x".repeat(256)] {
            let answer = fixture.send(operation, "", body.clone(), &[("idempotency-key", bad)]).await;
            answer.is_problem(400, "invalid_header");
        }
        posts += 1;
        repeated += usize::from(repeat(&fixture, operation).await);
    }
    println!("{posts} operations take an Idempotency-Key, {repeated} were answered the same");
    assert!(posts >= 13 && repeated >= 10, "{posts}, {repeated}");
    fixture.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_post_that_is_repeated_is_answered_the_same_on_both_databases() {
    on_both(every_post_that_is_repeated_is_answered_the_same).await;
}
