//! The OpenAPI document: committed, served, rendered, complete.

use std::collections::HashSet;

use crate::harness::Service;

#[test]
fn the_committed_document_is_the_true_one() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/openapi.json");
    let committed = std::fs::read_to_string(path).expect("openapi/openapi.json");
    let now = mailferry_server::api::docs::text().expect("a document");
    assert!(committed == now, "openapi/openapi.json is out of date; run: make openapi");
}

#[test]
fn every_operation_is_complete() {
    let document = serde_json::to_value(mailferry_server::api::openapi()).expect("JSON");
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = HashSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            let name = format!("{method} {path}");
            let id = operation["operationId"].as_str().expect("an operationId");
            assert!(ids.insert(id.to_owned()), "{id} twice");
            assert!(operation["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{name}: {}", operation["tags"]);
            assert!(operation["security"].is_array(), "{name} has no security");
            assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{name} has no words");
            let responses = operation["responses"].as_object().expect("responses");
            for status in ["403", "500", "503"] {
                assert!(responses.contains_key(status), "{name} lacks {status}");
            }
            if path.contains("{order_id}") {
                assert!(responses.contains_key("401") && responses.contains_key("404"), "{name}");
            }
            if operation.get("requestBody").is_some() {
                let body = &operation["requestBody"]["content"]["application/json"];
                let schema = body["schema"]["$ref"].as_str().expect("a reference").trim_start_matches('#');
                let schema = document.pointer(schema).expect("there");
                let needed = schema["required"].as_array().is_some_and(|fields| !fields.is_empty());
                assert_eq!(operation["requestBody"]["required"], needed, "{name}");
                assert!(body.get("example").is_some(), "{name} has no example");
                for status in ["400", "413", "422"] {
                    assert!(responses.contains_key(status), "{name} lacks {status}");
                }
            }
            for (status, response) in responses {
                if status.starts_with(['4', '5']) {
                    let response = response["$ref"].as_str().expect("a reference").trim_start_matches('#');
                    let content = &document.pointer(response).expect("there")["content"]["application/problem+json"];
                    assert!(
                        content["schema"]["$ref"].as_str().is_some_and(|name| name.ends_with("/Problem")),
                        "{name} {status}"
                    );
                }
            }
        }
    }
    assert!(ids.len() >= 45, "{}", ids.len());
}

#[test]
fn every_reference_leads_somewhere() {
    let document = serde_json::to_value(mailferry_server::api::openapi()).expect("JSON");
    let mut open = vec![&document];
    let mut references = HashSet::new();
    while let Some(value) = open.pop() {
        match value {
            serde_json::Value::Object(map) => {
                references.extend(map.get("$ref").and_then(|name| name.as_str()));
                open.extend(map.values());
            }
            serde_json::Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    assert!(references.len() > 30, "{}", references.len());
    for name in references {
        assert!(document.pointer(name.trim_start_matches('#')).is_some(), "{name} leads nowhere");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn document_and_the_page_that_renders_it_are_served() {
    let service = Service::start_with(None, |_| {}).await;
    let client = service.stranger();
    let served = client.get("/api/openapi.json").await;
    assert_eq!(served.text, mailferry_server::api::docs::text().expect("a document"));
    let page = client.get("/api/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("swagger-ui"), "{}", page.text);
    assert!(page.header("content-security-policy").contains("script-src 'self';"));
    let script = client.get("/api/docs/swagger-initializer.js").await;
    assert!(script.text.contains("/api/openapi.json"), "{}", script.text);
    assert_eq!(client.get("/api/docs").await.header("location"), "/api/docs/");
    client.get("/api/docs/nothing.js").await.is_problem(404, "not_found");
    service.stop().await;
}
