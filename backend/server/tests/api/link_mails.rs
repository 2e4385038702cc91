//! The manage link, mailed once more to whoever has lost it.

use chrono::TimeDelta;
use mailferry_lab::SmtpSink;
use mailferry_shared::secret::Secret;
use serde_json::json;

use crate::{
    harness::{new_order, on_each},
    mails::{clock_and_mails, send},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_link_is_mailed_again_by_its_seller_alone_and_not_too_often() {
    on_each(a_lost_link_is_mailed_again_by_its_seller_alone_and_not_too_often_on).await;
}

async fn a_lost_link_is_mailed_again_by_its_seller_alone_and_not_too_often_on(database: Option<String>) {
    let sink = SmtpSink::start(None).expect("a sink");
    let (service, clock) = clock_and_mails(database, &sink).await;
    let context = service.app.job_context().expect("a context");
    let operator = service.operator();
    let mut german = new_order();
    german["language"] = json!("de");
    let mut owner = service.stranger();
    let made = owner.post("/api/v1/orders", german).await;
    owner.cookie = made.cookie();
    let order = made.json()["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/orders/{order}/link-mails");
    owner.post(&path, json!({})).await.is_problem(403, "forbidden");

    let asked = operator.send("POST", &path, Some("{}".to_owned()), &[("idempotency-key", "lost")]).await;
    assert_eq!((asked.status, &asked.json()["to"]), (202, &json!("anna@example.org")), "{}", asked.text);
    assert!(!asked.text.contains("token"), "the link is in the mail alone: {}", asked.text);
    let again = operator.send("POST", &path, Some("{}".to_owned()), &[("idempotency-key", "lost")]).await;
    assert_eq!((again.header("idempotency-replayed"), &again.text), ("true", &asked.text));
    let waits = operator.post(&path, json!({})).await;
    assert_eq!((waits.status, &waits.text), (202, &asked.text), "one is on its way");
    assert!(send(&context).await.is_empty());
    let mails = sink.mails().expect("mails");
    assert_eq!(mails.len(), 1, "one");
    let mail = &mails[0];
    assert_eq!(
        (mail.subject.as_str(), &mail.envelope_to[..]),
        ("Der Link zu Ihrem Umzug", &["anna@example.org".to_owned()][..])
    );
    let token = mail.text.split(&format!("/orders/{order}#token=")).nth(1).expect("a link");
    let token: String = token.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    assert!(mail.html.contains(&token), "{}", mail.html);
    let opened = service.session(&order, &Secret::new(token)).await;
    assert_eq!(opened.get(&format!("/api/v1/orders/{order}")).await.status, 200);

    let soon = operator.post(&path, json!({})).await;
    soon.is_problem(429, "too_many_requests");
    let wait: i64 = soon.header("retry-after").parse().expect("seconds");
    assert!((1..=301).contains(&wait), "{wait}");
    for _ in 1..5 {
        clock.advance(TimeDelta::seconds(wait)).await;
        assert_eq!(operator.post(&path, json!({})).await.status, 202);
        send(&context).await;
    }
    clock.advance(TimeDelta::seconds(wait)).await;
    let sixth = operator.post(&path, json!({})).await;
    sixth.is_problem(429, "too_many_requests");
    assert!(sixth.header("retry-after").parse::<i64>().expect("seconds") > 3600, "five times a day");
    assert_eq!(sink.mails().expect("mails").len(), 5);

    let mut silent = new_order();
    silent.as_object_mut().expect("an object").remove("notify_address");
    let silent = operator.post("/api/v1/orders", silent).await.json()["id"].as_str().expect("an id").to_owned();
    operator.post(&format!("/api/v1/orders/{silent}/link-mails"), json!({})).await.is_problem(409, "wrong_state");
    service
        .store
        .cancel_order(&service.store.order(order.parse().expect("an id")).await.expect("there"))
        .await
        .expect("cancelled");
    clock.advance(TimeDelta::days(60)).await;
    operator.post(&path, json!({})).await.is_problem(409, "wrong_state");
    service.stop().await;
}
