//! Bad input: each kind has a stable code, names the field, and changes nothing.

use mailferry_server::settings::Settings;
use serde_json::json;

use crate::harness::{Service, new_account, new_order, on_both, on_both_with};

#[tokio::test(flavor = "multi_thread")]
async fn unknown_missing_and_wrong_fields_are_pointed_at() {
    on_both(async |service: Service| {
        let client = service.stranger();
        let mut order = new_order();
        order["colour"] = json!("red");
        let problem = client.post("/api/v1/orders", order).await.is_problem(422, "invalid_field");
        assert_eq!(problem["errors"][0]["pointer"], "/colour");
        for (pointer, value) in [
            ("/notify_address", json!("nobody")),
            ("/source/endpoint/host", json!("imap gmx")),
            ("/source/endpoint/port", json!(0)),
            ("/source/provider", json!("no such provider")),
        ] {
            let mut order = new_order();
            *order.pointer_mut(pointer).expect("there") = value;
            let problem = client.post("/api/v1/orders", order).await.is_problem(422, "invalid_field");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        }
        client.post("/api/v1/orders", json!({})).await.is_problem(422, "invalid_field");
        client.post("/api/v1/orders", json!({"accepted_terms": "1999"})).await.is_problem(422, "terms_not_accepted");
        let problem = client.get("/api/v1/providers?colour=red").await.is_problem(422, "invalid_field");
        assert_eq!(problem["type"], "/problems/invalid_field");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_or_too_large_is_refused() {
    on_both(async |service: Service| {
        let client = service.stranger();
        let send = async |body: &str| client.send("POST", "/api/v1/orders", Some(body.to_owned()), &[]).await;
        send("{").await.is_problem(400, "malformed_request");
        send("[]").await.is_problem(422, "invalid_field");
        send(&format!("\"{}\"", "x".repeat(1_100_000))).await.is_problem(413, "too_large");
        let form = client.http.post(format!("{}/api/v1/orders", service.base)).form_body("accepted_terms=1").await;
        assert_eq!(form, 400, "a form of another site");
        service.stop().await;
    })
    .await;
}

trait FormBody {
    async fn form_body(self, body: &'static str) -> u16;
}

impl FormBody for reqwest::RequestBuilder {
    async fn form_body(self, body: &'static str) -> u16 {
        let request = self.header("content-type", "application/x-www-form-urlencoded").body(body);
        request.send().await.expect("an answer").status().as_u16()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_addresses_and_methods_are_told_apart() {
    on_both(async |service: Service| {
        let (order, client) = service.order().await;
        client.get("/api/v1/nothing").await.is_problem(404, "not_found");
        client.get("/api/").await.is_problem(404, "not_found");
        client.get("/api/v1/orders/not-a-number").await.is_problem(404, "not_found");
        let answer = client.send("PUT", &format!("/api/v1/orders/{order}"), None, &[]).await;
        answer.is_problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), "DELETE, GET, PATCH");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_read_say_why() {
    on_both(async |service: Service| {
        let (order, client) = service.order().await;
        let path = format!("/api/v1/orders/{order}/imports");
        let import = async |content: &str| client.post(&path, json!({"content": content})).await;
        import("").await.is_problem(422, "file_empty");
        import("address;password;host\n").await.is_problem(422, "file_empty");
        import("dear sir or madam").await.is_problem(422, "file_unreadable");
        import("a\u{0}b;c;d").await.is_problem(422, "file_unreadable");
        import(&"a@b.example;x;imap.example\n".repeat(501)).await.is_problem(422, "file_unreadable");
        import(&"x".repeat(10_000_001)).await.is_problem(413, "too_large");
        let all_bad = import(";x;h.example\n").await;
        assert_eq!((all_bad.status, &all_bad.json()["errors"][0]["code"]), (200, &json!("missing")));
        let pairs = client.get(&format!("/api/v1/orders/{order}/accounts")).await.json();
        assert_eq!(pairs["items"], json!([]));
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_takes_as_many_accounts_as_it_may() {
    on_both_with(
        |settings| settings.limits.max_pairs = 2,
        async |service: Service| {
            let (order, client) = service.order().await;
            let path = format!("/api/v1/orders/{order}/accounts");
            assert_eq!(client.post(&path, new_account("a")).await.status, 201);
            let file = json!({"content": "b@x.example;p;h.example\nc@x.example;p;h.example\n"});
            client.post(&format!("/api/v1/orders/{order}/imports"), file).await.is_problem(409, "too_many_accounts");
            assert_eq!(client.post(&path, new_account("b")).await.status, 201);
            client.post(&path, new_account("c")).await.is_problem(409, "too_many_accounts");
            service.stop().await;
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn things_of_another_order_are_not_there() {
    on_both(async |service: Service| {
        let (order, client) = service.order().await;
        let (_, pair, _) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}");
        client.patch(&format!("{path}/accounts/{pair}"), json!({"ticked": false})).await.is_problem(404, "not_found");
        client.delete(&format!("{path}/accounts/{pair}")).await.is_problem(404, "not_found");
        client.post(&format!("{path}/checks"), json!({"pair_ids": [pair]})).await.is_problem(404, "not_found");
        client.get(&format!("{path}/accounts/{pair}/runs")).await.is_problem(404, "not_found");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_slowed_down() {
    let slow = mailferry_server::settings::Pace { burst: 2, every_seconds: 60 };
    on_both_with(
        |settings| {
            (settings.limits.orders, settings.limits.sessions) = (slow, slow);
        },
        async |service: Service| {
            let client = service.stranger();
            for _ in 0..2 {
                assert_eq!(client.post("/api/v1/orders", new_order()).await.status, 201);
            }
            let answer = client.post("/api/v1/orders", new_order()).await;
            answer.is_problem(429, "too_many_requests");
            assert!((1..=61).contains(&answer.header("retry-after").parse::<u64>().expect("seconds")));
            assert_eq!(
                service.operator().post("/api/v1/orders", new_order()).await.status,
                201,
                "a key is not a stranger"
            );
            let guess = json!({"order_id": "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0009", "token": "x"});
            for status in [401, 401, 429] {
                assert_eq!(client.post("/api/v1/sessions", guess.clone()).await.status, status);
            }
            service.stop().await;
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_from_afar_is_refused_unless_a_trusted_proxy_says_https() {
    let trusting = |settings: &mut Settings| settings.trust_proxy = vec!["127.0.0.1/32".parse().expect("a network")];
    on_both_with(trusting, async |service: Service| {
        let client = service.stranger();
        let host = ("host", "move.example.org");
        client.send("GET", "/api/v1/service", None, &[host]).await.is_problem(403, "insecure_connection");
        client.send("GET", "/", None, &[host]).await.is_problem(403, "insecure_connection");
        let through = client.send("GET", "/api/v1/service", None, &[host, ("x-forwarded-proto", "https")]).await;
        assert_eq!((through.status, through.header("strict-transport-security")), (200, "max-age=31536000"));
        assert_eq!(client.send("GET", "/livez", None, &[host]).await.status, 200);
        service.stop().await;
    })
    .await;
    on_both(async |trusting_nobody: Service| {
        let headers = [("host", "move.example.org"), ("x-forwarded-proto", "https")];
        let answer = trusting_nobody.stranger().send("GET", "/api/v1/service", None, &headers).await;
        answer.is_problem(403, "insecure_connection");
        trusting_nobody.stop().await;
    })
    .await;
}
