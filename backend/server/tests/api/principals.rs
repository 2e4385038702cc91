//! Tenants, members, sign-in, API keys, and the list of migrations.

use mailferry_shared::{ids::TenantId, key::Scope};
use mailferry_store::OPERATOR_TENANT;
use serde_json::{Value, json};

use crate::harness::{Client, Service, new_account, new_order, on_both, on_both_at, on_both_with};

const PASSWORD: &str = "correct horse battery";

/// A tenant, and its first admin, signed in.
pub(crate) async fn tenant(service: &Service, name: &str) -> (TenantId, Client) {
    let mail = format!("admin@{name}.example");
    let body = json!({"name": name, "admin": {"name": "Admin", "mail": mail, "password": PASSWORD}});
    let answer = service.operator().post("/api/v1/tenants", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let id = answer.json()["tenant"]["id"].as_str().expect("an id").parse().expect("an id");
    (id, sign_in(service, &mail, PASSWORD).await)
}

pub(crate) async fn sign_in(service: &Service, mail: &str, password: &str) -> Client {
    let mut client = service.stranger();
    let answer = client.post("/api/v1/sign-ins", json!({"mail": mail, "password": password})).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    client.cookie = answer.cookie();
    client
}

/// A member of the admin's tenant, signed in.
pub(crate) async fn member(service: &Service, admin: &Client, mail: &str, role: &str, domains: &[&str]) -> Client {
    let body = json!({"name": mail, "mail": mail, "role": role, "domains": domains, "password": PASSWORD});
    let answer = admin.post("/api/v1/members", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    sign_in(service, mail, PASSWORD).await
}

/// A new order of whoever asks.
pub(crate) async fn order_of(client: &Client) -> String {
    let answer = client.post("/api/v1/orders", new_order()).await;
    assert_eq!((answer.status, answer.cookie()), (201, None), "{}", answer.text);
    answer.json()["id"].as_str().expect("an id").to_owned()
}

fn listed(answer: &Value) -> Vec<&str> {
    answer["items"].as_array().expect("items").iter().map(|item| item["id"].as_str().expect("an id")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_makes_members_who_see_as_far_as_their_role() {
    on_both(async |service| {
        let (_, admin) = tenant(&service, "alpha").await;
        let me = admin.get("/api/v1/me").await.json();
        assert_eq!((me["tenant_name"].as_str(), me["role"].as_str()), (Some("alpha"), Some("admin")));
        assert_eq!(me["operator"], false);
        let manager = member(&service, &admin, "m@alpha.example", "manager", &["new.example"]).await;
        let anna = member(&service, &admin, "anna@alpha.example", "member", &[]).await;
        manager.get("/api/v1/members").await.is_problem(403, "forbidden");
        anna.post("/api/v1/vouchers", json!({"pairs": 1})).await.is_problem(403, "forbidden");
        assert_eq!(listed(&admin.get("/api/v1/members").await.json()).len(), 3);

        let hers = order_of(&anna).await;
        let his = order_of(&manager).await;
        let answer = anna.post(&format!("/api/v1/orders/{hers}/accounts"), new_account("anna")).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let foreign = json!({"source": {"user": "a@x.example"}, "destination": {"user": "a@y.example"}});
        let path = format!("/api/v1/orders/{his}/accounts");
        assert_eq!(
            manager.post(&path, foreign).await.is_problem(422, "invalid_field")["errors"][0]["pointer"],
            "/source/user"
        );
        assert_eq!(manager.post(&path, new_account("b")).await.status, 201);
        for (client, seen) in [(&admin, 2), (&manager, 2), (&anna, 1)] {
            assert_eq!(listed(&client.get("/api/v1/orders").await.json()).len(), seen);
        }
        anna.get(&format!("/api/v1/orders/{his}")).await.is_problem(404, "not_found");
        assert_eq!(manager.get(&format!("/api/v1/orders/{hers}")).await.status, 200, "its accounts are in his domain");

        let (_, other) = tenant(&service, "beta").await;
        assert!(listed(&other.get("/api/v1/orders").await.json()).is_empty());
        other.get(&format!("/api/v1/orders/{hers}")).await.is_problem(404, "not_found");
        other.get("/api/v1/tenants").await.is_problem(403, "forbidden");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failed_sign_in_gets_the_same_answer() {
    on_both(async |service| {
        let (_, admin) = tenant(&service, "alpha").await;
        let body = json!({"name": "No password", "mail": "none@alpha.example"});
        assert_eq!(admin.post("/api/v1/members", body).await.status, 201);
        let mut answers = Vec::new();
        for (mail, password) in [
            ("admin@alpha.example", "wrong"),
            ("nobody@alpha.example", PASSWORD),
            ("none@alpha.example", PASSWORD),
            ("", ""),
        ] {
            let answer = service.stranger().post("/api/v1/sign-ins", json!({"mail": mail, "password": password})).await;
            answer.is_problem(401, "sign_in_failed");
            answers.push(answer.text);
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_at_several_processes_is_counted_by_all_of_them_together() {
    let slow = |settings: &mut mailferry_server::settings::Settings| {
        let slow = mailferry_server::settings::Pace { burst: 4, every_seconds: 60 };
        (settings.limits.sign_ins, settings.limits.vouchers, settings.limits.sessions) = (slow, slow, slow);
    };
    on_both_with(slow, async |service| {
        let other = service.beside().await;
        let ways = [
            ("/api/v1/sign-ins", json!({"mail": "admin@alpha.example", "password": "wrong"}), 401),
            ("/api/v1/sessions", json!({"order_id": "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0009", "token": "x"}), 401),
        ];
        for (path, body, refused) in ways {
            for n in 0..6 {
                let client = if n % 2 == 0 { service.stranger() } else { other.stranger() };
                let answer = client.post(path, body.clone()).await;
                assert_eq!(answer.status, if n < 4 { refused } else { 429 }, "{path}, {n}: {}", answer.text);
            }
        }
        let (order, client) = service.order().await;
        let mut elsewhere = other.stranger();
        elsewhere.cookie.clone_from(&client.cookie);
        for n in 0..6 {
            let client = if n % 2 == 0 { &client } else { &elsewhere };
            let answer = client.post(&format!("/api/v1/orders/{order}/voucher"), json!({"code": "MF-WRONG"})).await;
            assert_eq!(answer.status, if n < 4 { 422 } else { 429 }, "{n}: {}", answer.text);
        }
        other.stop().await;
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_a_password_is_slowed_down_for_the_account_too() {
    let slow = |settings: &mut mailferry_server::settings::Settings| {
        settings.limits.sign_ins = mailferry_server::settings::Pace { burst: 3, every_seconds: 60 };
        settings.trust_proxy = vec!["127.0.0.0/8".parse().expect("a network")];
    };
    on_both_with(slow, async |service| {
        let body = json!({"mail": "admin@alpha.example", "password": "wrong"}).to_string();
        for n in 0..5 {
            // Each from another address.
            let from = format!("198.51.100.{n}");
            let headers = [("x-forwarded-for", from.as_str())];
            let answer = service.stranger().send("POST", "/api/v1/sign-ins", Some(body.clone()), &headers).await;
            if n < 3 {
                answer.is_problem(401, "sign_in_failed");
            } else {
                answer.is_problem(429, "too_many_requests");
            }
        }
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_by_itself_by_signing_out_and_with_the_password() {
    on_both_at(async |service, clock| {
        let (_, mut admin) = tenant(&service, "alpha").await;
        let again = sign_in(&service, "admin@alpha.example", PASSWORD).await;
        clock.advance(chrono::Duration::minutes(100)).await;
        let prolonged = admin.get("/api/v1/me").await;
        let old = admin.clone();
        admin.cookie = prolonged.cookie();
        assert!(admin.cookie.is_some(), "reading who one is prolongs the session");
        clock.advance(chrono::Duration::minutes(30)).await;
        old.get("/api/v1/me").await.is_problem(401, "not_signed_in");
        again.get("/api/v1/me").await.is_problem(401, "not_signed_in");

        let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
        let wrong = admin.post("/api/v1/me/password", change("wrong", "another password")).await;
        assert_eq!(wrong.is_problem(422, "invalid_field")["errors"][0]["pointer"], "/current_password");
        admin.post("/api/v1/me/password", change(PASSWORD, "short")).await.is_problem(422, "invalid_field");
        let changed = admin.post("/api/v1/me/password", change(PASSWORD, "another password")).await;
        assert_eq!(changed.status, 204, "{}", changed.text);
        admin.get("/api/v1/me").await.is_problem(401, "not_signed_in");
        admin.cookie = changed.cookie();
        assert_eq!(admin.get("/api/v1/me").await.status, 200);
        let failed = json!({"mail": "admin@alpha.example", "password": PASSWORD});
        service.stranger().post("/api/v1/sign-ins", failed).await.is_problem(401, "sign_in_failed");

        let out = admin.delete("/api/v1/me/sessions").await;
        assert!(out.status == 204 && out.header("set-cookie").contains("Max-Age=0"), "{}", out.header("set-cookie"));
        admin.get("/api/v1/me").await.is_problem(401, "not_signed_in");
        service.operator().delete("/api/v1/me/sessions").await.is_problem(403, "forbidden");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_grants_no_more_than_its_maker_has_and_can_be_revoked() {
    on_both(async |service| {
        let (_, admin) = tenant(&service, "alpha").await;
        let anna = member(&service, &admin, "anna@alpha.example", "member", &[]).await;
        let wanted = json!({"name": "panel", "scopes": ["orders:write", "members:write"]});
        let refused = anna.post("/api/v1/api-keys", wanted.clone()).await;
        assert_eq!(refused.is_problem(422, "invalid_field")["errors"][0]["pointer"], "/scopes/1");
        let made = admin.post("/api/v1/api-keys", wanted).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let (id, secret) = (made.json()["key"]["id"].clone(), made.json()["secret"].clone());
        let mut program = service.stranger();
        program.key = secret.as_str().map(ToOwned::to_owned);
        assert_eq!(program.get("/api/v1/members").await.status, 200);
        program.post("/api/v1/vouchers", json!({"pairs": 1})).await.is_problem(403, "forbidden");
        program.get("/api/v1/tenants").await.is_problem(403, "forbidden");
        let keys = admin.get("/api/v1/api-keys").await;
        assert!(!keys.text.contains(secret.as_str().expect("a secret")));
        assert!(keys.json()["items"][0]["last_used_at"].is_string(), "{}", keys.text);
        assert!(listed(&anna.get("/api/v1/api-keys").await.json()).is_empty(), "others see their own");
        let path = format!("/api/v1/api-keys/{}", id.as_str().expect("an id"));
        anna.delete(&path).await.is_problem(404, "not_found");
        assert_eq!(admin.delete(&path).await.status, 204);
        program.get("/api/v1/members").await.is_problem(401, "not_signed_in");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_migrations_comes_in_pages_with_a_signed_cursor() {
    on_both(async |service| {
        let operator = service.operator();
        for _ in 0..5 {
            service.order().await;
        }
        let (order, _, _) = service.order_with_pair().await;
        let all = operator.get("/api/v1/orders").await;
        assert_eq!(listed(&all.json()).len(), 6);
        assert_eq!(all.json().get("next_cursor"), None);
        let again = operator.send("GET", "/api/v1/orders", None, &[("if-none-match", all.header("etag"))]).await;
        assert_eq!(again.status, 304);
        let mut found = Vec::new();
        let mut path = "/api/v1/orders?limit=4&state=draft".to_owned();
        loop {
            let page = operator.get(&path).await.json();
            found.extend(listed(&page).into_iter().map(ToOwned::to_owned));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/api/v1/orders?limit=4&state=draft&cursor={cursor}");
            let other_filter = format!("/api/v1/orders?limit=4&cursor={cursor}");
            operator.get(&other_filter).await.is_problem(422, "invalid_field");
            let altered = format!("{}x", &path[..path.len() - 1]);
            assert_eq!(
                operator.get(&altered).await.is_problem(422, "invalid_field")["errors"][0]["pointer"],
                "/cursor"
            );
        }
        assert_eq!(found, listed(&all.json()));
        let by_text = operator.get("/api/v1/orders?q=anna%40OLD&domain=new.example").await.json();
        assert_eq!(listed(&by_text), [order.as_str()]);
        assert_eq!(by_text["items"][0]["type"], "standard");
        for query in
            ["state=nothing", "limit=0", "limit=x", "from=yesterday", "colour=red", "domain=a%20b", "member_id=1"]
        {
            operator.get(&format!("/api/v1/orders?{query}")).await.is_problem(422, "invalid_field");
        }
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sandbox_and_live_keys_do_not_see_each_others_orders() {
    on_both(async |service| {
        let operator = service.operator();
        let body = json!({"name": "try", "scopes": ["orders:write", "keys:write"], "sandbox": true});
        let made = operator.post("/api/v1/api-keys", body).await.json();
        let mut sandbox = service.stranger();
        sandbox.key = made["secret"].as_str().map(ToOwned::to_owned);
        assert!(sandbox.key.as_ref().is_some_and(|key| key.starts_with("mf_test_")));
        let test_host = json!({"endpoint": {"host": "ok.sandbox.mailferry.test", "port": 993}});
        let mut body = new_order();
        (body["source"], body["destination"]) = (test_host.clone(), test_host);
        let tried = sandbox.post("/api/v1/orders", body).await.json()["id"].as_str().expect("an id").to_owned();
        let live = order_of(&operator).await;
        assert_eq!(listed(&sandbox.get("/api/v1/orders").await.json()), [tried.as_str()]);
        assert_eq!(listed(&operator.get("/api/v1/orders").await.json()), [live.as_str()]);
        sandbox.get(&format!("/api/v1/orders/{live}")).await.is_problem(404, "not_found");
        operator.get(&format!("/api/v1/orders/{tried}")).await.is_problem(404, "not_found");
        let live_key = json!({"name": "out", "scopes": ["orders:write"]});
        assert_eq!(
            sandbox.post("/api/v1/api-keys", live_key).await.is_problem(422, "invalid_field")["errors"][0]["pointer"],
            "/sandbox"
        );
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_admin_of_a_tenant_stays_one_and_is_told_so() {
    on_both(async |service| {
        let (_, admin) = tenant(&service, "alpha").await;
        let me = admin.get("/api/v1/me").await.json();
        let path = format!("/api/v1/members/{}", me["member"]["id"].as_str().expect("an id"));
        admin.delete(&path).await.is_problem(409, "last_admin");
        admin.patch(&path, json!({"role": "member"})).await.is_problem(409, "last_admin");
        member(&service, &admin, "second@alpha.example", "admin", &[]).await;
        assert_eq!(admin.patch(&path, json!({"role": "member"})).await.status, 200);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_answer_is_told_as_unavailable() {
    on_both(async |service| {
        let (order, client) = service.order().await;
        service.store.close().await;
        let path = format!("/api/v1/orders/{order}");
        for answer in [client.get(&path).await, client.post("/api/v1/sessions", json!({})).await] {
            let problem = answer.is_problem(503, "unavailable");
            assert!(!problem.to_string().contains("pool"), "nothing of the inside: {problem}");
        }
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_of_a_tenant_hold() {
    on_both(async |service| {
        let (id, _) = tenant(&service, "alpha").await;
        let path = format!("/api/v1/tenants/{id}");
        let changed =
            service.operator().patch(&path, json!({"limits": {"max_pairs": 1, "max_active_orders": 1}})).await;
        assert_eq!(changed.json()["limits"]["max_pairs"], 1, "{}", changed.text);
        service.operator().patch(&path, json!({"limits": {"max_pairs": 0}})).await.is_problem(422, "invalid_field");
        let key = service.with_key(id, &[Scope::OrdersWrite]).await;
        let order = order_of(&key).await;
        let accounts = format!("/api/v1/orders/{order}/accounts");
        assert_eq!(key.post(&accounts, new_account("a")).await.status, 201);
        key.post(&accounts, new_account("b")).await.is_problem(409, "too_many_accounts");
        let orders = [format!("/api/v1/orders/{order}"), format!("/api/v1/orders/{}", order_of(&key).await)];
        assert_eq!(key.post(&format!("{}/accounts", orders[1]), new_account("c")).await.status, 201);
        let trial = json!({"kind": "trial"});
        assert_eq!(key.post(&format!("{}/start", orders[0]), trial.clone()).await.status, 200);
        let busy = key.post(&format!("{}/start", orders[1]), trial).await.is_problem(409, "too_many_active");
        assert!(busy["detail"].as_str().is_some_and(|words| words.contains('1')), "{busy}");
        key.post(&format!("{}/cancel", orders[0]), json!({})).await;
        let order = orders[1].rsplit('/').next().expect("an id");
        let limits = json!({"limits": {"max_message_bytes": 20_000_000, "max_connections_per_host": 3}});
        let changed = service.operator().patch(&path, limits).await.json();
        assert_eq!(changed["limits"], json!({"max_message_bytes": 20_000_000, "max_connections_per_host": 3}));
        for wrong in [json!({"max_message_bytes": 0}), json!({"max_connections_per_host": 0})] {
            service.operator().patch(&path, json!({"limits": wrong})).await.is_problem(422, "invalid_field");
        }
        let made = key.get(&format!("/api/v1/orders/{}", order_of(&key).await)).await.json();
        assert_eq!(made["options"]["max_message_bytes"], 20_000_000, "whoever asks for nothing gets what is allowed");
        let larger = json!({"options": {"max_message_bytes": 20_000_001}});
        let refused = key.patch(&format!("/api/v1/orders/{order}"), larger).await.is_problem(422, "invalid_field");
        assert_eq!(refused["errors"][0]["pointer"], "/options/max_message_bytes", "{refused}");
        assert_eq!(
            service.operator().get("/api/v1/tenants").await.json()["items"][0]["id"],
            OPERATOR_TENANT.to_string()
        );
        let admin = json!({"name": "A", "mail": "admin@alpha.example"});
        let taken = service.operator().post("/api/v1/tenants", json!({"name": "again", "admin": admin})).await;
        taken.is_problem(409, "address_taken");
        assert_eq!(
            listed(&service.operator().get("/api/v1/tenants").await.json()).len(),
            2,
            "and no tenant without admin"
        );
        service.stop().await;
    })
    .await;
}
