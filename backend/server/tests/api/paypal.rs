//! A stand-in for PayPal's documented REST API, over real HTTP: OAuth tokens, Orders v2, refunds, verification of
//! notifications. It keeps its own books, honours PayPal-Request-Id, and can be told to misbehave as PayPal may.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_STANDARD};
use mailferry_server::settings::{Settings, paypal::PayPalSettings};
use mailferry_shared::secret::Secret;
use serde_json::{Value, json};

use crate::plain_http::{self, Request, Told};

pub(crate) const CLIENT: &str = "client-of-the-tests";
pub(crate) const SECRET: &str = "canary-paypal-secret";
const WEBHOOK: &str = "WH-OF-THE-TESTS";

/// What the next capture does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mood {
    /// Takes the money.
    Completes,
    /// Takes it, but holds it back.
    HoldsBack,
    /// Declines the means of payment.
    Declines,
    /// Takes a cent less than was asked for.
    TakesLess,
    /// Takes the money, and the answer is lost.
    IsLost,
    /// Takes the money, and answers that it is not available.
    FailsAfter,
    /// Takes the money; the answer is lost, and whoever asks again meanwhile hears that it is still at it.
    IsBusy,
    /// The same, the second time.
    IsStillBusy,
}

#[derive(Default)]
struct Books {
    tokens: Vec<String>,
    issued: usize,
    orders: BTreeMap<String, Value>,
    /// What was answered to a path and request id.
    answered: BTreeMap<(String, String), (u16, Value)>,
    mood: Option<Mood>,
    requests: Vec<(String, Value)>,
    captures: usize,
    refunds: usize,
}

/// The running stand-in.
#[derive(Clone)]
pub(crate) struct StandIn {
    books: Arc<Mutex<Books>>,
    port: u16,
}

impl StandIn {
    pub(crate) fn start() -> Self {
        let books = Arc::<Mutex<Books>>::default();
        let serving = Self { books: Arc::clone(&books), port: 0 };
        Self { books, port: plain_http::serve(move |request| serving.answer(request).map(Told::from)) }
    }

    /// Makes a service use it, through the address guard.
    pub(crate) fn set_up(&self, settings: &mut Settings) {
        settings.outgoing.networks = vec!["127.0.0.0/8".parse().expect("a network")];
        settings.outgoing.ports = vec![self.port];
        settings.paypal = Some(PayPalSettings {
            url: format!("http://127.0.0.1:{}", self.port).parse().expect("an address"),
            client_id: CLIENT.to_owned(),
            secret: Secret::new(SECRET),
            webhook_id: Some(WEBHOOK.to_owned()),
        });
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("no panic")
    }

    /// What the next captures do.
    pub(crate) fn mood(&self, mood: Mood) {
        self.books().mood = Some(mood);
    }

    /// Every token is void from now on.
    pub(crate) fn withdraw_tokens(&self) {
        self.books().tokens.clear();
    }

    /// The payer agrees at the address that was given.
    pub(crate) fn approve(&self, approve_url: &str) -> String {
        let id = approve_url.split("token=").nth(1).expect("an order").to_owned();
        self.books().orders.get_mut(&id).expect("an order")["status"] = json!("APPROVED");
        id
    }

    /// Something happens to an order's capture.
    pub(crate) fn set_capture(&self, order: &str, status: &str) {
        self.books().orders.get_mut(order).expect("an order")["purchase_units"][0]["payments"]["captures"][0]["status"] =
            json!(status);
    }

    /// What PayPal was told of the order.
    pub(crate) fn unit(&self, order: &str) -> Value {
        self.books().orders[order]["purchase_units"][0].clone()
    }

    /// What was paid back of an order's capture, in cents.
    pub(crate) fn refunded(&self, order: &str) -> u64 {
        self.unit(order)["payments"]["captures"][0]["refunded"].as_u64().unwrap_or(0)
    }

    /// The seller pays back a part (or `None`: all that is left) at PayPal itself; the refund as its notification tells it.
    pub(crate) fn pay_back(&self, order: &str, value: Option<&str>) -> Value {
        let mut books = self.books();
        let capture = books.orders[order]["purchase_units"][0]["payments"]["captures"][0].clone();
        let id = capture["id"].as_str().expect("captured").to_owned();
        let currency = &capture["amount"]["currency_code"];
        let body =
            value.map_or_else(|| json!({}), |value| json!({"amount": {"currency_code": currency, "value": value}}));
        let (status, refund) = refund(&mut books, &id, &body);
        assert_eq!(status, 201, "{refund}");
        json!({"id": refund["id"], "invoice_id": capture["custom_id"], "amount": refund["amount"], "status": "COMPLETED"})
    }

    /// Captures and refunds that were really made.
    pub(crate) fn moved(&self) -> (usize, usize) {
        let books = self.books();
        (books.captures, books.refunds)
    }

    pub(crate) fn tokens_issued(&self) -> usize {
        self.books().issued
    }

    /// A notification as PayPal signs it: body and header fields.
    pub(crate) fn event(id: &str, kind: &str, resource: &Value) -> (String, Vec<(&'static str, String)>) {
        // Spaces and order of fields as they come: what is signed is the text.
        let body = format!("{{ \"id\": \"{id}\",\"event_type\":\"{kind}\",  \"resource\": {resource} }}");
        let headers = vec![
            ("paypal-auth-algo", "SHA256withRSA".to_owned()),
            ("paypal-cert-url", "https://api.paypal.com/v1/notifications/certs/CERT-1".to_owned()),
            ("paypal-transmission-id", "tid-1".to_owned()),
            ("paypal-transmission-time", "2026-11-25T10:00:00Z".to_owned()),
            ("paypal-transmission-sig", signature("tid-1", "2026-11-25T10:00:00Z", &body)),
        ];
        (body, headers)
    }

    /// A lost answer is none.
    fn answer(&self, request: &Request) -> Option<(u16, Value)> {
        if request.path == "/v1/oauth2/token" {
            return Some(self.token(request));
        }
        let bearer = request.headers.get("authorization").and_then(|value| value.strip_prefix("Bearer "));
        if !bearer.is_some_and(|token| self.books().tokens.iter().any(|known| known == token)) {
            return Some((
                401,
                json!({"error": "invalid_token", "error_description": "Token signature verification failed"}),
            ));
        }
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        self.books().requests.push((format!("{} {}", request.method, request.path), body.clone()));
        let parts: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("POST", ["v1", "notifications", "verify-webhook-signature"]) => Some(verify(&body, &request.body)),
            ("POST", ["v2", "checkout", "orders"]) => Some(self.once(request, |books| create(books, &body))),
            ("GET", ["v2", "checkout", "orders", id]) => Some(match self.books().orders.get(*id) {
                Some(order) => (200, order.clone()),
                None => refusal(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID"),
            }),
            ("POST", ["v2", "checkout", "orders", id, "capture"]) => {
                let mood = self.books().mood;
                let answer = self.once(request, |books| capture(books, id));
                match mood {
                    Some(Mood::IsLost) => {
                        self.books().mood = None;
                        None
                    }
                    Some(Mood::IsBusy) => {
                        self.books().mood = Some(Mood::IsStillBusy);
                        None
                    }
                    Some(Mood::IsStillBusy) => {
                        self.books().mood = None;
                        Some(refusal(409, "RESOURCE_CONFLICT", "PREVIOUS_REQUEST_IN_PROGRESS"))
                    }
                    Some(Mood::FailsAfter) => {
                        self.books().mood = None;
                        Some((503, json!({"name": "SERVICE_UNAVAILABLE"})))
                    }
                    _ => Some(answer),
                }
            }
            ("POST", ["v2", "payments", "captures", id, "refund"]) => {
                Some(self.once(request, |books| refund(books, id, &body)))
            }
            _ => Some(refusal(404, "RESOURCE_NOT_FOUND", "")),
        }
    }

    fn token(&self, request: &Request) -> (u16, Value) {
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT}:{SECRET}")));
        if request.headers.get("authorization") != Some(&basic) || request.body != "grant_type=client_credentials" {
            return (401, json!({"error": "invalid_client"}));
        }
        let mut books = self.books();
        books.issued += 1;
        let token = format!("A21-{}", books.issued);
        books.tokens.push(token.clone());
        (200, json!({"access_token": token, "token_type": "Bearer", "expires_in": 32400}))
    }

    /// The same request id is answered as it was before, and nothing is done again.
    fn once(&self, request: &Request, act: impl FnOnce(&mut Books) -> (u16, Value)) -> (u16, Value) {
        let id = request.headers.get("paypal-request-id").expect("a request id").clone();
        let key = (request.path.clone(), id);
        let mut books = self.books();
        if let Some(known) = books.answered.get(&key) {
            return known.clone();
        }
        let answer = act(&mut books);
        if answer.0 < 300 {
            books.answered.insert(key, answer.clone());
        }
        answer
    }
}

fn refusal(status: u16, name: &str, issue: &str) -> (u16, Value) {
    (status, json!({"name": name, "details": [{"issue": issue, "description": "…"}], "debug_id": "1"}))
}

fn create(books: &mut Books, body: &Value) -> (u16, Value) {
    let id = format!("5O19{:04}", books.orders.len());
    let amount = &body["purchase_units"][0]["amount"];
    let cents = |value: &Value| value["value"].as_str().and_then(|text| text.replace('.', "").parse::<u64>().ok());
    let sum = cents(&amount["breakdown"]["item_total"]).zip(cents(&amount["breakdown"]["tax_total"]));
    if body["intent"] != "CAPTURE" || sum.map(|(net, tax)| net + tax) != cents(amount) {
        return refusal(422, "UNPROCESSABLE_ENTITY", "AMOUNT_MISMATCH");
    }
    let order = json!({
        "id": id, "intent": "CAPTURE", "status": "PAYER_ACTION_REQUIRED", "purchase_units": body["purchase_units"],
        "experience": body["payment_source"]["paypal"]["experience_context"],
        "links": [
            {"href": format!("https://api-m.paypal.com/v2/checkout/orders/{id}"), "rel": "self", "method": "GET"},
            {"href": format!("https://www.paypal.com/checkoutnow?token={id}"), "rel": "payer-action", "method": "GET"},
        ],
    });
    books.orders.insert(id, order.clone());
    (200, order)
}

fn capture(books: &mut Books, id: &str) -> (u16, Value) {
    let (mood, number) = (books.mood.unwrap_or(Mood::Completes), books.captures + 1);
    let Some(order) = books.orders.get_mut(id) else {
        return refusal(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID");
    };
    match order["status"].as_str() {
        Some("COMPLETED") => return refusal(422, "UNPROCESSABLE_ENTITY", "ORDER_ALREADY_CAPTURED"),
        Some("APPROVED") => {}
        _ => return refusal(422, "UNPROCESSABLE_ENTITY", "ORDER_NOT_APPROVED"),
    }
    if mood == Mood::Declines {
        order["status"] = json!("PAYER_ACTION_REQUIRED");
        return refusal(422, "UNPROCESSABLE_ENTITY", "INSTRUMENT_DECLINED");
    }
    let status = if mood == Mood::HoldsBack { "PENDING" } else { "COMPLETED" };
    let unit = &order["purchase_units"][0];
    let mut value = unit["amount"]["value"].clone();
    if mood == Mood::TakesLess {
        value = json!(format!("{:.2}", value.as_str().and_then(|text| text.parse().ok()).unwrap_or(0.0) - 0.01));
    }
    let capture = json!({
        "id": format!("3C67{number:04}"), "status": status, "custom_id": unit["custom_id"],
        "amount": {"currency_code": unit["amount"]["currency_code"], "value": value},
    });
    order["status"] = json!("COMPLETED");
    order["purchase_units"][0]["payments"] = json!({"captures": [capture]});
    let order = order.clone();
    books.captures = number;
    (201, order)
}

/// Without an amount all that is left is paid back.
fn refund(books: &mut Books, id: &str, body: &Value) -> (u16, Value) {
    let mut all = books.orders.values_mut().map(|order| &mut order["purchase_units"][0]["payments"]);
    let Some(payments) = all.find(|payments| payments["captures"][0]["id"] == id) else {
        return refusal(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID");
    };
    let capture = &mut payments["captures"][0];
    if capture["status"] == "REFUNDED" {
        return refusal(422, "UNPROCESSABLE_ENTITY", "CAPTURE_FULLY_REFUNDED");
    }
    let cents = |value: &Value| value["value"].as_str().and_then(|text| text.replace('.', "").parse::<u64>().ok());
    let left = cents(&capture["amount"]).unwrap_or(0) - capture["refunded"].as_u64().unwrap_or(0);
    let part = if body["amount"].is_null() { left } else { cents(&body["amount"]).unwrap_or(0) };
    if part > left || (part < left && body["amount"]["currency_code"] != capture["amount"]["currency_code"]) {
        return refusal(422, "UNPROCESSABLE_ENTITY", "REFUND_AMOUNT_EXCEEDED");
    }
    capture["refunded"] = json!(capture["refunded"].as_u64().unwrap_or(0) + part);
    capture["status"] = json!(if part == left { "REFUNDED" } else { "PARTIALLY_REFUNDED" });
    let amount = json!({"currency_code": capture["amount"]["currency_code"], "value": format!("{}.{:02}", part / 100, part % 100)});
    let refund = json!({"id": format!("1JU{:04}", books.refunds), "status": "COMPLETED", "amount": amount});
    match payments["refunds"].as_array_mut() {
        Some(refunds) => refunds.push(refund.clone()),
        None => payments["refunds"] = json!([refund]),
    }
    books.refunds += 1;
    (201, refund)
}

fn signature(id: &str, time: &str, body: &str) -> String {
    let text = format!("{id}|{time}|{WEBHOOK}|{body}|{SECRET}");
    BASE64_STANDARD.encode(digest(&SHA256, text.as_bytes()))
}

/// The event is judged by its text, as PayPal does by its checksum.
fn verify(body: &Value, text: &str) -> (u16, Value) {
    let event = text.split_once("\"webhook_event\":").map_or("", |(_, event)| event);
    let event = event.strip_suffix('}').unwrap_or(event);
    let field = |name: &str| body[name].as_str().unwrap_or_default();
    let expected = signature(field("transmission_id"), field("transmission_time"), event);
    let genuine = field("webhook_id") == WEBHOOK
        && field("auth_algo") == "SHA256withRSA"
        && field("cert_url").starts_with("https://api.paypal.com/")
        && field("transmission_sig") == expected;
    (200, json!({"verification_status": if genuine { "SUCCESS" } else { "FAILURE" }}))
}
