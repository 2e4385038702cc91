//! What an operation does not know it refuses by name: query parameters, fields, values of another kind.

use mailferry_server::api::idempotency::OF_OTHERS;
use serde_json::{Value, json};

use super::Fixture;
use crate::harness::{Service, on_both};

/// Every object in `value`, by its JSON pointer.
fn objects(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.push(pointer.to_owned());
            fields.iter().for_each(|(name, field)| objects(field, &format!("{pointer}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| objects(item, &format!("{pointer}/{n}"), found));
        }
        _ => {}
    }
}

/// Every single value in `value`, by its JSON pointer.
fn leaves(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| leaves(field, &format!("{pointer}/{name}"), found));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(n, item)| leaves(item, &format!("{pointer}/{n}"), found));
        }
        Value::Null => {}
        _ => found.push(pointer.to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_refuses_query_parameters_that_it_does_not_know() {
    on_both(async |service: Service| {
        let fixture = Fixture::new(service).await;
        let all = fixture.operations();
        for operation in &all {
            let body = operation.body.as_ref().map(Value::to_string);
            let problem = fixture.send(operation, "?surprise=1", body, &[]).await.is_problem(422, "invalid_field");
            assert_eq!(problem["errors"][0]["pointer"], "/surprise", "{}", operation.id);
        }
        println!("{} operations refuse unknown query parameters", all.len());
        fixture.service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_refuses_fields_that_it_does_not_know_and_points_at_wrong_ones() {
    on_both(async |service: Service| {
        let fixture = Fixture::new(service).await;
        let (mut unknown, mut wrong) = (0, 0);
        for operation in &fixture.operations() {
            let Some(body) = operation.body.as_ref().filter(|_| !OF_OTHERS.contains(&operation.id.as_str())) else {
                continue;
            };
            let (mut inside, mut single) = (Vec::new(), Vec::new());
            objects(body, "", &mut inside);
            leaves(body, "", &mut single);
            for pointer in inside {
                let mut changed = body.clone();
                changed.pointer_mut(&pointer).expect("there")["surprise"] = json!(1);
                let answer = fixture.send(operation, "", Some(changed.to_string()), &[]).await;
                assert_eq!(answer.status, 422, "{} {pointer}: {}", operation.id, answer.text);
                let problem = answer.is_problem(422, "invalid_field");
                let at = &problem["errors"][0]["pointer"];
                assert_eq!(at, &format!("{pointer}/surprise"), "{}: {problem}", operation.id);
                unknown += 1;
                let mut changed = body.clone();
                *changed.pointer_mut(&pointer).expect("there") = json!([]);
                let answer = fixture.send(operation, "", Some(changed.to_string()), &[]).await;
                let problem = answer.is_problem(422, "invalid_field");
                assert_eq!(problem["errors"][0]["pointer"], pointer, "{}: {problem}", operation.id);
            }
            for pointer in single {
                let mut changed = body.clone();
                *changed.pointer_mut(&pointer).expect("there") = json!({"surprise": 1});
                let answer = fixture.send(operation, "", Some(changed.to_string()), &[]).await;
                assert_eq!(answer.status, 422, "{} {pointer}: {}", operation.id, answer.text);
                let problem = answer.is_problem(422, "invalid_field");
                assert_eq!(problem["errors"][0]["pointer"], pointer, "{}: {problem}", operation.id);
                wrong += 1;
            }
        }
        println!("{unknown} unknown fields refused, {wrong} wrong values pointed at");
        assert!(unknown >= 19 && wrong >= 30, "{unknown}, {wrong}");
        fixture.service.stop().await;
    })
    .await;
}
