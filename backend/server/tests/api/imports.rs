//! Files of accounts over the API: as spreadsheets write them, corrected in place, exported and imported again.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::harness::{Client, Service, on_both};

async fn imported(client: &Client, order: &str, body: Value) -> Value {
    let answer = client.post(&format!("/api/v1/orders/{order}/imports"), body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/spreadsheets");
    std::fs::read(format!("{folder}/{name}")).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn files_as_a_spreadsheet_program_writes_them_are_read() {
    on_both(async |service: Service| {
        let (order, client) = service.order().await;
        for (name, encoding, separator) in [
            ("utf8-comma.csv", "utf8", ","),
            ("utf8-semicolon-all-quoted.csv", "utf8", ";"),
            ("utf8-tab.csv", "utf8", "\t"),
            ("utf16.csv", "utf16", "\t"),
            ("windows1252-semicolon.csv", "windows1252", ";"),
        ] {
            let file = STANDARD.encode(fixture(name));
            let result = imported(&client, &order, json!({"file": file, "preview": true})).await;
            assert_eq!((&result["encoding"], &result["separator"]), (&json!(encoding), &json!(separator)), "{name}");
            assert_eq!((&result["layout"], &result["has_header"]), (&json!("standard"), &json!(true)), "{name}");
            let users: Vec<&str> =
                result["rows"].as_array().expect("rows").iter().filter_map(|row| row["source_user"].as_str()).collect();
            assert_eq!(users, ["müller@old.example", "o'neil@old.example", "carl;x@old.example"], "{name}");
            assert_eq!(result["errors"], json!([]), "{name}");
        }
        let whole = json!({"file": STANDARD.encode(fixture("utf16.csv"))});
        imported(&client, &order, whole).await;
        let pairs = client.get(&format!("/api/v1/orders/{order}/accounts")).await.json();
        let pair = pairs["items"][0]["id"].as_str().expect("an id").parse().expect("an id");
        let access = service.store.pair_access(pair).await.expect("a pair");
        assert_eq!(secrecy::ExposeSecret::expose_secret(&access.source.password.expect("kept")), "Grüße; \"zu\" €uch,");
        for name in ["accounts.xlsx", "accounts.ods"] {
            let body = json!({"file": STANDARD.encode(fixture(name))});
            let answer = client.post(&format!("/api/v1/orders/{order}/imports"), body).await;
            let problem = answer.is_problem(422, "file_unreadable");
            assert!(problem["detail"].as_str().expect("words").contains("save it as “CSV UTF-8”"), "{problem}");
        }
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_without_a_password_are_opened_by_the_admin_where_the_request_says_so() {
    on_both(async |service: Service| {
        let (order, client) = service.order().await;
        let content = "anna@a.example;;imap.a.example\nbert@a.example;own;imap.a.example\n";
        let body =
            json!({"content": content, "layout": "request", "source_by_admin": true, "destination_by_admin": true});
        let result = imported(&client, &order, body).await;
        assert_eq!(result["errors"], json!([]), "{result}");
        let rows = result["rows"].as_array().expect("rows");
        assert!(rows.iter().all(|row| row["has_source_password"] == true && row["has_destination_password"] == true));
        let pairs = client.get(&format!("/api/v1/orders/{order}/accounts")).await.json();
        let by_admin = |side: &str| {
            let of = |pair: &Value| pair[side]["by_admin"].as_bool().unwrap_or_default();
            pairs["items"].as_array().expect("pairs").iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!((by_admin("source"), by_admin("destination")), (vec![true, false], vec![true, true]), "{pairs}");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_are_in_the_order_already_are_not_added_again() {
    on_both(async |service: Service| {
        let (order, client) = service.order().await;
        let accounts = format!("/api/v1/orders/{order}/accounts");
        let content =
            "anna@new.example;imap.a.example;anna@a.example;x\nbert@new.example;imap.a.example;bert@a.example;y\n";
        let first = imported(&client, &order, json!({"content": content})).await;
        assert_eq!((first["rows"].as_array().map(Vec::len), &first["errors"]), (Some(2), &json!([])), "{first}");
        let more = format!("{}carl@new.example;imap.a.example;carl@a.example;z\n", content.to_uppercase());
        for preview in [true, false] {
            let again = imported(&client, &order, json!({"content": more, "preview": preview})).await;
            let refused: Vec<_> =
                again["errors"].as_array().expect("errors").iter().map(|error| &error["code"]).collect();
            assert_eq!(refused, ["duplicate_row"; 2], "letter case does not matter: {again}");
            assert_eq!(again["rows"][0]["source_user"], "carl@a.example", "{again}");
        }
        let pairs = client.get(&accounts).await.json();
        assert_eq!(pairs["items"].as_array().map(Vec::len), Some(3), "{pairs}");
        let by_form = json!({
            "source": {"user": "Anna@a.example", "password": "x", "endpoint": {"host": "imap.a.example", "port": 993}},
            "destination": {"user": "anna@new.example", "password": "n"},
        });
        let refused = client.post(&accounts, by_form.clone()).await.is_problem(422, "invalid_field");
        assert_eq!(refused["errors"][0]["pointer"], "/source/user", "{refused}");
        let bert = format!("{accounts}/{}", pairs["items"][1]["id"].as_str().expect("an id"));
        client.patch(&bert, by_form).await.is_problem(422, "invalid_field");
        let password = json!({"destination": {"user": "bert@new.example", "password": "another"}});
        assert_eq!(client.patch(&bert, password).await.status, 200);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_corrected_in_place_and_the_good_ones_not_imported_twice() {
    on_both(async |service: Service| {
    let (order, client) = service.order().await;
    let content = "anna@a.example;x;imap.a.example\nbert@a.example;canary;not a host\n;y;imap.a.example\n";
    let first = imported(&client, &order, json!({"content": content})).await;
    assert_eq!((first["rows"].as_array().map(Vec::len), first["errors"].as_array().map(Vec::len)), (Some(1), Some(2)));
    assert_eq!(first["errors"][0]["cells"], json!(["bert@a.example", null, "not a host"]));
    assert!(!first.to_string().contains("canary"));
    let corrections = json!([{"row": 2, "cells": [null, null, "imap.a.example"]}, {"row": 3, "cells": ["carl@a.example", null, null]}]);
    let again = json!({"content": content, "corrections": corrections, "only_rows": [2, 3]});
    let second = imported(&client, &order, again).await;
    assert_eq!(
        (second["rows"].as_array().map(Vec::len), second["errors"].as_array().map(Vec::len)),
        (Some(2), Some(0))
    );
    let pairs = client.get(&format!("/api/v1/orders/{order}/accounts")).await.json();
    let users: Vec<&Value> =
        pairs["items"].as_array().expect("pairs").iter().map(|pair| &pair["source"]["user"]).collect();
    assert_eq!(users, [&json!("anna@a.example"), &json!("bert@a.example"), &json!("carl@a.example")]);
    service.stop().await;
}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_with_an_ip_address_asks_for_the_name_of_the_certificate() {
    on_both(async |service: Service| {
        let (order, client) = service.order().await;
        let content =
            "a@new.example;192.0.2.7;a@old.example;x\nb@new.example;192.0.2.7/imap.b.example;b@old.example;x\n";
        let asked = imported(&client, &order, json!({"content": content, "preview": true})).await;
        let needs: Vec<&Value> =
            asked["rows"].as_array().expect("rows").iter().map(|row| &row["needs_source_certificate_host"]).collect();
        assert_eq!(needs, [true, false]);
        let told = json!({"content": content, "source_certificate_host": "imap.a.example"});
        let result = imported(&client, &order, told).await;
        assert_eq!(result["rows"][0]["needs_source_certificate_host"], false);
        let pairs = client.get(&format!("/api/v1/orders/{order}/accounts")).await.json();
        let names: Vec<&Value> = pairs["items"]
            .as_array()
            .expect("pairs")
            .iter()
            .map(|pair| &pair["source"]["endpoint"]["certificate_host"])
            .collect();
        assert_eq!(names, ["imap.a.example", "imap.b.example"]);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_is_imported_again_without_passwords_and_without_formulas() {
    on_both(async |service: Service| {
        let (order, client) = service.order().await;
        let pairs = [("=1+1@old.example", None), ("anna@old.example", Some("root"))];
        for (account, admin) in pairs {
            let source = match admin {
                None => json!({"user": account, "password": "canary"}),
                Some(admin) => {
                    json!({"user": admin, "act_for": account, "password": "canary", "delegation": {"form": "exchange"}})
                }
            };
            let server = json!({"host": "imap.own.example", "port": 1143, "tls": "starttls"});
            let destination = json!({"user": "-x@new.example", "password": "canary", "endpoint": server});
            let pair = json!({"source": source, "destination": destination});
            let added = client.post(&format!("/api/v1/orders/{order}/accounts"), pair).await;
            assert_eq!(added.status, 201, "{}", added.text);
        }
        let file = client.get(&format!("/api/v1/orders/{order}/accounts.csv")).await;
        assert_eq!((file.status, file.header("content-type")), (200, "text/csv; charset=utf-8"), "{}", file.text);
        assert!(file.header("content-disposition").contains("attachment"));
        assert!(!file.text.contains("canary") && file.text.contains("'=1+1@old.example"), "{}", file.text);
        let (other, second) = service.order().await;
        let result = imported(&second, &other, json!({"content": file.text})).await;
        assert_eq!((&result["layout"], &result["errors"]), (&json!("full"), &json!([])));
        let accounts = async |client: &Client, order: &str| {
            let pairs = client.get(&format!("/api/v1/orders/{order}/accounts")).await.json();
            let pairs = pairs["items"].as_array().expect("pairs").clone();
            let told =
                ["/source/user", "/source/act_for", "/source/delegation", "/destination/user", "/destination/endpoint"];
            let told = |pair: &Value| told.map(|pointer| pair.pointer(pointer).cloned());
            pairs.iter().map(told).collect::<Vec<_>>()
        };
        assert_eq!(accounts(&client, &order).await, accounts(&second, &other).await);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_an_example_file_for_every_layout() {
    on_both(async |service: Service| {
        let (order, client) = service.order().await;
        for layout in ["request", "standard", "master_user", "pairs", "full", "microsoft"] {
            let file = service.stranger().get(&format!("/api/v1/imports/examples/{layout}")).await;
            assert_eq!((file.status, file.header("content-type")), (200, "text/csv; charset=utf-8"));
            let result = imported(&client, &order, json!({"content": file.text, "preview": true})).await;
            assert_eq!((&result["layout"], &result["errors"]), (&json!(layout), &json!([])));
        }
        service.stranger().get("/api/v1/imports/examples/none").await.is_problem(404, "not_found");
        for (body, pointer) in [
            (json!({}), "/content"),
            (json!({"content": "x", "file": "eA=="}), "/file"),
            (json!({"file": "no Base64!"}), "/file"),
        ] {
            let answer = client.post(&format!("/api/v1/orders/{order}/imports"), body).await;
            assert_eq!(answer.is_problem(422, "invalid_field")["errors"][0]["pointer"], pointer);
        }
        service.stop().await;
    })
    .await;
}
