//! Status mails, read back from a real SMTP server.

use std::time::Duration;

use mailferry_lab::SmtpSink;
use mailferry_server::jobs::{self, life};
use mailferry_shared::{ids::RunId, run::RunState, secret::Secret};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::harness::Service;

#[tokio::test(flavor = "multi_thread")]
async fn start_and_end_are_told_with_a_link_that_opens_the_order() {
    let sink = SmtpSink::start(None).expect("a sink");
    let url = Secret::new(format!("smtp://127.0.0.1:{}", sink.port()));
    let service = Service::start_with(None, |settings| settings.smtp_url = Some(url)).await;
    let context = service.app.job_context().expect("a context");
    let shutdown = CancellationToken::new();
    // Only mails: nobody may log in anywhere here.
    let (store, kinds) = (service.store.clone(), vec![(mailferry_store::jobs::JobKind::SendMail, 1)]);
    let options = mailferry_store::jobs::WorkerOptions::new("mails", kinds);
    let handler = std::sync::Arc::new(jobs::Handler(context.clone()));
    let worker = tokio::spawn(mailferry_store::jobs::work(store, options, handler, shutdown.clone()));

    let (order, _, client) = service.order_with_pair().await;
    let path = format!("/api/v1/orders/{order}");
    let batch = service.operator().post("/api/v1/vouchers", json!({"pairs": 1})).await.json();
    client.post(&format!("{path}/voucher"), json!({"code": batch["items"][0]["code"]})).await;
    assert_eq!(client.post(&format!("{path}/start"), json!({})).await.json()["state"], "scheduled");
    let progress = client.get(&format!("{path}/progress")).await.json();
    let run: RunId = progress["pairs"][0]["run"]["id"].as_str().expect("a run").parse().expect("an id");
    for _ in 0..2 {
        life::run_begins(&context, run).await.expect("begins");
    }
    service.store.change_run(run, RunState::Running, None, None).await.expect("runs");
    service.store.change_run(run, RunState::Succeeded, None, None).await.expect("ends");
    for _ in 0..2 {
        life::run_ended(&context, run).await.expect("ends");
    }
    let mails = tokio::task::spawn_blocking(move || {
        sink.await_mails(3, Duration::from_secs(30)).expect("mails");
        std::thread::sleep(Duration::from_millis(300));
        sink.mails().expect("mails")
    });
    let mails = mails.await.expect("no panic");
    let mut subjects: Vec<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    subjects.sort_unstable();
    assert_eq!(
        subjects,
        [
            "Your migration has been submitted",
            "Your migration has finished: switch the MX record now",
            "Your migration has started",
        ],
        "each once, however often a step is repeated"
    );
    for mail in &mails {
        assert_eq!(mail.envelope_to, ["anna@example.org"]);
        assert!(mail.text.contains(&format!("Order number: {order}")), "{}", mail.text);
        assert!(!mail.text.contains("secret"), "{}", mail.text);
        let token = mail.text.split("#token=").nth(1).expect("a token");
        let token: String = token.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
        let opened = service.session(&order, &Secret::new(token)).await;
        assert_eq!(opened.get(&path).await.status, 200);
    }
    shutdown.cancel();
    worker.await.expect("no panic");
    service.stop().await;
}
