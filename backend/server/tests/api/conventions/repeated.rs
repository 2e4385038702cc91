//! What is sent twice with the same Idempotency-Key is done once and answered the same.
#![expect(clippy::print_stdout, reason = "how many operations were gone over")]

use mailferry_server::api::idempotency::OF_OTHERS;
use serde_json::Value;

use super::{Fixture, Operation};
use crate::harness::{Service, on_both};

/// Whoever did this once cannot ask again with the same proof.
const ENDS_ITS_SESSION: [&str; 1] = ["changePassword"];

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
