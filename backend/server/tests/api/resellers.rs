//! Vouchers with limits, pre-configured links, webhooks.

use std::time::Duration;

use mailferry_lab::{Page, WebServer};
use mailferry_server::jobs;
use mailferry_shared::key::Scope;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    harness::{Client, Service, new_account, new_order, on_both, on_each},
    principals::tenant,
};

const VOUCHERS: &str = "/api/v1/vouchers";

async fn created(client: &Client, path: &str, body: Value) -> Value {
    let answer = client.post(path, body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn vouchers_are_listed_with_their_orders_exported_and_revoked_but_never_their_codes() {
    on_both(async |service| {
        let operator = service.operator();
        let batch = created(&operator, VOUCHERS, json!({"pairs": 2, "count": 3, "free_test": true})).await;
        let code = batch["items"][0]["code"].as_str().expect("a code");
        let (order, _, client) = service.order_with_pair().await;
        let redeemed = client.post(&format!("/api/v1/orders/{order}/voucher"), json!({"code": code})).await;
        assert_eq!(redeemed.status, 200, "{}", redeemed.text);
        let list = operator.get(&format!("{VOUCHERS}?order_id={order}")).await;
        let item = &list.json()["items"][0];
        assert_eq!((item["hint"].as_str(), item["state"].as_str()), (Some(&code[..8]), Some("issued")));
        assert_eq!((&item["pairs_used"], &item["uses"][0]["order_id"]), (&json!(1), &json!(order)));
        assert_eq!(item["limits"]["free_test"], true);
        assert!(!list.text.contains(code));
        let second = batch["items"][1]["id"].as_str().expect("an id");
        let revoked = operator.post(&format!("{VOUCHERS}/{second}/revoke"), json!({})).await;
        assert_eq!(revoked.json()["state"], "revoked", "{}", revoked.text);
        let (late, _, owner) = service.order_with_pair().await;
        let body = json!({"code": batch["items"][1]["code"]});
        owner.post(&format!("/api/v1/orders/{late}/voucher"), body).await.is_problem(422, "voucher_invalid");
        let states = operator.get(&format!("{VOUCHERS}?state=revoked")).await.json();
        assert_eq!(states["items"].as_array().map(Vec::len), Some(1));
        let batch_id = batch["batch_id"].as_str().expect("an id");
        let page = operator.get(&format!("{VOUCHERS}?batch_id={batch_id}&limit=2")).await.json();
        let cursor = page["next_cursor"].as_str().expect("there is more");
        let rest = operator.get(&format!("{VOUCHERS}?batch_id={batch_id}&limit=2&cursor={cursor}")).await.json();
        assert_eq!((rest["items"].as_array().map(Vec::len), rest.get("next_cursor")), (Some(1), None));
        let file = operator.get("/api/v1/vouchers.csv").await;
        assert_eq!((file.header("content-type").split(';').next(), file.text.lines().count()), (Some("text/csv"), 4));
        assert!(file.text.contains(&order) && !file.text.contains(code), "{}", file.text);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voucher_is_good_within_its_limits_only() {
    on_both(async |service| {
        let operator = service.operator();
        for (limits, code) in [
            (json!({"max_mailbox_bytes": 1000}), "voucher_unfit"),
            (json!({"providers": ["gmail"]}), "voucher_unfit"),
            (json!({"valid_from": "2999-01-01T00:00:00Z"}), "voucher_unfit"),
        ] {
            let mut body = limits.clone();
            body["pairs"] = json!(1);
            let batch = created(&operator, VOUCHERS, body).await;
            let (order, _, client) = service.order_with_pair().await;
            let body = json!({"code": batch["items"][0]["code"]});
            client.post(&format!("/api/v1/orders/{order}/voucher"), body).await.is_problem(409, code);
        }
        let batch = created(&operator, VOUCHERS, json!({"pairs": 1, "providers": ["gmx"]})).await;
        let (order, pair, client) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}");
        let code = json!({"code": batch["items"][0]["code"]});
        assert_eq!(client.post(&format!("{path}/voucher"), code).await.status, 200, "the old provider is GMX");
        // Another server for the account: the voucher does not pay for that.
        let side = json!({"user": "anna@old.example", "password": "x",
                          "endpoint": {"host": "imap.gmail.com", "port": 993}});
        assert_eq!(client.patch(&format!("{path}/accounts/{pair}"), json!({"source": side})).await.status, 200);
        client.post(&format!("{path}/start"), json!({})).await.is_problem(409, "voucher_unfit");
        operator.post(VOUCHERS, json!({"pairs": 1, "providers": ["nobody"]})).await.is_problem(422, "invalid_field");
        let backwards =
            json!({"pairs": 1, "valid_from": "2998-01-01T00:00:00Z", "valid_until": "2997-01-01T00:00:00Z"});
        operator.post(VOUCHERS, backwards).await.is_problem(422, "invalid_field");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voucher_for_trials_pays_for_no_full_migration() {
    on_both(async |service| {
        let batch = created(&service.operator(), VOUCHERS, json!({"pairs": 1, "trial_only": true})).await;
        let code = json!({"code": batch["items"][0]["code"]});
        let link = json!({"name": "x", "voucher_id": batch["items"][0]["id"]});
        let refused = service.operator().post("/api/v1/links", link).await.is_problem(422, "invalid_field");
        assert_eq!(refused["errors"][0]["pointer"], "/voucher_id", "nor does a link with it: {refused}");
        let (order, _, client) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}");
        let redeemed = client.post(&format!("{path}/voucher"), code.clone()).await;
        assert_eq!((redeemed.status, &redeemed.json()["payment"]["pairs_covered"]), (200, &json!(0)));
        let started = client.post(&format!("{path}/start"), json!({})).await;
        assert_eq!(started.json()["state"], "awaiting_payment", "{}", started.text);
        // It comes back when the order is cancelled before its start.
        assert_eq!(client.post(&format!("{path}/cancel"), json!({})).await.status, 200);
        let (other, _, owner) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{other}");
        assert_eq!(owner.post(&format!("{path}/voucher"), code).await.status, 200);
        let trial = owner.post(&format!("{path}/start"), json!({"kind": "trial"})).await;
        assert_eq!(trial.json()["state"], "scheduled", "{}", trial.text);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_fixes_the_new_provider_bears_the_brand_and_pays() {
    on_both(async |service| {
        let (alpha, _) = tenant(&service, "alpha").await;
        let key = service.with_key(alpha, Scope::ALL).await;
        let destination = json!({"endpoint": {"host": "imap.new.example", "port": 993}});
        let brand = json!({"name": "Alpha Hosting", "colour": "#0B5FA5", "support_address": "help@alpha.example"});
        let body = json!({"name": "welcome", "destination": destination, "brand": brand, "prepaid_pairs": 1, "language": "it"});
        let link = created(&key, "/api/v1/links", body).await;
        let token = link["token"].clone();
        assert!(
            link["url"].as_str().is_some_and(|url| url.ends_with(&format!("#link={}", token.as_str().expect("one"))))
        );
        let offer = service.stranger().post("/api/v1/offers", json!({"token": token})).await.json();
        assert_eq!((&offer["brand"]["colour"], &offer["prepaid_pairs"]), (&json!("#0b5fa5"), &json!(1)));

        let mut client = service.stranger();
        let mut order = new_order();
        order["link"] = token.clone();
        order["destination"] = json!({"endpoint": {"host": "imap.other.example", "port": 993}});
        client.post("/api/v1/orders", order.clone()).await.is_problem(422, "invalid_field");
        order.as_object_mut().expect("an object").remove("destination");
        let made = client.post("/api/v1/orders", order.clone()).await;
        client.cookie = made.cookie();
        let path = format!("/api/v1/orders/{}", made.json()["id"].as_str().expect("an id"));
        assert_eq!(made.json()["destination"]["endpoint"]["host"], "imap.new.example", "{}", made.text);
        assert_eq!(made.json()["link"]["prepaid_pairs"], 1);
        assert_eq!(made.json()["language"], "it", "the link's, unless another is asked for");
        client
            .patch(&path, json!({"destination": {"endpoint": {"host": "x.example", "port": 993}}}))
            .await
            .is_problem(422, "invalid_field");
        for name in ["a", "b"] {
            assert_eq!(client.post(&format!("{path}/accounts"), new_account(name)).await.status, 201);
        }
        let elsewhere = json!({"host": "imap.other.example", "port": 993});
        let mut away = new_account("c");
        away["destination"]["endpoint"] = elsewhere.clone();
        let refused = client.post(&format!("{path}/accounts"), away).await.is_problem(422, "invalid_field");
        assert_eq!(refused["errors"][0]["pointer"], "/destination/endpoint", "the hoster pays for its own alone");
        let file = "imap.old.example;c@old.example;x;imap.other.example;c@new.example;y;;\n";
        let file = json!({"content": file, "layout": "full"});
        let imported = client.post(&format!("{path}/imports"), file).await.json();
        assert_eq!((&imported["rows"], &imported["errors"][0]["code"]), (&json!([]), &json!("bad_host")), "{imported}");
        let started = client.post(&format!("{path}/start"), json!({})).await.json();
        assert_eq!((&started["state"], &started["payment"]["pairs_covered"]), (&json!("awaiting_payment"), &json!(1)));
        assert_eq!(client.post(&format!("{path}/cancel"), json!({})).await.status, 200);
        let listed = key.get("/api/v1/orders").await.json();
        assert_eq!(listed["items"][0]["origin"]["link_name"], "welcome", "the hoster sees it");
        let links = key.get("/api/v1/links").await.json();
        assert_eq!((&links["items"][0]["uses"], &links["items"][0]["voucher"]["pairs_used"]), (&json!(1), &json!(0)));

        let link_path = format!("/api/v1/links/{}", link["id"].as_str().expect("an id"));
        assert_eq!(key.patch(&link_path, json!({"name": "spring"})).await.json()["name"], "spring");
        let more = key.patch(&link_path, json!({"prepaid_pairs": 3})).await.json();
        assert_eq!((&more["voucher"]["pairs"], &more["name"]), (&json!(3), &json!("spring")), "a voucher of its own");
        assert_ne!(more["voucher"]["id"], link["voucher"]["id"]);
        let back = key.patch(&link_path, json!({"voucher_id": link["voucher"]["id"]})).await.json();
        assert_eq!(back["voucher"]["id"], link["voucher"]["id"]);
        let foreign = service.operator().post("/api/v1/vouchers", json!({"pairs": 1})).await.json();
        for wrong in [
            json!({"voucher_id": foreign["items"][0]["id"]}),
            json!({"prepaid_pairs": 0}),
            json!({"prepaid_pairs": 1, "voucher_id": link["voucher"]["id"]}),
        ] {
            key.patch(&link_path, wrong).await.is_problem(422, "invalid_field");
        }
        let free = json!({"release": ["destination", "voucher"], "source": destination});
        let free = key.patch(&link_path, free).await.json();
        assert_eq!((free.get("destination"), free.get("voucher")), (None, None), "{free}");
        assert_eq!(
            (&free["source"], &free["name"]),
            (&json!({"endpoint": {"host": "imap.new.example", "port": 993, "tls": "implicit"}}), &json!("spring"))
        );
        let offer = service.stranger().post("/api/v1/offers", json!({"token": token})).await.json();
        assert_eq!((offer.get("destination"), offer.get("prepaid_pairs")), (None, None), "{offer}");
        let both = json!({"release": ["source"], "source": destination});
        let both = key.patch(&link_path, both).await.is_problem(422, "invalid_field");
        assert_eq!(both["errors"][0]["pointer"], "/release", "{both}");
        assert_eq!(key.delete(&link_path).await.status, 204);
        let wrong = service.stranger().post("/api/v1/offers", json!({"token": "nonsense"})).await;
        wrong.is_problem(401, "link_invalid");
        assert_eq!(service.stranger().post("/api/v1/offers", json!({"token": token})).await.text, wrong.text);
        service.stranger().post("/api/v1/orders", order).await.is_problem(401, "link_invalid");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_for_one_order_makes_one_even_if_twenty_ask_at_once() {
    on_both(async |service| {
        let link = created(&service.operator(), "/api/v1/links", json!({"name": "once", "once": true})).await;
        let mut order = new_order();
        order["link"] = link["token"].clone();
        let stranger = service.stranger();
        let tries = (0..20).map(|_| stranger.post("/api/v1/orders", order.clone()));
        let answers = futures::future::join_all(tries).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            answer.is_problem(401, "link_invalid");
        }
        for body in [
            json!({"name": ""}),
            json!({"name": "x", "brand": {"colour": "red;}"}}),
            json!({"name": "x", "brand": {"logo": "https://evil.example/pixel.png"}}),
            json!({"name": "x", "prepaid_pairs": 0}),
            json!({"name": "x", "voucher_id": "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0009"}),
        ] {
            service.operator().post("/api/v1/links", body).await.is_problem(422, "invalid_field");
        }
        service.stop().await;
    })
    .await;
}

const HOOKS: &str = "/api/v1/webhooks";

/// Whether a request's signature is right, reckoned as the specification says and by nothing of the product.
pub(crate) fn is_signed(request: &mailferry_lab::web::Request, secret: &str) -> bool {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").expect("the prefix")).expect("Base64");
    let body = String::from_utf8(request.body.clone()).expect("text");
    let head = |name: &str| request.headers.get(name).expect(name).clone();
    let signed = format!("{}.{}.{body}", head("webhook-id"), head("webhook-timestamp"));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key);
    head("webhook-signature").split(' ').any(|one| {
        let tag = BASE64_STANDARD.decode(one.strip_prefix("v1,").expect("version 1")).expect("Base64");
        aws_lc_rs::hmac::verify(&key, signed.as_bytes(), &tag).is_ok()
    })
}

pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} never came");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_posted_signed_tried_again_logged_and_replayed() {
    on_each(deliver).await;
}

async fn deliver(database: Option<String>) {
    let web = WebServer::start(&["localhost"]).expect("a web server");
    let (port, ca) = (web.port(), web.ca_file());
    let service = Service::start_with(database, |settings| {
        settings.outgoing.networks = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a network")).to_vec();
        settings.outgoing.ports = vec![port];
        settings.outgoing.ca_file = Some(ca);
    })
    .await;
    let shutdown = CancellationToken::new();
    let working = tokio::spawn(jobs::work(service.app.job_context().expect("a context"), shutdown.clone()));
    let operator = service.operator();
    web.set("localhost", "/hook", Page { status: 204, ..Page::ok("") });
    web.set_once("localhost", "/hook", Page { status: 500, ..Page::ok("") });
    let body = json!({"url": format!("https://localhost:{port}/hook"), "events": ["order.created", "order.cancelled"]});
    let made = created(&operator, HOOKS, body).await;
    let hook = format!("{HOOKS}/{}", made["webhook"]["id"].as_str().expect("an id"));
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    let (order, client) = service.order().await;

    // It is not taken, and tried again: by now, if this machine is slow.
    let failed = until("the first try", async || {
        let log = operator.get(&format!("{hook}/deliveries")).await.json();
        log["items"][0]["attempts"][0]["status"].is_u64().then_some(log)
    })
    .await;
    let item = &failed["items"][0];
    assert_eq!(item["attempts"][0]["status"], 500, "{item}");
    if item["attempts"].as_array().map(Vec::len) == Some(1) {
        assert!(item["state"] == "pending" && item["next_attempt_at"].is_string(), "{item}");
    }
    until("the second try", async || {
        let log = operator.get(&format!("{hook}/deliveries")).await.json();
        (log["items"][0]["state"] == "delivered").then_some(())
    })
    .await;
    let requests = web.requests();
    let [first, .., last] = requests.as_slice() else { panic!("{} tries", requests.len()) };
    assert!(requests.iter().all(|request| is_signed(request, &secret)));
    assert_eq!(first.headers["webhook-id"], last.headers["webhook-id"]);
    let event: Value = serde_json::from_slice(&last.body).expect("JSON");
    assert_eq!((&event["type"], &event["data"]["order_id"]), (&json!("order.created"), &json!(order)));

    // After a rotation both secrets sign; a replay is the same message once more.
    let rotated = created(&operator, &format!("{hook}/secret"), json!({})).await["secret"].clone();
    let delivery = failed["items"][0]["id"].as_str().expect("an id");
    let replayed = operator.post(&format!("{hook}/deliveries/{delivery}/replay"), json!({})).await;
    assert_eq!(replayed.json()["state"], "pending", "{}", replayed.text);
    let again = until("the replay", async || web.requests().get(requests.len()).cloned()).await;
    assert_eq!(again.headers["webhook-id"], first.headers["webhook-id"]);
    assert!(is_signed(&again, &secret) && is_signed(&again, rotated.as_str().expect("a secret")));

    // Events that were not asked for are not told; a redirect is not followed; who is gone is not asked again.
    web.set("localhost", "/hook", Page { status: 410, ..Page::redirect("https://localhost/elsewhere") });
    assert_eq!(client.post(&format!("/api/v1/orders/{order}/cancel"), json!({})).await.status, 200);
    until("the last call", async || {
        let hooks = operator.get(HOOKS).await.json();
        (hooks["items"][0]["enabled"] == false).then_some(())
    })
    .await;
    assert_eq!(web.requests().len(), requests.len() + 2);
    assert!(!service.answered.lock().expect("no panic").contains("canary"));
    shutdown.cancel();
    working.await.expect("ends");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_never_gets_inside() {
    on_both(async |service| {
        let operator = service.operator();
        for url in ["http://panel.example/", "https://user:x@panel.example/", "ftp://panel.example", "panel", ""] {
            operator.post(HOOKS, json!({"url": url})).await.is_problem(422, "invalid_field");
        }
        let shutdown = CancellationToken::new();
        let working = tokio::spawn(jobs::work(service.app.job_context().expect("a context"), shutdown.clone()));
        let urls = ["https://127.0.0.1/", "https://169.254.169.254/", "https://localhost/", "https://127.0.0.1:22/"];
        let mut hooks = Vec::new();
        for url in urls {
            let made = created(&operator, HOOKS, json!({"url": url})).await;
            hooks.push(format!("{HOOKS}/{}/deliveries", made["webhook"]["id"].as_str().expect("an id")));
        }
        service.order().await;
        for (hook, code) in hooks.iter().zip(["address_refused", "address_refused", "address_refused", "port_refused"])
        {
            let error = until("a refusal", async || {
                let log = operator.get(hook).await.json();
                log["items"][0]["attempts"][0]["error"].as_str().map(ToOwned::to_owned)
            })
            .await;
            assert_eq!(error, code, "{hook}");
        }
        shutdown.cancel();
        working.await.expect("ends");
        service.stop().await;
    })
    .await;
}
