//! What can be done with an order that waits for its start, or for the operator.

use chrono::TimeDelta;
use mailferry_lab::{Proxy, SmtpSink};
use mailferry_server::jobs::{dispatch, life};
use mailferry_shared::{ids::RunId, secret::Secret};
use mailferry_store::jobs::{JobKind, JobOutcome, JobQueue, LOCK};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    harness::{Service, on_both, on_each},
    requests::new_request,
    resellers::until,
    schedule::{account, paid},
};

fn has(answer: &Value, action: &str) -> bool {
    answer["actions"].as_array().expect("actions").contains(&json!(action))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_is_taken_back_changed_and_made_again_until_it_has_come() {
    on_both(async |service: Service| {
        let (path, client) = paid(&service, &[account("anna@old.example"), account("bert@old.example")]).await;
        let tomorrow = service.store.now() + TimeDelta::days(1);
        let start = json!({"earliest_start": tomorrow, "delta_schedule": {"trigger": "after_delay"}});
        let scheduled = client.post(&format!("{path}/start"), start).await.json();
        assert!(scheduled["state"] == "scheduled" && has(&scheduled, "unschedule"), "{scheduled}");
        assert!(has(&client.get(&format!("{path}/progress")).await.json(), "unschedule"));
        let mut refused =
            client.get(&format!("{path}/accounts")).await.json()["items"].as_array().expect("pairs").clone();
        let pair = format!("{path}/accounts/{}", refused.remove(1)["id"].as_str().expect("an id"));
        client.patch(&pair, json!({"ticked": false})).await.is_problem(409, "wrong_state");
        let viewer = service.viewer(path.rsplit('/').next().expect("an id")).await;
        viewer.post(&format!("{path}/unschedule"), json!({})).await.is_problem(403, "forbidden");

        let draft = client.post(&format!("{path}/unschedule"), json!({})).await.json();
        assert!(draft["state"] == "draft" && has(&draft, "change") && has(&draft, "start"), "{draft}");
        assert!(!has(&draft, "unschedule") && draft.get("delta_schedule").is_none() && draft.get("kind").is_none());
        client.post(&format!("{path}/unschedule"), json!({})).await.is_problem(409, "wrong_state");
        assert_eq!(client.patch(&pair, json!({"ticked": false})).await.status, 200);
        let again = client.post(&format!("{path}/start"), json!({})).await.json();
        assert_eq!((&again["state"], again.get("delta_schedule")), (&json!("scheduled"), None), "{again}");
        // What the second account had been paid for came back to its voucher.
        assert_eq!(again["payment"], json!({"pairs_covered": 1, "pairs_needed": 1, "pairs_surplus": 0}));

        let progress = client.get(&format!("{path}/progress")).await.json();
        let run: RunId = progress["pairs"][0]["run"]["id"].as_str().expect("a run").parse().expect("an id");
        life::run_begins(&service.app.job_context().expect("a context"), run).await.expect("begins");
        let late = client.post(&format!("{path}/unschedule"), json!({})).await.is_problem(409, "wrong_state");
        assert_eq!(late["detail"], "An order that is active cannot take its start back.", "{late}");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_asked_the_operator_is_offered_no_start_anywhere() {
    on_both(async |service: Service| {
        let mut client = service.stranger();
        let sent = client.post("/api/v1/requests", new_request()).await;
        client.cookie = sent.cookie();
        let path = format!("/api/v1/orders/{}", sent.json()["request"]["order_id"].as_str().expect("an id"));
        for answer in [client.get(&path).await.json(), client.get(&format!("{path}/progress")).await.json()] {
            assert!(has(&answer, "cancel") && !has(&answer, "start"), "{answer}");
        }
        client.post(&format!("{path}/start"), json!({"kind": "trial"})).await.is_problem(409, "wrong_state");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_on_its_way_when_its_start_is_taken_back_is_no_failure() {
    on_each(a_mail_that_is_on_its_way_when_its_start_is_taken_back_is_no_failure_on).await;
}

async fn a_mail_that_is_on_its_way_when_its_start_is_taken_back_is_no_failure_on(database: Option<String>) {
    let sink = SmtpSink::start(None).expect("a sink");
    let line = Proxy::start(sink.port()).expect("a proxy");
    let url = Secret::new(format!("smtp://127.0.0.1:{}", line.port()));
    let service = Service::start_with(database, |settings| settings.smtp_url = Some(url)).await;
    let context = service.app.job_context().expect("a context");
    let (order, _, client) = service.order_with_pair().await;
    let path = format!("/api/v1/orders/{order}");
    let body = json!({"kind": "trial", "earliest_start": service.store.now() + TimeDelta::days(1)});
    assert_eq!(client.post(&format!("{path}/start"), body).await.status, 200);
    let jobs = service.store.take("mails", JobKind::SendMail, 9, LOCK).await.expect("takes");
    assert_eq!(jobs.len(), 1, "it tells that the migration was submitted");

    line.freeze();
    let stop = CancellationToken::new();
    let sending = Box::pin(dispatch::perform(&context, &jobs[0], &stop));
    let taking_back = async {
        until("the mail is on its way", async || (!line.passed().is_empty()).then_some(())).await;
        let back = client.post(&format!("{path}/unschedule"), json!({})).await;
        line.thaw();
        back
    };
    let (sent, back) = tokio::join!(sending, taking_back);
    assert_eq!((back.status, &back.json()["state"]), (200, &json!("draft")), "{}", back.text);
    assert!(matches!(sent, Ok(JobOutcome::Done)), "nothing is left to note, and nothing to try again: {sent:?}");
    assert_eq!(sink.mails().expect("mails").len(), 1);
    service.stop().await;
}
