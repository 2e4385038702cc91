//! Status mails, read back from a real SMTP server.

use std::time::Duration;

use chrono::TimeDelta;
use mailferry_lab::{Mail, SmtpSink, SmtpTls};
use mailferry_server::{
    jobs::{self, JobContext, dispatch, life, sweeper},
    mail::texts::Texts,
    settings::Settings,
};
use mailferry_shared::{
    finding::{Finding, FindingCode},
    ids::{OrderId, RunId},
    order::Language,
    payment::{PaymentMethod, Price},
    run::RunState,
    secret::Secret,
};
use mailferry_store::{
    MailKind, OPERATOR_TENANT,
    jobs::{JobKind, JobQueue, LOCK},
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{
    harness::{Service, new_order, on_each},
    time::Time,
};

#[tokio::test(flavor = "multi_thread")]
async fn start_and_end_are_told_with_a_link_that_opens_the_order() {
    on_each(start_and_end_are_told_with_a_link_that_opens_the_order_on).await;
}

async fn start_and_end_are_told_with_a_link_that_opens_the_order_on(database: Option<String>) {
    let sink = SmtpSink::start(None).expect("a sink");
    let url = Secret::new(format!("smtp://127.0.0.1:{}", sink.port()));
    let service = Service::start_with(database, |settings| settings.smtp_url = Some(url)).await;
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
        sink.await_mails(3, Duration::from_secs(60)).expect("mails");
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

const KINDS: [MailKind; 15] = [
    MailKind::Submitted,
    MailKind::Started,
    MailKind::Finished,
    MailKind::DeltaStarted,
    MailKind::DeltaFinished,
    MailKind::ActionNeeded,
    MailKind::LinkExpires,
    MailKind::ManageLink,
    MailKind::Receipt,
    MailKind::RequestReceived,
    MailKind::RequestAccepted,
    MailKind::RequestAwaitsPayment,
    MailKind::RequestDeclined,
    MailKind::RequestCancelled,
    MailKind::RequestExpired,
];

/// Sends what is due; when each mail that was not taken is tried again.
pub(crate) async fn send(context: &JobContext) -> Vec<TimeDelta> {
    let mut waits = Vec::new();
    for job in context.store.take("mails", JobKind::SendMail, 100, LOCK).await.expect("takes") {
        let outcome = Box::pin(dispatch::perform(context, &job, &CancellationToken::new())).await.expect("works");
        match outcome.again(&job) {
            None => context.store.finish(&[job]).await.expect("ends"),
            Some((at, failures)) => {
                waits.push(at - context.store.now());
                context.store.put_back_after(&job, at, failures).await.expect("put back");
            }
        }
    }
    waits
}

/// A service whose time is moved by hand, and whose mails go to this sink.
pub(crate) async fn clock_and_mails(database: Option<String>, sink: &SmtpSink) -> (Service, Time) {
    let clock = Time::now_in(database.as_deref()).await;
    let url = Secret::new(format!("smtp://127.0.0.1:{}", sink.port()));
    let service = Service::start_at_with(&clock, database, |settings| settings.smtp_url = Some(url)).await;
    (service, clock)
}

fn by_tls(sink: &SmtpSink, mode: SmtpTls) -> impl Fn(&mut Settings) {
    move |settings| {
        let url = match mode {
            SmtpTls::None => format!("smtp://localhost:{}", sink.port()),
            SmtpTls::Implicit => format!("smtps://localhost:{}", sink.port()),
            SmtpTls::StartTls => format!("smtp://localhost:{}?tls=required", sink.port()),
        };
        settings.smtp_url = Some(Secret::new(url));
        settings.outgoing.ca_file = Some(sink.ca_file());
    }
}

/// An order in a language, with every kind of mail queued: one account is stuck, and it was paid for.
async fn everything(service: &Service, language: Language) -> OrderId {
    let mut client = service.stranger();
    let mut order = new_order();
    order["language"] = json!(language);
    let answer = client.post("/api/v1/orders", order).await;
    client.cookie = answer.cookie();
    let id = answer.json()["id"].as_str().expect("an id").to_owned();
    client.post(&format!("/api/v1/orders/{id}/accounts"), crate::harness::new_account("anna")).await;
    client.post(&format!("/api/v1/orders/{id}/start"), json!({})).await;
    let (store, id) = (&service.store, id.parse().expect("an id"));
    let payment = store.begin_payment(id, PaymentMethod::Paypal).await.expect("begun").id;
    assert!(store.payment_settled(payment, "3C679366HH908993F").await.expect("paid").started);
    let run = store.progress(id).await.expect("progress")[0].run.as_ref().expect("a run").id;
    store.begin_order(id).await.expect("begins");
    store.change_run(run, RunState::Running, None, None).await.expect("runs");
    let full = Finding::new(FindingCode::MailboxFull);
    store.change_run(run, RunState::Paused, Some(&full), None).await.expect("parked");
    for kind in KINDS {
        let occasion = if kind == MailKind::Receipt { payment.to_string() } else { "once".to_owned() };
        store.queue_mail(id, kind, &occasion).await.expect("queued").expect("new");
    }
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mail_of_every_language_arrives_over_tls_and_holds_no_secret() {
    for mode in [SmtpTls::Implicit, SmtpTls::StartTls] {
        on_each(async |database| every_mail_arrives_by(mode, database).await).await;
    }
}

async fn every_mail_arrives_by(mode: SmtpTls, database: Option<String>) {
    let sink = SmtpSink::start_with(None, mode, 0).expect("a sink");
    let service = Service::start_with(database, by_tls(&sink, mode)).await;
    let price = Price {
        currency: "EUR".parse().expect("a currency"),
        pair_minor: 149_000,
        tax_name: "MwSt.".to_owned(),
        tax_basis_points: 1900,
        tax_included: true,
    };
    service.store.set_price(OPERATOR_TENANT, Some(&price)).await.expect("a price");
    let mut orders = Vec::new();
    for language in Language::ALL {
        orders.push((language, everything(&service, language).await));
    }
    assert!(send(&service.app.job_context().expect("a context")).await.is_empty());
    let mails = sink.await_mails(KINDS.len() * Language::ALL.len(), Duration::from_secs(60)).expect("mails");
    for (language, order) in orders {
        let own: Vec<&Mail> = mails.iter().filter(|mail| mail.text.contains(&order.to_string())).collect();
        assert_eq!(own.len(), KINDS.len(), "{language:?}");
        let texts = Texts::of(language).expect("texts");
        for kind in KINDS {
            let text = texts.text(kind, Some(mailferry_shared::order::StartKind::Main));
            let mail = own.iter().find(|mail| mail.subject == text.subject).expect("one of this kind");
            reads_well(mail, &texts, kind);
            assert!(mail.text.contains(&format!("{}/orders/{order}#token=", service.base)), "{}", mail.text);
        }
    }
    service.stop().await;
}

fn reads_well(mail: &Mail, texts: &Texts, kind: MailKind) {
    assert!(mail.text.starts_with(&texts.greeting), "{}", mail.text);
    assert!(mail.html.contains(&format!("<html lang=\"{}\">", texts.language)), "{}", mail.html);
    for part in [&mail.subject, &mail.text] {
        assert!(!part.contains(['{', '}', '\u{fffd}']), "{part}");
    }
    for secret in ["old-secret", "new-secret", "mf_live_"] {
        assert!(!mail.text.contains(secret) && !mail.html.contains(secret), "{}", mail.text);
    }
    let total = texts.format.money("EUR".parse().expect("a currency"), 149_000);
    match kind {
        MailKind::ActionNeeded => {
            let line = format!("anna@old.example: {}", texts.finding(FindingCode::MailboxFull));
            assert!(mail.text.contains(&line), "{}", mail.text);
        }
        MailKind::Receipt => {
            let line = format!("{}: {total}", texts.fact_total);
            assert!(mail.text.contains(&line) && mail.text.contains("3C679366HH908993F"), "{}", mail.text);
        }
        MailKind::Finished => assert!(mail.text.contains("imap.new.example"), "{}", mail.text),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_mail_server_is_tried_again_with_growing_waits() {
    on_each(a_busy_mail_server_is_tried_again_with_growing_waits_on).await;
}

async fn a_busy_mail_server_is_tried_again_with_growing_waits_on(database: Option<String>) {
    let sink = SmtpSink::start_with(None, SmtpTls::StartTls, 3).expect("a sink");
    let clock = Time::now_in(database.as_deref()).await;
    let service = Service::start_at_with(&clock, database, by_tls(&sink, SmtpTls::StartTls)).await;
    let context = service.app.job_context().expect("a context");
    let (order, _) = service.order().await;
    let order: OrderId = order.parse().expect("an id");
    service.store.queue_mail(order, MailKind::Submitted, "").await.expect("queued");
    for minutes in [1, 2, 4] {
        assert_eq!(send(&context).await, [TimeDelta::minutes(minutes)]);
        assert!(send(&context).await.is_empty(), "not before its time");
        clock.advance(TimeDelta::minutes(minutes)).await;
    }
    assert!(send(&context).await.is_empty());
    assert_eq!(sink.mails().expect("mails").len(), 1);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_refused_for_good_is_tried_once() {
    on_each(a_mail_that_is_refused_for_good_is_tried_once_on).await;
}

async fn a_mail_that_is_refused_for_good_is_tried_once_on(database: Option<String>) {
    let sink = SmtpSink::start_refusing().expect("a sink");
    let url = Secret::new(format!("smtp://127.0.0.1:{}", sink.port()));
    let service = Service::start_with(database, |settings| settings.smtp_url = Some(url)).await;
    let context = service.app.job_context().expect("a context");
    let (order, _) = service.order().await;
    let order: OrderId = order.parse().expect("an id");
    service.store.queue_mail(order, MailKind::Submitted, "").await.expect("queued");
    assert_eq!(send(&context).await, []);
    let left = service.store.left_behind().await.expect("looks");
    assert!(!left.iter().any(|(kind, _)| *kind == JobKind::SendMail), "the sweep lets it be: {left:?}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_whose_certificate_is_not_trusted_gets_no_mail() {
    for mode in [SmtpTls::Implicit, SmtpTls::StartTls] {
        on_each(async |database| no_mail_is_sent_without_trust_by(mode, database).await).await;
    }
}

async fn no_mail_is_sent_without_trust_by(mode: SmtpTls, database: Option<String>) {
    let sink = SmtpSink::start_with(None, mode, 0).expect("a sink");
    let service = Service::start_with(database, |settings| {
        by_tls(&sink, mode)(settings);
        settings.outgoing.ca_file = None;
    })
    .await;
    let (order, _) = service.order().await;
    let order: OrderId = order.parse().expect("an id");
    service.store.queue_mail(order, MailKind::Submitted, "").await.expect("queued");
    assert_eq!(send(&service.app.job_context().expect("a context")).await.len(), 1, "{mode:?}: tried again later");
    assert!(sink.mails().expect("mails").is_empty());
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_link_is_told_before_then_all_is_closed_and_a_month_later_purged() {
    on_each(the_end_of_a_link_is_told_before_then_all_is_closed_and_a_month_later_purged_on).await;
}

async fn the_end_of_a_link_is_told_before_then_all_is_closed_and_a_month_later_purged_on(database: Option<String>) {
    let sink = SmtpSink::start(None).expect("a sink");
    let clock = Time::now_in(database.as_deref()).await;
    let url = Secret::new(format!("smtp://127.0.0.1:{}", sink.port()));
    let service = Service::start_at_with(&clock, database, |settings| settings.smtp_url = Some(url)).await;
    let context = service.app.job_context().expect("a context");
    let (order, _, client) = service.order_with_pair().await;
    let path = format!("/api/v1/orders/{order}");
    client.post(&format!("{path}/start"), json!({"kind": "trial"})).await;
    let progress = client.get(&format!("{path}/progress")).await.json();
    let run: RunId = progress["pairs"][0]["run"]["id"].as_str().expect("a run").parse().expect("an id");
    life::run_begins(&context, run).await.expect("begins");
    service.store.change_run(run, RunState::Running, None, None).await.expect("runs");
    service.store.change_run(run, RunState::Succeeded, None, None).await.expect("ends");
    life::run_ended(&context, run).await.expect("ends");
    send(&context).await;
    let before = sink.mails().expect("mails").len();
    for _ in 0..3 {
        clock.advance(TimeDelta::hours(4 * 24)).await;
        sweeper::sweep(&context).await.expect("sweeps");
        send(&context).await;
    }
    let mails = sink.mails().expect("mails");
    assert_eq!(mails.len(), before + 1, "once, on the twelfth of fourteen days");
    let mail = mails.iter().find(|mail| mail.subject == "The link to your migration expires soon").expect("one");
    assert!(mail.text.contains("the passwords are erased"), "{}", mail.text);
    clock.advance(TimeDelta::days(3)).await;
    sweeper::sweep(&context).await.expect("sweeps");
    let operator = service.operator();
    assert_eq!(operator.get(&path).await.json()["state"], "closed");
    let accounts = operator.get(&format!("{path}/accounts")).await.json();
    assert_eq!(accounts["items"][0]["source"]["has_password"], false, "erased with the link");
    clock.advance(TimeDelta::days(30)).await;
    sweeper::sweep(&context).await.expect("sweeps");
    assert_eq!(operator.get(&format!("{path}/accounts")).await.json()["items"], json!([]));
    let purged = operator.get(&path).await.json();
    assert_eq!((purged.get("notify_address"), &purged["state"]), (None, &json!("closed")), "{purged}");
    service.stop().await;
}
