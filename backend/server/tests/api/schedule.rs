//! The two-phase schedule through the service, with a real name server whose records change.

use chrono::TimeDelta;
use mailferry_lab::{DnsServer, Record};
use mailferry_server::jobs::{JobContext, dispatch, life, sweeper};
use mailferry_shared::{ids::RunId, run::RunState};
use mailferry_store::{
    MailKind, Part,
    jobs::{JobKind, JobQueue, LOCK},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    harness::{Client, Service, new_account, on_both, on_each},
    time::Time,
};

/// What a worker does to the latest run of every pair, without moving anything.
pub(crate) async fn work(context: &JobContext, client: &Client, path: &str, end: RunState) {
    let progress = client.get(&format!("{path}/progress")).await.json();
    for pair in progress["pairs"].as_array().expect("pairs") {
        let run: RunId = pair["run"]["id"].as_str().expect("a run").parse().expect("an id");
        if pair["run"]["state"] != "queued" {
            continue;
        }
        life::run_begins(context, run).await.expect("begins");
        context.store.change_run(run, RunState::Running, None, None).await.expect("runs");
        context.store.change_run(run, end, None, None).await.expect("ends");
        life::run_ended(context, run).await.expect("ends");
    }
}

/// Does the cut-over job if it is due, as a worker would.
pub(crate) async fn cut_over(context: &JobContext) -> usize {
    let jobs = context.store.take("cut-over", JobKind::CutOver, 9, LOCK).await.expect("takes");
    for job in &jobs {
        let outcome = Box::pin(dispatch::perform(context, job, &CancellationToken::new())).await.expect("works");
        match outcome.again(job) {
            None => context.store.finish(std::slice::from_ref(job)).await.expect("ends"),
            Some((at, failures)) => context.store.put_back_after(job, at, failures).await.expect("put back"),
        }
    }
    jobs.len()
}

pub(crate) async fn paid(service: &Service, accounts: &[Value]) -> (String, Client) {
    let (order, client) = service.order().await;
    let path = format!("/api/v1/orders/{order}");
    for account in accounts {
        assert_eq!(client.post(&format!("{path}/accounts"), account.clone()).await.status, 201);
    }
    let batch = service.operator().post("/api/v1/vouchers", json!({"pairs": accounts.len()})).await.json();
    let paid = client.post(&format!("{path}/voucher"), json!({"code": batch["items"][0]["code"]})).await;
    assert_eq!(paid.status, 200, "{}", paid.text);
    (path, client)
}

pub(crate) fn account(source: &str) -> Value {
    let mut account = new_account("x");
    account["source"]["user"] = json!(source);
    account["destination"]["user"] = json!(format!("new-{source}"));
    account
}

pub(crate) fn mx(host: &str) -> Vec<Record> {
    vec![Record::Mx(10, host.to_owned())]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_follows_eight_hours_after_the_first_run_by_itself() {
    on_each(a_delta_follows_eight_hours_after_the_first_run_by_itself_on).await;
}

async fn a_delta_follows_eight_hours_after_the_first_run_by_itself_on(database: Option<String>) {
    let clock = Time::now_in(database.as_deref()).await;
    let service = Service::start_at_with(&clock, database, |_| {}).await;
    let context = service.app.job_context().expect("a context");
    let (path, client) = paid(&service, &[account("anna@old.example")]).await;
    let start = |hours| json!({"delta_schedule": {"trigger": "after_delay", "delay_hours": hours}});
    for hours in [0, 3, 24] {
        let refused = client.post(&format!("{path}/start"), start(hours)).await.is_problem(422, "invalid_field");
        assert_eq!(refused["errors"][0]["pointer"], "/delta_schedule/delay_hours");
        assert_eq!(refused["detail"], "The delay is 4 to 23 hours.");
    }
    let first_run = service.store.now() + TimeDelta::days(1);
    let body = json!({"earliest_start": first_run, "delta_schedule": {"trigger": "after_delay"}});
    let order = client.post(&format!("{path}/start"), body).await.json();
    assert_eq!((&order["state"], &order["delta_schedule"]["delay_hours"]), (&json!("scheduled"), &json!(8)), "{order}");
    clock.advance(TimeDelta::days(1)).await;
    // The session has ended meanwhile.
    let client = service.operator();
    work(&context, &client, &path, RunState::Succeeded).await;
    let order = client.get(&path).await.json();
    let due = service.store.now() + TimeDelta::hours(8);
    assert_eq!((&order["state"], &order["delta_at"]), (&json!("completed"), &json!(due)), "{order}");
    cut_over(&context).await;
    assert_eq!(client.get(&path).await.json()["state"], "completed");

    // A month's jump of the clock and a process that starts anew: nothing is lost, nothing doubled.
    clock.advance(TimeDelta::days(8)).await;
    sweeper::sweep(&context).await.expect("sweeps");
    assert_eq!(cut_over(&service.app.job_context().expect("a context")).await, 1);
    assert_eq!(client.get(&path).await.json()["state"], "active");
    work(&context, &client, &path, RunState::Succeeded).await;
    assert_eq!(cut_over(&context).await, 0);
    assert_eq!(client.get(&format!("{path}/deltas")).await.json()["items"].as_array().expect("items").len(), 1);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_records_of_a_public_mail_domain_are_nobodys_to_change() {
    on_both(async |service: Service| {
        let (path, client) = paid(&service, &[account("anna@gmail.com"), account("bert@own.example")]).await;
        let follow = json!({"delta_schedule": {"trigger": "mx_changed"}});
        let refused = client.post(&format!("{path}/start"), follow).await.is_problem(422, "invalid_field");
        assert_eq!(refused["errors"][0]["pointer"], "/delta_schedule/trigger");
        let words = refused["detail"].as_str().expect("words");
        assert!(words.contains("anna@gmail.com") && !words.contains("bert"), "{words}");
        let delay = json!({"delta_schedule": {"trigger": "after_delay"}});
        let started = client.post(&format!("{path}/start"), delay).await.json();
        assert_eq!(started["delta_pending"], true, "{started}");
        let report = client.get(&format!("{path}/mx")).await.json();
        let domains: Vec<&Value> = report["items"].as_array().expect("rows").iter().map(|row| &row["domain"]).collect();
        assert_eq!((domains, &report["starts_delta"]), (vec![&json!("own.example")], &json!(false)), "{report}");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_pair_follows_the_mx_record_of_its_domain_and_the_watch_is_shown_live() {
    on_each(each_pair_follows_the_mx_record_of_its_domain_and_the_watch_is_shown_live_on).await;
}

async fn each_pair_follows_the_mx_record_of_its_domain_and_the_watch_is_shown_live_on(database: Option<String>) {
    let dns = DnsServer::start().expect("a name server");
    dns.set("one.example", 3600, &mx("mx.old.example"));
    dns.set("two.example", 600, &mx("mx.old.example"));
    let clock = Time::now_in(database.as_deref()).await;
    let service =
        Service::start_at_with(&clock, database, |settings| settings.outgoing.dns = Some(dns.address())).await;
    let context = service.app.job_context().expect("a context");
    let (path, client) = paid(&service, &[account("anna@one.example"), account("bert@two.example")]).await;
    let start = client.post(&format!("{path}/start"), json!({"delta_schedule": {"trigger": "mx_changed"}})).await;
    assert_eq!(start.json()["state"], "scheduled", "{}", start.text);
    let report = client.get(&format!("{path}/mx")).await.json();
    assert_eq!((&report["items"][0]["state"], &report["starts_delta"]), (&json!("unknown"), &json!(true)), "{report}");
    assert_eq!(cut_over(&context).await, 1);
    work(&context, &client, &path, RunState::Succeeded).await;
    cut_over(&context).await;
    let report = client.get(&format!("{path}/mx")).await.json();
    for (item, ttl) in report["items"].as_array().expect("items").iter().zip([3600, 600]) {
        assert_eq!((&item["state"], &item["ttl_seconds"]), (&json!("old"), &json!(ttl)), "{item}");
        assert_eq!(item["records"], json!([{"preference": 10, "host": "mx.old.example"}]));
    }

    dns.set("two.example", 60, &mx("mx.new.example"));
    clock.advance(TimeDelta::minutes(2)).await;
    assert_eq!(cut_over(&context).await, 1, "a minute later it is looked up again");
    let two = client.get(&format!("{path}/mx")).await.json()["items"][1].clone();
    assert_eq!((&two["state"], &two["changed_at"]), (&json!("changing"), &json!(service.store.now())), "{two}");
    assert_eq!(two["settled_at"], json!(service.store.now() + TimeDelta::minutes(10)), "the old record's TTL");
    assert_eq!(client.get(&path).await.json()["state"], "completed");

    clock.advance(TimeDelta::minutes(10)).await;
    cut_over(&context).await;
    assert_eq!(client.get(&path).await.json()["state"], "active");
    let progress = client.get(&format!("{path}/progress")).await.json();
    let states: Vec<&Value> = (0..2).map(|n| &progress["pairs"][n]["run"]["state"]).collect();
    assert_eq!(states, ["succeeded", "queued"], "only the pair of the switched domain");
    work(&context, &client, &path, RunState::Succeeded).await;
    dns.remove("one.example");
    clock.advance(TimeDelta::minutes(2)).await;
    cut_over(&context).await;
    let one = client.get(&format!("{path}/mx")).await.json()["items"][0].clone();
    assert_eq!((&one["state"], &one["records"]), (&json!("old"), &json!([])), "no record is no switch: {one}");
    dns.set("one.example", 60, &mx("mx.new.example"));
    for minutes in [2, 61] {
        clock.advance(TimeDelta::minutes(minutes)).await;
        cut_over(&context).await;
    }
    work(&context, &client, &path, RunState::Succeeded).await;
    let report = client.get(&format!("{path}/mx")).await.json();
    assert!(report["items"].as_array().expect("items").iter().all(|item| item["delta_id"].is_string()), "{report}");
    assert_eq!(report["starts_delta"], false, "both have had theirs");
    assert_eq!(client.get(&path).await.json()["delta_pending"], false);
    assert_eq!(client.get(&format!("{path}/deltas")).await.json()["items"].as_array().expect("items").len(), 2);
    assert_eq!(client.get(&path).await.json()["state"], "completed");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_first_run_one_sees_who_may_send_in_the_domains_name() {
    on_each(after_the_first_run_one_sees_who_may_send_in_the_domains_name_on).await;
}

async fn after_the_first_run_one_sees_who_may_send_in_the_domains_name_on(database: Option<String>) {
    let dns = DnsServer::start().expect("a name server");
    let text = |text: &str| Record::Text(text.to_owned());
    dns.set("one.example", 3600, &[Record::Mx(10, "mx.old.example".to_owned()), text("v=spf1 mx -all"), text("other")]);
    dns.set("s1._domainkey.one.example", 60, &[Record::Alias("s1.keys.example".to_owned())]);
    dns.set("k1._domainkey.one.example", 60, &[text(&format!("v=DKIM1; k=rsa; p={}", "M".repeat(300)))]);
    dns.set("mail._domainkey.one.example", 60, &[text("v=DKIM1; p=")]);
    let clock = Time::now_in(database.as_deref()).await;
    let service =
        Service::start_at_with(&clock, database, |settings| settings.outgoing.dns = Some(dns.address())).await;
    let context = service.app.job_context().expect("a context");
    let (path, client) = paid(&service, &[account("anna@one.example")]).await;
    client.post(&format!("{path}/start"), json!({})).await;
    let seen = async || {
        cut_over(&context).await;
        client.get(&format!("{path}/mx")).await.json()
    };
    seen().await;
    assert!(seen().await["items"][0]["sending"].is_null(), "nobody sends from the new provider yet");
    work(&context, &client, &path, RunState::Succeeded).await;
    clock.advance(TimeDelta::minutes(1)).await;
    seen().await;
    let report = seen().await;
    let sending = &report["items"][0]["sending"];
    assert_eq!((&sending["spf"], &sending["spf_records"]), (&json!("present"), &json!(["v=spf1 mx -all"])), "{report}");
    assert_eq!(sending["dkim"], json!(["k1"]), "neither what was revoked nor an alias that leads nowhere");
    assert!(report["wanted"].is_null(), "a provider of whom nothing is known");

    dns.set("one.example", 60, &[text("v=spf1 mx -all"), text("v=spf1 a -all")]);
    clock.advance(TimeDelta::minutes(1)).await;
    seen().await;
    assert_eq!(seen().await["items"][0]["sending"]["spf"], "several", "it is looked up anew");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spf_and_dkim_are_each_told_by_themselves_when_dns_answers_one_of_them_only() {
    on_each(spf_and_dkim_are_each_told_by_themselves_when_dns_answers_one_of_them_only_on).await;
}

async fn spf_and_dkim_are_each_told_by_themselves_when_dns_answers_one_of_them_only_on(database: Option<String>) {
    let dns = DnsServer::start().expect("a name server");
    let text = |text: &str| Record::Text(text.to_owned());
    dns.set("one.example", 60, &[text("v=spf1 mx -all")]);
    dns.set("s1._domainkey.one.example", 60, &[text("v=DKIM1; k=rsa; p=MIGf")]);
    dns.set_name_in_trouble("one.example", true);
    let clock = Time::now_in(database.as_deref()).await;
    let service =
        Service::start_at_with(&clock, database, |settings| settings.outgoing.dns = Some(dns.address())).await;
    let context = service.app.job_context().expect("a context");
    let (path, client) = paid(&service, &[account("anna@one.example")]).await;
    client.post(&format!("{path}/start"), json!({})).await;
    work(&context, &client, &path, RunState::Succeeded).await;
    let seen = async || {
        clock.advance(TimeDelta::minutes(2)).await;
        cut_over(&context).await;
        client.get(&format!("{path}/mx")).await.json()["items"][0]["sending"].clone()
    };
    let sending = seen().await;
    assert_eq!((&sending["spf"], &sending["dkim"]), (&json!("unknown"), &json!(["s1"])), "{sending}");
    dns.set_name_in_trouble("one.example", false);
    for selector in mailferry_domain::sending::USUAL_SELECTORS {
        dns.set_name_in_trouble(&mailferry_domain::sending::dkim_name(selector, "one.example"), true);
    }
    let sending = seen().await;
    assert_eq!(
        (&sending["spf"], &sending["dkim"]),
        (&json!("present"), &json!(["s1"])),
        "what is known stays: {sending}"
    );
    let known = sending["looked_up_at"].clone();
    assert_ne!(known, json!(service.store.now()), "and is not told to be new");
    let more = seen().await;
    assert_eq!(more["looked_up_at"], known, "{more}");
    dns.set_in_trouble(true);
    assert_eq!(seen().await, sending, "nobody answers");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_known_provider_wants_in_dns_is_told_and_compared() {
    on_each(what_a_known_provider_wants_in_dns_is_told_and_compared_on).await;
}

async fn what_a_known_provider_wants_in_dns_is_told_and_compared_on(database: Option<String>) {
    let dns = DnsServer::start().expect("a name server");
    let text = |text: &str| Record::Text(text.to_owned());
    dns.set("one.example", 60, &[text("v=spf1 include:spf.messagingengine.com ~all")]);
    dns.set("fm2._domainkey.one.example", 60, &[text("v=DKIM1; k=rsa; p=MIGf")]);
    let service = Service::start_with(database, |settings| settings.outgoing.dns = Some(dns.address())).await;
    let context = service.app.job_context().expect("a context");
    let (path, client) = paid(&service, &[account("anna@one.example")]).await;
    let endpoint = json!({"host": "imap.fastmail.com", "port": 993, "tls": "implicit"});
    let changed = client.patch(&path, json!({"destination": {"provider": "fastmail", "endpoint": endpoint}})).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    client.post(&format!("{path}/start"), json!({})).await;
    work(&context, &client, &path, RunState::Succeeded).await;
    cut_over(&context).await;
    let report = client.get(&format!("{path}/mx")).await.json();
    assert_eq!(report["wanted"]["spf"], "include:spf.messagingengine.com", "{report}");
    let sending = &report["items"][0]["sending"];
    assert_eq!((&sending["spf"], &sending["dkim"]), (&json!("complete"), &json!(["fm2"])), "{report}");
    assert_eq!(sending["dkim_looked_at"], report["wanted"]["dkim"]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_server_that_is_silent_is_told_and_changes_nothing() {
    on_each(a_name_server_that_is_silent_is_told_and_changes_nothing_on).await;
}

async fn a_name_server_that_is_silent_is_told_and_changes_nothing_on(database: Option<String>) {
    let gone = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let service = Service::start_with(database, |settings| settings.outgoing.dns = Some(gone)).await;
    let context = service.app.job_context().expect("a context");
    let (path, client) = paid(&service, &[account("anna@one.example")]).await;
    client.get(&format!("{path}/mx")).await;
    assert_eq!(cut_over(&context).await, 1);
    let item = client.get(&format!("{path}/mx")).await.json()["items"][0].clone();
    assert_eq!((&item["state"], &item["lookup_failed"]), (&json!("unknown"), &json!(true)), "{item}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_domain_cannot_follow_its_mx_record() {
    on_both(async |service: Service| {
        let mut local = account("anna");
        local["destination"]["user"] = json!("anna");
        let (path, client) = paid(&service, &[local]).await;
        let body = json!({"delta_schedule": {"trigger": "mx_changed"}});
        let problem = client.post(&format!("{path}/start"), body).await.is_problem(422, "invalid_field");
        assert_eq!(problem["errors"][0]["pointer"], "/delta_schedule/trigger");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_tried_again_and_forgotten_passwords_are_asked_for() {
    on_both(async |service: Service| {
        let context = service.app.job_context().expect("a context");
        let (path, client) = paid(&service, &[account("anna@one.example"), account("bert@one.example")]).await;
        client.post(&format!("{path}/retry"), json!({})).await.is_problem(409, "wrong_state");
        client.post(&format!("{path}/start"), json!({})).await;
        work(&context, &client, &path, RunState::Partial).await;
        let forgotten = client.post(&format!("{path}/forget-passwords"), json!({})).await;
        assert_eq!(forgotten.status, 200, "{}", forgotten.text);
        let accounts = client.get(&format!("{path}/accounts")).await.json();
        assert!(!accounts.to_string().contains("\"has_password\":true"), "{accounts}");
        for action in ["retry", "deltas"] {
            let problem = client.post(&format!("{path}/{action}"), json!({})).await;
            let problem = problem.is_problem(409, "accounts_incomplete");
            assert!(
                problem["detail"].as_str().expect("words").contains("the password of anna@one.example"),
                "{problem}"
            );
        }
        for (pair, name) in accounts["items"].as_array().expect("items").iter().zip(["anna", "bert"]) {
            let again = account(&format!("{name}@one.example"));
            let patched =
                client.patch(&format!("{path}/accounts/{}", pair["id"].as_str().expect("an id")), again).await;
            assert_eq!(patched.status, 200, "{}", patched.text);
        }
        let retried = client.post(&format!("{path}/retry"), json!({})).await;
        assert_eq!(retried.json()["state"], "active", "{}", retried.text);
        let order = path.rsplit('/').next().expect("an id").parse().expect("an id");
        let delta = service.store.deltas(order, Part::ALL).await.expect("deltas")[0].id.to_string();
        let told = service.store.queue_mail(order, MailKind::DeltaStarted, &delta).await.expect("looks");
        assert_eq!(told, None, "its start is told, as of every delta");
        work(&context, &client, &path, RunState::Succeeded).await;
        client.post(&format!("{path}/retry"), json!({})).await.is_problem(409, "wrong_state");
        service.stop().await;
    })
    .await;
}
