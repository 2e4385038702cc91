//! An order's way through the API until its start.

use mailferry_shared::{account::LoginState, account::SideName, finding::Finding, finding::FindingCode};
use mailferry_store::CheckedSide;
use serde_json::json;

use crate::harness::{Service, new_account, new_order, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_created_changed_checked_started_cancelled_and_deleted() {
    on_both(async |service| {
        let (order, mut client) = service.order().await;
        let path = format!("/api/v1/orders/{order}");
        let link = client.get(&path).await.json()["manage_url"].as_str().expect("a link").to_owned();
        assert!(link.starts_with(&format!("{}/orders/{order}#token=", service.base)), "{link}");

        let change =
            json!({"options": {"leave_out": ["Lists"], "max_message_bytes": 1000}, "notify_address": "b@c.de"});
        let changed = client.patch(&path, change).await.json();
        assert_eq!(
            (&changed["notify_address"], &changed["options"]["leave_out"]),
            (&json!("b@c.de"), &json!(["Lists"]))
        );
        assert_eq!(changed["source"]["provider"], "gmx", "what is absent stays");

        client.post(&format!("{path}/start"), json!({})).await.is_problem(409, "nothing_ticked");
        let pair = client.post(&format!("{path}/accounts"), new_account("anna")).await;
        assert_eq!(pair.status, 201);
        let pair = pair.json()["id"].as_str().expect("an id").to_owned();
        let pair_path = format!("{path}/accounts/{pair}");

        let check = client.post(&format!("{path}/checks"), json!({})).await;
        assert_eq!(check.status, 202);
        let check = check.json()["id"].as_str().expect("an id").to_owned();
        let at = CheckedSide {
            check_id: check.parse().expect("an id"),
            pair_id: pair.parse().expect("an id"),
            side: SideName::Source,
        };
        let wrong = [Finding::new(FindingCode::WrongPassword)];
        service.store.save_login(at, LoginState::Failed, &wrong).await.expect("saved");
        let read = client.get(&format!("{path}/checks/{check}")).await;
        let found = read.json()["items"]
            .as_array()
            .expect("items")
            .iter()
            .any(|item| item["login"] == "failed" && item["findings"][0]["code"] == "wrong_password");
        assert!(found, "{}", read.text);
        client.post(&format!("{path}/start"), json!({})).await.is_problem(409, "check_failed");

        let other = json!({"source": {"user": "anna@old.example", "password": "better"}});
        assert_eq!(client.patch(&pair_path, other).await.json()["source"]["login"], "unchecked");
        let started = client.post(&format!("{path}/start"), json!({"kind": "main"})).await;
        assert_eq!(started.json()["state"], "awaiting_payment", "{}", started.text);

        let batch = service.operator().post("/api/v1/vouchers", json!({"pairs": 2})).await;
        assert_eq!(batch.status, 201, "{}", batch.text);
        let code = batch.json()["items"][0]["code"].as_str().expect("a code").to_lowercase().replace('-', " ");
        let paid = client.post(&format!("{path}/voucher"), json!({"code": code})).await.json();
        assert_eq!((&paid["state"], &paid["payment"]["pairs_covered"]), (&json!("scheduled"), &json!(1)));
        client.delete(&path).await.is_problem(409, "wrong_state");
        client.post(&format!("{path}/accounts"), new_account("bert")).await.is_problem(409, "wrong_state");
        client.post(&format!("{path}/pause"), json!({})).await.is_problem(409, "wrong_state");

        let cancelled = client.send("POST", &format!("{path}/cancel"), None, &[]).await.json();
        assert_eq!(cancelled["state"], "cancelled");
        assert_eq!(cancelled["payment"]["pairs_covered"], 0, "the voucher came back");
        let pairs = client.get(&format!("{path}/accounts")).await.json();
        assert_eq!(pairs["items"][0]["source"]["has_password"], false, "passwords are erased");
        assert_eq!(client.delete(&path).await.status, 204);
        client.get(&path).await.is_problem(404, "not_found");
        client.cookie = None;
        client.get(&path).await.is_problem(401, "not_signed_in");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_polled_is_sent_once() {
    on_both(async |service: Service| {
        let (order, _, client) = service.order_with_pair().await;
        for path in ["", "/accounts", "/progress"] {
            let path = format!("/api/v1/orders/{order}{path}");
            let first = client.get(&path).await;
            assert_eq!(first.status, 200);
            let tag = first.header("etag").to_owned();
            let again = client.send("GET", &path, None, &[("if-none-match", &tag)]).await;
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}");
            assert_eq!(again.header("etag"), tag);
        }
        let path = format!("/api/v1/orders/{order}/accounts");
        let tag = client.get(&path).await.header("etag").to_owned();
        client.post(&path, new_account("bert")).await;
        assert_eq!(client.send("GET", &path, None, &[("if-none-match", &tag)]).await.status, 200);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_come_by_file_and_bad_rows_are_named() {
    on_both(async |service| {
        let (order, client) = service.order().await;
        let path = format!("/api/v1/orders/{order}/imports");
        let content = "anna@old.example;a;imap.old.example\nbert@old.example;b;not a host\ncarl@old.example;c;\n";
        let preview = client.post(&path, json!({"content": content, "preview": true})).await.json();
        assert_eq!((&preview["layout"], &preview["separator"]), (&json!("request"), &json!(";")));
        assert_eq!(preview["errors"][0]["row"], 2);
        assert_eq!((&preview["errors"][0]["column"], &preview["errors"][0]["code"]), (&json!(3), &json!("bad_host")));
        assert!(preview["rows"][0].get("pair_id").is_none());

        let result = client.post(&path, json!({"content": content, "destination_password": "d"})).await.json();
        assert_eq!(result["rows"].as_array().expect("rows").len(), 2);
        let pairs = client.get(&format!("/api/v1/orders/{order}/accounts")).await.json();
        assert_eq!(pairs["items"][0]["id"], result["rows"][0]["pair_id"]);
        assert_eq!(pairs["items"][0]["source"]["endpoint"]["host"], "imap.old.example");
        assert_eq!(pairs["items"][1]["destination"]["has_password"], true);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_lacks_something_says_what() {
    on_both(async |service: Service| {
    let mut bare = new_order();
    bare.as_object_mut().expect("an object").remove("destination");
    let mut client = service.stranger();
    let answer = client.post("/api/v1/orders", bare).await;
    client.cookie = answer.cookie();
    let path = format!("/api/v1/orders/{}", answer.json()["id"].as_str().expect("an id"));
    client.post(&format!("{path}/accounts"), new_account("anna")).await;
    let problem = client.post(&format!("{path}/start"), json!({})).await.is_problem(409, "accounts_incomplete");
    assert!(problem["detail"].as_str().expect("words").contains("the server of anna@new.example"), "{problem}");

    let same = json!({"destination": {"endpoint": {"host": "IMAP.gmx.net", "port": 993}}});
    assert_eq!(client.patch(&path, same).await.status, 200);
    client.post(
        &format!("{path}/accounts"),
        json!({"source": {"user": "Bert@x.de", "password": "a"}, "destination": {"user": "bert@x.de", "password": "b"}}),
    )
    .await;
    let problem = client.post(&format!("{path}/start"), json!({})).await.is_problem(409, "check_failed");
    assert!(problem["detail"].as_str().expect("words").contains("the same mailbox"), "{problem}");
    service.stop().await;
}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_can_be_changed_after_the_start_and_nothing_else() {
    on_both(async |service: Service| {
        let (order, pair, client) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}");
        let later = json!({"kind": "trial", "earliest_start": service.store.now() + chrono::TimeDelta::days(1)});
        let started = client.post(&format!("{path}/start"), later).await;
        assert_eq!(started.json()["state"], "scheduled", "{}", started.text);
        let pair = format!("{path}/accounts/{pair}");
        let password = json!({"source": {"user": "anna@old.example", "password": "new one"}});
        assert_eq!(client.patch(&pair, password).await.status, 200);
        let user = json!({"source": {"user": "bert@old.example", "password": "new one"}});
        client.patch(&pair, user).await.is_problem(409, "wrong_state");
        client.patch(&pair, json!({"ticked": false})).await.is_problem(409, "wrong_state");
        client.patch(&path, json!({"options": {}})).await.is_problem(409, "wrong_state");
        assert_eq!(client.patch(&path, json!({"notify_address": "x@y.de"})).await.status, 200);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_accounts_or_some_are_ticked_by_one_request_before_the_start() {
    on_both(async |service: Service| {
        let (order, anna, client) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}");
        let accounts = format!("{path}/accounts");
        for name in ["berta", "carl"] {
            assert_eq!(client.post(&accounts, new_account(name)).await.status, 201);
        }
        let ticked = async || {
            let pairs = client.get(&accounts).await.json();
            pairs["items"].as_array().expect("pairs").iter().map(|pair| pair["ticked"] == true).collect::<Vec<_>>()
        };
        let none = client.patch(&accounts, json!({"ticked": false})).await;
        assert_eq!((none.status, &none.json()["totals"]["pairs_ticked"]), (200, &json!(0)), "{}", none.text);
        let one = client.patch(&accounts, json!({"ticked": true, "pair_ids": [anna]})).await.json();
        assert_eq!((&one["payment"]["pairs_needed"], ticked().await), (&json!(1), vec![true, false, false]));
        let unknown = json!({"ticked": false, "pair_ids": [anna, order]});
        client.patch(&accounts, unknown).await.is_problem(404, "not_found");
        assert_eq!(ticked().await, [true, false, false], "all or none");
        client.patch(&accounts, json!({"pair_ids": []})).await.is_problem(422, "invalid_field");
        client.post(&format!("{path}/start"), json!({"kind": "trial"})).await;
        client.patch(&accounts, json!({"ticked": true})).await.is_problem(409, "wrong_state");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_creates_orders_of_its_tenant_without_a_cookie() {
    on_both(async |service: Service| {
        let operator = service.operator();
        let answer = operator.post("/api/v1/orders", new_order()).await;
        assert_eq!((answer.status, answer.cookie()), (201, None));
        let path = answer.header("location").to_owned();
        assert_eq!(operator.get(&path).await.status, 200);
        assert_eq!(operator.delete(&path).await.status, 204);
        service.stop().await;
    })
    .await;
}
