//! Invitations, and passwords that were forgotten: links by mail, read back from a real SMTP server.

use std::time::Duration;

use mailferry_lab::SmtpSink;
use mailferry_server::jobs;
use mailferry_shared::secret::Secret;
use mailferry_store::jobs::{JobKind, WorkerOptions};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{
    harness::{Client, Service, on_both, on_each},
    principals::{member, sign_in, tenant},
};

const PASSWORD: &str = "staple horse battery";

/// The token in a mail.
fn token(text: &str) -> String {
    let token = text.split("/console/password#token=").nth(1).expect("a link");
    token.chars().take_while(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter)).collect()
}

async fn set(service: &Service, token: &str, password: &str) -> crate::harness::Answer {
    service.stranger().post("/api/v1/passwords", json!({"token": token, "new_password": password})).await
}

/// Members' ids by the names that admins give them.
async fn id_of(admin: &Client, name: &str) -> String {
    let members = admin.get("/api/v1/members").await.json();
    let items = members["items"].as_array().expect("items").clone();
    let found = items.into_iter().find(|one| one["name"] == name).expect("the member");
    found["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_arrives_by_mail_sets_a_password_once_and_signs_in() {
    on_each(an_invitation_arrives_by_mail_sets_a_password_once_and_signs_in_on).await;
}

async fn an_invitation_arrives_by_mail_sets_a_password_once_and_signs_in_on(database: Option<String>) {
    let sink = SmtpSink::start(None).expect("a sink");
    let url = Secret::new(format!("smtp://127.0.0.1:{}", sink.port()));
    let service = Service::start_with(database, |settings| settings.smtp_url = Some(url)).await;
    let shutdown = CancellationToken::new();
    let handler = std::sync::Arc::new(jobs::Handler(service.app.job_context().expect("a context")));
    let options = WorkerOptions::new("mails", vec![(JobKind::PasswordMail, 1)]);
    let worker = tokio::spawn(jobs_of(service.store.clone(), options, handler, shutdown.clone()));

    let (_, admin) = tenant(&service, "alpha").await;
    let new = json!({"name": "Mate", "mail": "mate@alpha.example"});
    assert_eq!(admin.post("/api/v1/members", new).await.status, 201);
    let path = format!("/api/v1/members/{}/password-link", id_of(&admin, "Mate").await);
    let sent = admin.post(&path, json!({"language": "de"})).await;
    assert_eq!((sent.status, &sent.json()["kind"]), (201, &json!("invitation")), "{}", sent.text);
    let forgotten = json!({"mail": "MATE@alpha.example"});
    let sink = first_mail(sink).await;
    let mails = sink.mails().expect("mails");
    assert_eq!(mails[0].subject, "Einladung zur Konsole von alpha");
    assert_eq!(mails[0].envelope_to, ["mate@alpha.example"]);
    let invitation = token(&mails[0].text);

    set(&service, &invitation, "short").await.is_problem(422, "invalid_field");
    let mut mate = service.stranger();
    let answer = set(&service, &invitation, PASSWORD).await;
    assert_eq!((answer.status, &answer.json()["tenant_name"]), (201, &json!("alpha")), "{}", answer.text);
    mate.cookie = answer.cookie();
    assert_eq!(mate.get("/api/v1/me").await.status, 200);
    set(&service, &invitation, PASSWORD).await.is_problem(401, "link_invalid");
    sign_in(&service, "mate@alpha.example", PASSWORD).await;

    let asked = service.stranger().post("/api/v1/password-links", forgotten).await;
    let unknown = service.stranger().post("/api/v1/password-links", json!({"mail": "nobody@alpha.example"})).await;
    assert_eq!((asked.status, &asked.text), (202, &unknown.text), "nobody learns who is a member");
    assert_eq!(unknown.status, 202);
    let first = json!({"name": "Paula", "mail": "paula@beta.example", "language": "it"});
    let beta = service.operator().post("/api/v1/tenants", json!({"name": "beta", "admin": first})).await;
    assert_eq!(beta.status, 201, "{}", beta.text);
    let mails = tokio::task::spawn_blocking(move || {
        sink.await_mails(3, Duration::from_secs(60)).expect("mails");
        sink.mails().expect("mails")
    });
    let mails = mails.await.expect("no panic");
    let paula = mails.iter().find(|mail| mail.envelope_to == ["paula@beta.example"]).expect("the mail");
    assert!(paula.subject.contains("beta") && !paula.subject.starts_with("Invitation"), "{}", paula.subject);
    assert_eq!(set(&service, &token(&paula.text), "beta horse battery").await.json()["tenant_name"], "beta");
    let reset = mails.iter().find(|mail| mail.subject == "A new password for the console of alpha").expect("the mail");
    assert_eq!(set(&service, &token(&reset.text), "another horse battery").await.status, 201);
    mate.get("/api/v1/me").await.is_problem(401, "not_signed_in");
    assert!(!service.answered.lock().expect("no panic").contains(&invitation), "a token stands in mails alone");
    shutdown.cancel();
    worker.await.expect("no panic");
    service.stop().await;
}

async fn jobs_of(
    store: mailferry_store::Store,
    options: WorkerOptions,
    handler: std::sync::Arc<jobs::Handler>,
    shutdown: CancellationToken,
) {
    mailferry_store::jobs::work(store, options, handler, shutdown).await;
}

async fn first_mail(sink: SmtpSink) -> SmtpSink {
    let waiting = tokio::task::spawn_blocking(move || {
        sink.await_mails(1, Duration::from_secs(60)).expect("a mail");
        sink
    });
    waiting.await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_invite_and_only_members_of_their_own_tenant() {
    on_both(async |service| {
        let (_, admin) = tenant(&service, "alpha").await;
        let anna = member(&service, &admin, "anna@alpha.example", "member", &[]).await;
        let path = format!("/api/v1/members/{}/password-link", id_of(&admin, "anna@alpha.example").await);
        anna.post(&path, json!({})).await.is_problem(403, "forbidden");
        let (_, other) = tenant(&service, "beta").await;
        other.post(&path, json!({})).await.is_problem(404, "not_found");
        // No mail server is set here.
        admin.post(&path, json!({})).await.is_problem(409, "wrong_state");
        for wrong in ["", "nonsense", "AZnRxF1eehCML3E_f8XAAckVc2sB0kJ1m9y5hQ2yHhZ0bXlJ2o9wq5R0s7u3C1aT"] {
            set(&service, wrong, PASSWORD).await.is_problem(401, "link_invalid");
        }
        service.stop().await;
    })
    .await;
}
