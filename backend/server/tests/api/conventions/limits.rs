//! How fast one may ask, and what is left of that (RateLimit header fields).

use std::collections::BTreeMap;

use serde_json::json;

use super::operations;
use crate::harness::{Answer, Service, on_both, on_both_with};

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_what_is_left_of_the_limits() {
    on_both(async |service: Service| {
        let stranger = service.stranger();
        let all = operations(&BTreeMap::new());
        for operation in &all {
            let answer = stranger.send(&operation.method, &operation.path, None, &[]).await;
            let (policy, left) = (answer.header("ratelimit-policy"), answer.header("ratelimit"));
            assert!(policy.contains("\"requests-address\";q="), "{}: {policy}", operation.id);
            assert!(left.contains("\"requests-address\";r="), "{}: {left}", operation.id);
        }
        let limited = |answer: &Answer| answer.header("ratelimit-policy").contains("\"orders-address\"");
        assert!(limited(&stranger.post("/api/v1/orders", json!({})).await));
        println!("{} operations tell their limits", all.len());
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_too_fast_is_told_when_to_try_again() {
    on_both_with(
        |settings| settings.limits.requests_per_minute = 1,
        async |service: Service| {
            let client = service.stranger();
            assert_eq!(client.get("/api/v1/service").await.status, 200);
            let refused = client.get("/api/v1/service").await;
            refused.is_problem(429, "too_many_requests");
            let seconds: u64 = refused.header("retry-after").parse().expect("seconds");
            assert!((1..=61).contains(&seconds), "{seconds}");
            assert_eq!(refused.header("ratelimit"), format!("\"requests-address\";r=0;t={seconds}"));
            assert_eq!(refused.header("ratelimit-policy"), "\"requests-address\";q=1;w=60");
            let mut program = service.operator();
            assert_eq!(program.get("/api/v1/service").await.status, 200, "a key is counted for itself");
            program.key = None;
            assert_eq!(program.get("/api/v1/service").await.status, 429);
            service.stop().await;
        },
    )
    .await;
}
