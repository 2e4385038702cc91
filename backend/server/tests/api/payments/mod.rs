//! Money: amounts are the server's, states are PayPal's, and every step may be repeated.

mod mishaps;
mod refunds;

use mailferry_server::jobs::{JobContext, dispatch, life};
use mailferry_shared::{ids::RunId, payment::PaymentState, run::RunState};
use mailferry_store::jobs::{JobKind, JobQueue, LOCK};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    harness::{Client, Service, new_account, on_both, on_each},
    paypal::{Mood, SECRET, StandIn},
};

/// Does the jobs of a kind that are due, once; how many, and how many failed.
async fn work(context: &JobContext, kind: JobKind) -> (usize, usize) {
    let jobs = context.store.take("payments", kind, 9, LOCK).await.expect("takes");
    let mut failed = 0;
    for job in &jobs {
        match dispatch::perform(context, job, &CancellationToken::new()).await {
            Ok(outcome) => match outcome.again(job) {
                None => context.store.finish(std::slice::from_ref(job)).await.expect("ends"),
                Some((at, failures)) => context.store.put_back_after(job, at, failures).await.expect("put back"),
            },
            Err(_) => {
                failed += 1;
                context.store.put_back(job, context.store.now()).await.expect("put back");
            }
        }
    }
    (jobs.len(), failed)
}

struct Shop {
    service: Service,
    paypal: StandIn,
    context: JobContext,
}

impl Shop {
    async fn of(service: Service, paypal: StandIn) -> Self {
        let price = json!({
            "currency": "EUR", "pair_minor": 1490, "tax_name": "VAT", "tax_basis_points": 1900, "tax_included": true,
        });
        let set = service.operator().send("PUT", "/api/v1/price", Some(price.to_string()), &[]).await;
        assert_eq!((set.status, set.json()), (200, price), "{}", set.text);
        let context = service.app.job_context().expect("a context");
        Self { service, paypal, context }
    }

    /// An order with so many pairs that waits for payment.
    async fn order(&self, pairs: usize) -> (String, Client) {
        let (order, client) = self.service.order().await;
        let path = format!("/api/v1/orders/{order}");
        for n in 0..pairs {
            client.post(&format!("{path}/accounts"), new_account(&format!("anna{n}"))).await;
        }
        let started = client.post(&format!("{path}/start"), json!({})).await.json();
        assert_eq!(started["state"], "awaiting_payment", "{started}");
        (path, client)
    }

    /// A payment that waits for the payer: its path, and PayPal's order.
    async fn begun(&self, path: &str, client: &Client) -> (String, Value) {
        let begun = client.post(&format!("{path}/payments"), json!({})).await;
        assert_eq!((begun.status, &begun.json()["state"]), (202, &json!("creating")), "{}", begun.text);
        let payment = begun.header("location").to_owned();
        assert_eq!(work(&self.context, JobKind::Payment).await, (1, 0));
        let shown = client.get(&payment).await.json();
        assert_eq!(shown["state"], "awaiting_approval", "{shown}");
        (payment, shown)
    }

    /// A payment that the payer has agreed to, and come back from.
    async fn approved(&self, path: &str, client: &Client) -> (String, String) {
        let (payment, shown) = self.begun(path, client).await;
        let remote = self.paypal.approve(shown["approve_url"].as_str().expect("an address"));
        let capture = client.post(&format!("{payment}/capture"), json!({})).await;
        assert_eq!((capture.status, &capture.json()["state"]), (202, &json!("capturing")), "{}", capture.text);
        (payment, remote)
    }
}

impl Shop {
    /// PayPal, or somebody who looks like it, sends a notification.
    async fn notify(&self, body: &str, headers: &[(&str, String)]) {
        let mut all: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.push(("content-type", "application/json"));
        let stranger = self.service.stranger();
        let answer = stranger.send("POST", "/api/v1/payments/paypal/events", Some(body.to_owned()), &all).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
    }

    /// PayPal tells of something.
    async fn tell(&self, event: &str, kind: &str, resource: &Value) {
        let (body, headers) = StandIn::event(event, kind, resource);
        self.notify(&body, &headers).await;
    }
}

/// Does `test` in a shop on SQLite and in one on PostgreSQL, each with a stand-in of its own.
async fn on_both_in_a_shop(test: impl AsyncFn(&Shop)) {
    let both = on_each(async |database| {
        let paypal = StandIn::start();
        let service = Service::start_with(database, |settings| paypal.set_up(settings)).await;
        let shop = Shop::of(service, paypal).await;
        test(&shop).await;
        shop.service.stop().await;
    });
    Box::pin(both).await;
}

async fn state(client: &Client, path: &str) -> String {
    client.get(path).await.json()["state"].as_str().expect("a state").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_paid_for_and_starts_and_nothing_is_taken_twice() {
    on_both_in_a_shop(async |shop| {
        let before = shop.paypal.moved();
        let (path, client) = shop.order(2).await;
        let list = client.get(&format!("{path}/payments")).await.json();
        let due = &list["due"];
        assert_eq!(
            (&due["net_minor"], &due["tax_minor"], &due["total_minor"], &list["methods"]),
            (&json!(2504), &json!(476), &json!(2980), &json!(["paypal"]))
        );
        for body in [json!({"amount": 1}), json!({"state": "paid"}), json!({"method": "cash"})] {
            client.post(&format!("{path}/payments"), body).await.is_problem(422, "invalid_field");
        }
        let (payment, shown) = shop.begun(&path, &client).await;
        let again = client.post(&format!("{path}/payments"), json!({"method": "paypal"})).await;
        assert_eq!(again.header("location"), payment, "the one that waits already");
        let url = shown["approve_url"].as_str().expect("an address");
        let remote = url.split("token=").nth(1).expect("an order").to_owned();
        assert_eq!(shop.paypal.unit(&remote)["amount"]["value"], "29.80");

        // Whoever asks before the payer has agreed gets nowhere, whatever a browser says.
        assert_eq!(client.post(&format!("{payment}/capture"), json!({})).await.status, 202);
        assert_eq!(work(&shop.context, JobKind::Payment).await, (1, 0));
        assert_eq!(state(&client, &payment).await, "awaiting_approval");
        assert_eq!(state(&client, &path).await, "awaiting_payment");

        shop.paypal.approve(url);
        for _ in 0..3 {
            assert_eq!(client.post(&format!("{payment}/capture"), json!({})).await.status, 202);
        }
        assert_eq!(work(&shop.context, JobKind::Payment).await, (1, 0));
        let paid = client.get(&payment).await.json();
        assert_eq!((&paid["state"], paid.get("approve_url")), (&json!("paid"), None), "{paid}");
        let order = client.get(&path).await.json();
        assert_eq!((&order["state"], &order["payment"]["pairs_covered"]), (&json!("scheduled"), &json!(2)), "{order}");
        assert_eq!(client.post(&format!("{payment}/capture"), json!({})).await.json()["state"], "paid");
        client.post(&format!("{path}/payments"), json!({})).await.is_problem(409, "nothing_due");
        assert_eq!(work(&shop.context, JobKind::Payment).await, (0, 0));
        assert_eq!(shop.paypal.moved().0 - before.0, 1);
        let everything = shop.service.answered.lock().expect("no panic").clone();
        assert!(!everything.contains(SECRET), "our secret stays here");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_means_of_payment_can_be_replaced() {
    on_both_in_a_shop(async |shop| {
        let (path, client) = shop.order(1).await;
        shop.paypal.mood(Mood::Declines);
        let (payment, _) = shop.approved(&path, &client).await;
        work(&shop.context, JobKind::Payment).await;
        let declined = client.get(&payment).await.json();
        assert_eq!(declined["state"], "declined", "{declined}");
        shop.paypal.approve(declined["approve_url"].as_str().expect("still open"));
        shop.paypal.mood(Mood::Completes);
        client.post(&format!("{payment}/capture"), json!({})).await;
        work(&shop.context, JobKind::Payment).await;
        assert_eq!((state(&client, &payment).await, shop.paypal.moved().0), ("paid".to_owned(), 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_free_trial_becomes_a_full_migration_in_place_by_payment() {
    on_both_in_a_shop(async |shop| {
        let (order, pair, client) = shop.service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}");
        client.post(&format!("{path}/start"), json!({"kind": "trial"})).await;
        let progress = client.get(&format!("{path}/progress")).await.json();
        let run: RunId = progress["pairs"][0]["run"]["id"].as_str().expect("a run").parse().expect("an id");
        life::run_begins(&shop.context, run).await.expect("begins");
        shop.service.store.change_run(run, RunState::Running, None, None).await.expect("runs");
        shop.service.store.change_run(run, RunState::Succeeded, None, None).await.expect("ends");
        life::run_ended(&shop.context, run).await.expect("ends");
        assert_eq!(client.post(&format!("{path}/start"), json!({})).await.json()["state"], "awaiting_payment");
        let (payment, _) = shop.approved(&path, &client).await;
        work(&shop.context, JobKind::Payment).await;
        assert_eq!((state(&client, &payment).await, state(&client, &path).await), ("paid".into(), "scheduled".into()));
        let runs = client.get(&format!("{path}/accounts/{pair}/runs")).await.json();
        let kinds: Vec<&Value> = (0..2).map(|n| &runs["items"][n]["kind"]).collect();
        assert_eq!(kinds, ["trial", "main"], "the same pair, and so the same ledger");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_has_changed_is_paid_anew_and_a_withdrawn_token_is_renewed() {
    on_both_in_a_shop(async |shop| {
        let (path, client) = shop.order(1).await;
        let (payment, shown) = shop.begun(&path, &client).await;
        shop.paypal.approve(shown["approve_url"].as_str().expect("an address"));
        assert_eq!(client.post(&format!("{path}/accounts"), new_account("bert")).await.status, 201);
        client.post(&format!("{payment}/capture"), json!({})).await.is_problem(409, "payment_changed");
        let tokens = shop.paypal.tokens_issued();
        shop.paypal.withdraw_tokens();
        let (_, shown) = shop.begun(&path, &client).await;
        assert_eq!((&shown["amount"]["total_minor"], shop.paypal.tokens_issued()), (&json!(2980), tokens + 1));
        assert_eq!(shop.paypal.moved().0, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_price_with_tax_is_told_before_anybody_begins() {
    on_both_in_a_shop(async |shop| {
        let info = shop.service.stranger().get("/api/v1/service").await.json();
        assert_eq!((&info["price"]["pairs"], &info["price"]["total_minor"]), (&json!(1), &json!(1490)), "{info}");
        assert_eq!(info["price"]["price"]["currency"], "EUR");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_paypal_or_a_price_vouchers_pay() {
    on_both(async |service: Service| {
        let (order, _, client) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}/payments");
        client.post(&path, json!({})).await.is_problem(409, "payment_not_offered");
        let list = client.get(&path).await.json();
        assert_eq!((list.get("due"), &list["methods"]), (None, &json!([])));
        assert_eq!(service.operator().get("/api/v1/price").await.json(), json!({}));
        let wrong = json!({
            "currency": "EUR", "pair_minor": 0, "tax_name": "", "tax_basis_points": 10_001, "tax_included": true,
        });
        let problem = service.operator().send("PUT", "/api/v1/price", Some(wrong.to_string()), &[]).await;
        assert_eq!(problem.is_problem(422, "invalid_field")["errors"].as_array().expect("errors").len(), 3);
        service.stop().await;
    })
    .await;
}
