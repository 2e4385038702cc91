//! Lists come in pages, by cursors.
#![expect(clippy::print_stdout, reason = "how many operations were gone over")]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Fixture, Operation, document, operations};
use crate::harness::{Service, on_both};

/// Lists that do not grow.
const SHORT_LISTS: [&str; 4] = ["listProviders", "listAdminCredentials", "listCertificates", "listTestHosts"];

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
    let fixture = doubled(Fixture::new(service).await).await.with_deltas().await;
    let mut lists = 0;
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
        assert!(items > 1, "{} has {items} here: its cursor is not tried", operation.id);
        lists += 1;
    }
    println!("{lists} lists come in pages, each of them was turned");
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
