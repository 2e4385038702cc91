//! Every status mail at its moment and once, read back from a real SMTP server.

use chrono::TimeDelta;
use mailferry_lab::{DnsServer, Mail, SmtpSink};
use mailferry_server::{
    jobs::{JobContext, life, sweeper},
    mail::texts::Texts,
};
use mailferry_shared::{
    finding::{Finding, FindingCode},
    ids::RunId,
    order::{Language, StartKind},
    run::RunState,
    secret::Secret,
};
use mailferry_store::MailKind;
use serde_json::{Value, json};

use crate::{
    harness::{Client, Service, on_both_at_with},
    mails,
    schedule::{account, cut_over, mx, paid, work},
    time::Time,
};

/// Where mails arrive, and what was read of them.
struct Post<'a> {
    sink: &'a SmtpSink,
    context: JobContext,
    kind: StartKind,
    read: usize,
}

impl<'a> Post<'a> {
    fn new(sink: &'a SmtpSink, service: &Service, kind: StartKind) -> Self {
        let read = sink.mails().expect("mails").len();
        Self { sink, context: service.app.job_context().expect("a context"), kind, read }
    }

    /// Sends what is due; what has arrived since the last time.
    async fn new_mails(&mut self) -> Vec<Mail> {
        assert!(mails::send(&self.context).await.is_empty(), "every mail is taken");
        let mut all = self.sink.mails().expect("mails");
        let new = all.split_off(self.read);
        self.read += new.len();
        new
    }

    /// Makes sure that exactly these have arrived, in any order.
    async fn tells(&mut self, kinds: &[MailKind]) {
        let texts = Texts::of(Language::En).expect("texts");
        let mut expected: Vec<&str> =
            kinds.iter().map(|kind| texts.text(*kind, Some(self.kind)).subject.as_str()).collect();
        let mut subjects: Vec<String> = self.new_mails().await.into_iter().map(|mail| mail.subject).collect();
        expected.sort_unstable();
        subjects.sort_unstable();
        assert_eq!(subjects, expected);
    }
}

/// Does `test` on both databases with a mail server.
async fn with_mails(dns: Option<&DnsServer>, test: impl AsyncFn(Service, Time, &SmtpSink)) {
    let sink = SmtpSink::start(None).expect("a sink");
    let port = sink.port();
    let told = on_both_at_with(
        |settings| {
            settings.smtp_url = Some(Secret::new(format!("smtp://127.0.0.1:{port}")));
            settings.outgoing.dns = dns.map(DnsServer::address);
        },
        async |service, clock| test(service, clock, &sink).await,
    );
    Box::pin(told).await;
}

async fn post(client: &Client, path: &str, body: Value) {
    let answer = client.post(path, body).await;
    assert!(answer.status < 300, "{path}: {}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_submitted_mail_started_and_mail_finished_are_told_once_and_the_end_of_each_try() {
    with_mails(None, async |service, _, sink| {
        let mut mails = Post::new(sink, &service, StartKind::Trial);
        let context = mails.context.clone();
        let (order, _, client) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}");
        post(&client, &format!("{path}/start"), json!({"kind": "trial"})).await;
        mails.tells(&[MailKind::Submitted]).await;
        work(&context, &client, &path, RunState::Partial).await;
        mails.tells(&[MailKind::Started, MailKind::Finished]).await;
        post(&client, &format!("{path}/retry"), json!({})).await;
        mails.tells(&[]).await;
        work(&context, &client, &path, RunState::Succeeded).await;
        mails.tells(&[MailKind::Finished]).await;
        life::conclude(&context, order.parse().expect("an id")).await.expect("again");
        mails.tells(&[]).await;
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_finished_names_accounts_that_are_not_done_and_then_advises_nothing_on_the_mx_record() {
    with_mails(None, async |service, _, sink| {
        let mut mails = Post::new(sink, &service, StartKind::Main);
        let context = mails.context.clone();
        let (path, client) = paid(&service, &[account("anna@one.example"), account("bert@one.example")]).await;
        post(&client, &format!("{path}/start"), json!({})).await;
        let progress = client.get(&format!("{path}/progress")).await.json();
        let refused = Finding::new(FindingCode::ConnectionRefused);
        for (at, end, finding) in [(0, RunState::Succeeded, None), (1, RunState::Failed, Some(&refused))] {
            let run: RunId = progress["pairs"][at]["run"]["id"].as_str().expect("a run").parse().expect("an id");
            life::run_begins(&context, run).await.expect("begins");
            context.store.change_run(run, RunState::Running, None, None).await.expect("runs");
            context.store.change_run(run, end, finding, None).await.expect("ends");
            life::run_ended(&context, run).await.expect("ends");
        }
        let told = mails.new_mails().await;
        let end = told.iter().find(|mail| mail.subject.contains("not done")).expect("the end is told");
        assert!(end.text.contains("bert@one.example: ") && !end.text.contains("anna@one.example"), "{}", end.text);
        assert!(!end.text.contains("Now change the MX record"), "{}", end.text);
        assert!(told.iter().all(|mail| !mail.subject.contains("switch the MX record")));
        post(&client, &format!("{path}/retry"), json!({})).await;
        work(&context, &client, &path, RunState::Succeeded).await;
        mails.tells(&[MailKind::DeltaStarted, MailKind::DeltaFinished]).await;
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_delta_started_and_mail_delta_finished_are_told_of_every_delta() {
    with_mails(None, async |service, _, sink| {
        let mut mails = Post::new(sink, &service, StartKind::Main);
        let context = mails.context.clone();
        let (path, client) = paid(&service, &[account("anna@one.example")]).await;
        post(&client, &format!("{path}/start"), json!({})).await;
        work(&context, &client, &path, RunState::Succeeded).await;
        mails.tells(&[MailKind::Submitted, MailKind::Started, MailKind::Finished]).await;
        post(&client, &format!("{path}/deltas"), json!({})).await;
        mails.tells(&[MailKind::DeltaStarted]).await;
        work(&context, &client, &path, RunState::Partial).await;
        mails.tells(&[MailKind::DeltaFinished]).await;
        // A retry is a delta too.
        post(&client, &format!("{path}/retry"), json!({})).await;
        mails.tells(&[MailKind::DeltaStarted]).await;
        work(&context, &client, &path, RunState::Succeeded).await;
        mails.tells(&[MailKind::DeltaFinished]).await;
        // And so is one whose asker's process died before it could tell.
        let order = path.rsplit('/').next().expect("an id").parse().expect("an id");
        let record = service.store.order(order).await.expect("an order");
        service.store.start_delta(&record, &[]).await.expect("starts");
        mails.tells(&[]).await;
        work(&context, &client, &path, RunState::Succeeded).await;
        mails.tells(&[MailKind::DeltaStarted, MailKind::DeltaFinished]).await;
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_delta_finished_is_told_of_each_of_two_deltas_at_once_and_names_its_accounts() {
    let dns = DnsServer::start().expect("a name server");
    with_mails(Some(&dns), async |service, clock, sink| {
        // PostgreSQL tells by its own clock when a job is due: all that follows lies behind that.
        clock.advance(TimeDelta::minutes(-10)).await;
        let domains = ["one.example", "two.example"];
        for domain in domains {
            dns.set(domain, 60, &mx("mx.old.example"));
        }
        let mut mails = Post::new(sink, &service, StartKind::Main);
        let context = mails.context.clone();
        let (path, _) = paid(&service, &domains.map(|domain| account(&format!("anna@{domain}")))).await;
        let client = service.operator();
        let body = json!({"delta_schedule": {"trigger": "mx_changed"}});
        post(&client, &format!("{path}/start"), body).await;
        cut_over(&context).await;
        work(&context, &client, &path, RunState::Succeeded).await;
        mails.tells(&[MailKind::Submitted, MailKind::Started, MailKind::Finished]).await;
        for domain in domains {
            dns.set(domain, 60, &mx("mx.new.example"));
        }
        for _ in 0..2 {
            clock.advance(TimeDelta::minutes(2)).await;
            cut_over(&context).await;
        }
        mails.tells(&[MailKind::DeltaStarted; 2]).await;
        let progress = client.get(&format!("{path}/progress")).await.json();
        for n in 0..2 {
            let run = progress["pairs"][n]["run"]["id"].as_str().expect("a run").parse().expect("an id");
            life::run_begins(&context, run).await.expect("begins");
            service.store.change_run(run, RunState::Running, None, None).await.expect("runs");
            service.store.change_run(run, RunState::Succeeded, None, None).await.expect("ends");
            life::run_ended(&context, run).await.expect("ends");
            let told = mails.new_mails().await;
            assert_eq!(told.len(), 1, "delta {n}, though another may be under way");
            assert_eq!(told[0].subject, "Your delta migration has finished");
            assert!(told[0].text.contains("the delta of one account has finished"), "{}", told[0].text);
        }
        assert_eq!(client.get(&path).await.json()["state"], "completed");
        service.stop().await;
    })
    .await;
}

/// Parks the run of the account in this place.
async fn park(context: &JobContext, client: &Client, path: &str, place: usize) {
    let progress = client.get(&format!("{path}/progress")).await.json();
    let run: RunId = progress["pairs"][place]["run"]["id"].as_str().expect("a run").parse().expect("an id");
    let refused = Finding::new(FindingCode::WrongPassword);
    life::run_begins(context, run).await.expect("begins");
    context.store.change_run(run, RunState::Running, None, None).await.expect("runs");
    context.store.change_run(run, RunState::Paused, Some(&refused), None).await.expect("parks");
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_action_needed_names_every_account_that_is_stuck_also_the_second_within_the_hour_and_after_a_crash() {
    with_mails(None, async |service, clock, sink| {
        let mut mails = Post::new(sink, &service, StartKind::Main);
        let context = mails.context.clone();
        let accounts = ["anna@one.example", "bert@one.example", "cara@one.example"].map(account);
        let (path, client) = paid(&service, &accounts).await;
        post(&client, &format!("{path}/start"), json!({})).await;
        mails.tells(&[MailKind::Submitted]).await;
        park(&context, &client, &path, 0).await;
        // The process died before it could tell.
        sweeper::sweep(&context).await.expect("sweeps");
        let told = mails.new_mails().await;
        let needed = told.iter().find(|mail| mail.subject.contains("needs your help")).expect("told");
        assert!(needed.text.contains("anna@one.example: ") && !needed.text.contains("bert@"), "{}", needed.text);

        clock.advance(TimeDelta::minutes(35)).await;
        park(&context, &client, &path, 1).await;
        sweeper::sweep(&context).await.expect("sweeps");
        mails.tells(&[]).await;
        clock.advance(TimeDelta::minutes(25)).await;
        let told = mails.new_mails().await;
        assert_eq!(told.len(), 1, "an hour after the first");
        for name in ["anna@one.example: ", "bert@one.example: "] {
            assert!(told[0].text.contains(name), "{}", told[0].text);
        }
        sweeper::sweep(&context).await.expect("sweeps");
        mails.tells(&[]).await;

        // Mended before the mail went out: there is nothing to tell.
        clock.advance(TimeDelta::hours(2)).await;
        park(&context, &client, &path, 2).await;
        sweeper::sweep(&context).await.expect("sweeps");
        post(&client, &format!("{path}/resume"), json!({})).await;
        mails.tells(&[]).await;
        service.stop().await;
    })
    .await;
}
