//! What a check or a search finds wrong before any server could say so: each code, and what leads to it.

use std::sync::Arc;

use mailferry_server::{
    jobs::{JobContext, dispatch},
    providers::Providers,
};
use mailferry_store::jobs::{JobKind, JobOutcome, JobQueue, LOCK};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::harness::{Client, Service, new_account, new_order, on_both, on_both_with};

/// Does all jobs of this kind, as a worker would.
async fn work(service: &Service, kind: JobKind) {
    work_with(&service.app.job_context().expect("a context"), kind).await;
}

async fn work_with(context: &JobContext, kind: JobKind) {
    let jobs = context.store.take("findings", kind, 9, LOCK).await.expect("takes");
    assert_eq!(jobs.len(), 1);
    let done = Box::pin(dispatch::perform(context, &jobs[0], &CancellationToken::new())).await.expect("works");
    assert!(matches!(done, JobOutcome::Done), "{done:?}");
    context.store.finish(&jobs).await.expect("ends");
}

/// Checks the only account of a new order: the codes of the findings of its source.
async fn checked(service: &Service, order: Value, account: Value) -> Vec<Value> {
    let context = service.app.job_context().expect("a context");
    let found = checked_with(service, &context, order, account).await;
    found.iter().map(|finding| finding["code"].clone()).collect()
}

async fn checked_with(service: &Service, context: &JobContext, order: Value, account: Value) -> Vec<Value> {
    let mut client: Client = service.stranger();
    let made = client.post("/api/v1/orders", order).await;
    assert_eq!(made.status, 201, "{}", made.text);
    client.cookie = made.cookie();
    let path = format!("/api/v1/orders/{}", made.json()["id"].as_str().expect("an id"));
    let added = client.post(&format!("{path}/accounts"), account).await;
    assert_eq!(added.status, 201, "{}", added.text);
    let begun = client.post(&format!("{path}/checks"), json!({})).await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    work_with(context, JobKind::Check).await;
    let check = client.get(begun.header("location")).await.json();
    let source = check["items"].as_array().expect("items").iter().find(|item| item["side"] == "source");
    let source = source.unwrap_or_else(|| panic!("{check}"));
    assert_eq!(source["login"], "failed", "{check}");
    source["findings"].as_array().expect("findings").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_same_account_when_a_mailbox_would_be_copied_into_itself() {
    on_both(async |service: Service| {
        let mut order = new_order();
        order["source"] = order["destination"].clone();
        let mut account = new_account("anna");
        account["destination"]["user"] = account["source"]["user"].clone();
        assert_eq!(checked(&service, order, account).await, ["same_account"]);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_password_missing_when_none_was_entered() {
    on_both(async |service: Service| {
        let mut account = new_account("anna");
        account["source"].as_object_mut().expect("an object").remove("password");
        assert_eq!(checked(&service, new_order(), account).await, ["password_missing"]);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_server_missing_when_no_provider_was_chosen() {
    on_both(async |service: Service| {
        let mut order = new_order();
        order.as_object_mut().expect("an object").remove("source");
        assert_eq!(checked(&service, order, new_account("anna")).await, ["server_missing"]);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_name_server_silent_when_the_dns_does_not_answer() {
    let gone = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    on_both_with(
        |settings| settings.outgoing.dns = Some(gone),
        async |service: Service| {
            let client = service.stranger();
            let begun = client.post("/api/v1/discoveries", json!({"address": "anna@old.example"})).await;
            work(&service, JobKind::Discovery).await;
            let found = client.get(begun.header("location")).await.json();
            let step = |origin: &str| {
                let steps = found["steps"].as_array().expect("steps");
                steps.iter().find(|step| step["origin"] == origin).unwrap_or_else(|| panic!("{found}")).clone()
            };
            for origin in ["mail_exchanger", "service_record"] {
                assert_eq!(step(origin)["finding"]["code"], "name_server_silent", "{found}");
            }
            service.stop().await;
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_service_ends_when_a_provider_has_named_the_day() {
    let row = json!([{
        "id": "ending", "name": "Ending", "domains": [], "endpoint": {"host": "localhost", "port": 993, "tls": "implicit"},
        "source": "https://ending.example", "ends_on": "2027-03-31",
    }]);
    on_both(async |service: Service| {
        let providers = Arc::new(Providers::parse(&row.to_string()).expect("a list"));
        let context = JobContext { providers, ..service.app.job_context().expect("a context") };
        let mut order = new_order();
        order["source"] = json!({"endpoint": {"host": "localhost", "port": 993}});
        let found = checked_with(&service, &context, order, new_account("anna")).await;
        let ends = found.iter().find(|finding| finding["code"] == "service_ends").expect("told beside the rest");
        assert_eq!(
            (&ends["severity"], &ends["detail"]["until"]),
            (&json!("warning"), &json!("2027-03-31T00:00:00Z")),
            "{ends}"
        );
        service.stop().await;
    })
    .await;
}
