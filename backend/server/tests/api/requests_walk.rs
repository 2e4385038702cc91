//! A requested migration from its sending to the purge, between real servers: `make requests-walk`.
#![expect(clippy::print_stdout, reason = "how much was done")]

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use mailferry_lab::{CompareOptions, Dovecot, DovecotOptions, Mail, Sample, SmtpSink, compare};
use mailferry_server::jobs::{self, sweeper};
use mailferry_shared::secret::Secret;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    harness::{Client, Service, on_each},
    requests::{CALENDAR, CARDS, file, new_request},
    resellers::until,
    time::Time,
};

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

async fn done(client: &Client, path: &str, body: Value) -> Value {
    let answer = client.post(path, body).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()
}

/// All mails, once there are so many.
async fn mails(sink: &Arc<SmtpSink>, count: usize) -> Vec<Mail> {
    let sink = Arc::clone(sink);
    let wait = move || sink.await_mails(count, Duration::from_secs(60)).expect("mails");
    tokio::task::spawn_blocking(wait).await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_sent_request_to_purged_files() {
    on_each(from_a_sent_request_to_purged_files_on).await;
}

#[expect(clippy::too_many_lines, reason = "one story, from its beginning to its end")]
async fn from_a_sent_request_to_purged_files_on(database: Option<String>) {
    // Two real mail servers with two people, and one that takes the status mails.
    let server = || Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let (old, new) = (server(), server());
    for user in ["anna", "bob"] {
        Sample::Tiny.write(&old, user).expect("a mailbox");
    }
    let sink = Arc::new(SmtpSink::start(None).expect("a sink"));
    let clock = Time::now_in(database.as_deref()).await;
    let (ports, ca) = (vec![old.imaps_port(), new.imaps_port()], old.ca_file());
    let smtp = Secret::new(format!("smtp://127.0.0.1:{}", sink.port()));
    let service = Service::start_at_with(&clock, database, move |settings| {
        settings.outgoing.networks = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a network")).to_vec();
        settings.outgoing.ports = ports;
        settings.outgoing.ca_file = Some(ca);
        settings.smtp_url = Some(smtp);
        settings.desk.address = "desk@operator.example".parse().ok();
    })
    .await;
    let context = service.app.job_context().expect("a context");
    let shutdown = CancellationToken::new();
    let working = tokio::spawn(jobs::work(context.clone(), shutdown.clone()));

    // The customer looks at the file of accounts, then sends it with two files of their own.
    let mut customer = service.stranger();
    let row = |user: &str| format!("{user};secret;localhost:{}\r\n", old.imaps_port());
    let accounts = json!({
        "content": format!("source address;source password;source host\r\n{}{}", row("anna"), row("bob")),
        "destination_password": "secret",
    });
    let shown = done(&customer, "/api/v1/imports/preview", accounts.clone()).await;
    assert_eq!((&shown["layout"], shown["rows"].as_array().expect("rows").len()), (&json!("request"), 2), "{shown}");
    let mut body = new_request();
    body["accounts"] = accounts;
    body["attachments"] = json!([file("contacts.vcf", CARDS), file("calendar.ics", CALENDAR)]);
    body["destination"] = json!({"endpoint": {"host": "localhost", "port": new.imaps_port(), "tls": "implicit"}});
    body["options"] = json!({"include_trash": true, "include_junk": true});
    let sent = customer.post("/api/v1/requests", body).await;
    assert_eq!(sent.status, 201, "{}", sent.text);
    customer.cookie = sent.cookie();
    let sent = sent.json();
    let order = format!("/api/v1/orders/{}", text(&sent["request"]["order_id"]));
    let own = format!("{order}/request");

    // The operator sees it in the queue, takes the files, has the accounts checked, and says yes.
    let operator = service.operator();
    let queue = operator.get("/api/v1/requests?state=requested").await.json();
    let request = format!("/api/v1/requests/{}", text(&queue["items"][0]["id"]));
    let detail = operator.get(&request).await.json();
    let mut taken = Vec::new();
    for attachment in detail["attachments"].as_array().expect("files") {
        taken.push(operator.get(&format!("{request}/attachments/{}", text(&attachment["id"]))).await.text);
    }
    assert_eq!(taken, [CARDS, CALENDAR]);
    let check = operator.post(&format!("{order}/checks"), json!({})).await.json();
    until("the check", async || {
        let check = operator.get(&format!("{order}/checks/{}", text(&check["id"]))).await.json();
        (check["finished"] == true).then_some(())
    })
    .await;
    assert_eq!(operator.get(&order).await.json()["totals"]["pairs_checked"], 2);
    done(&operator, &format!("{request}/accept"), json!({})).await;

    // It is started for the wished time, and begins when that has come.
    let started = done(&operator, &format!("{request}/start"), json!({"waive_payment": true})).await;
    assert_eq!((&started["state"], &started["order_state"]), (&json!("accepted"), &json!("scheduled")), "{started}");
    assert_eq!(mails(&sink, 4).await.len(), 4, "received, the operator's, accepted and submitted");
    clock.advance(TimeDelta::hours(73)).await;
    let link = text(&sent["order"]["manage_url"]);
    let token = Secret::new(link.split("#token=").nth(1).expect("a token"));
    let customer = service.session(order.rsplit('/').next().expect("an id"), &token).await;
    until("the end", async || {
        let request = customer.get(&own).await.json();
        (request["state"] == "done").then_some(())
    })
    .await;
    let mut moved = 0;
    for user in ["anna", "bob"] {
        let differences = compare(&old.login(user), &new.login(user), &CompareOptions::default()).expect("are read");
        assert!(differences.details.is_empty() && differences.source_messages > 0, "{differences:?}");
        moved += differences.source_messages;
    }

    // Every step was told by mail, once, with the link that opens the order and without a secret.
    let mails = mails(&sink, 6).await;
    let mut subjects: Vec<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    subjects.sort_unstable();
    assert_eq!(
        subjects,
        [
            "A new request for a migration",
            "We have received your request",
            "Your migration has been submitted",
            "Your migration has finished: switch the MX record now",
            "Your migration has started",
            "Your request has been accepted",
        ]
    );
    let (operators, customers): (Vec<&Mail>, Vec<&Mail>) =
        mails.iter().partition(|mail| mail.envelope_to == ["desk@operator.example"]);
    assert!(operators.len() == 1 && !operators[0].text.contains("#token"), "{}", operators[0].text);
    let page = request.replace("/api/v1/", "/console/");
    assert!(operators[0].text.contains(&format!("{}{page}", service.base)), "{}", operators[0].text);
    for mail in customers {
        assert_eq!(mail.envelope_to, ["anna@example.org"]);
        assert!(mail.text.contains(&link) && !mail.text.contains("secret"), "{}", mail.text);
    }

    // It goes the way of every order: while it is kept it cannot be lost, and 30 days after its end it is purged.
    clock.advance(TimeDelta::days(14)).await;
    sweeper::sweep(&context).await.expect("sweeps");
    let closed = operator.get(&request).await.json();
    assert_eq!((&closed["state"], &closed["order_state"]), (&json!("done"), &json!("closed")));
    assert_eq!(closed["attachments"].as_array().expect("files").len(), 2);
    clock.advance(TimeDelta::days(30)).await;
    sweeper::sweep(&context).await.expect("sweeps");
    let purged = operator.get(&request).await.json();
    assert_eq!((&purged["attachments"], &purged["note"]), (&json!([]), &json!("")), "{purged}");
    assert!(purged.get("contact_address").is_none() && purged["state"] == "done", "{purged}");
    println!("requests-walk: {moved} messages moved and compared, {} mails, 2 files taken and purged", mails.len());
    shutdown.cancel();
    working.await.expect("ends");
    service.stop().await;
}
