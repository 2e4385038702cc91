//! Admin credentials, checks and dry runs over the API, against real servers.

use std::time::Duration;

use mailferry_lab::{Client as Imap, DnsServer, Dovecot, DovecotOptions, Proxy, Record, Sample, Written};
use mailferry_server::jobs;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::harness::{Client, Service, on_both, on_each};

/// The old server behind a proxy that counts connections, the new one, and a service with a worker.
struct World {
    source: Dovecot,
    proxy: Proxy,
    destination: Dovecot,
    service: Service,
    stop: CancellationToken,
}

impl World {
    async fn start(database: Option<String>, quota_bytes: Option<u64>) -> Self {
        let source = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
        let destination = Dovecot::start(DovecotOptions { quota_bytes, ..DovecotOptions::default() }).expect("Dovecot");
        let proxy = Proxy::start(source.imaps_port()).expect("a proxy");
        let (ports, ca) = (vec![proxy.port(), destination.imaps_port()], source.ca_file());
        let service = Service::start_with(database, move |settings| {
            settings.outgoing.networks = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a network")).to_vec();
            settings.outgoing.ports = ports;
            settings.outgoing.ca_file = Some(ca);
        })
        .await;
        let stop = CancellationToken::new();
        tokio::spawn(jobs::work(service.app.job_context().expect("a worker"), stop.clone()));
        Self { source, proxy, destination, service, stop }
    }

    /// An order between the two servers.
    async fn order(&self) -> (String, Client) {
        let (order, client) = self.service.order().await;
        let path = format!("/api/v1/orders/{order}");
        let server = |port: u16| json!({"endpoint": {"host": "localhost", "port": port, "tls": "implicit"}});
        let change = json!({"source": server(self.proxy.port()), "destination": server(self.destination.imaps_port())});
        assert_eq!(client.patch(&path, change).await.status, 200);
        (path, client)
    }

    async fn stop(self) {
        self.stop.cancel();
        self.service.stop().await;
    }
}

async fn finished(client: &Client, path: &str) -> Value {
    for _ in 0..600 {
        let seen = client.get(path).await.json();
        if seen["finished"] == true {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{path} does not end: {}", client.get(path).await.text);
}

async fn add_delegated(client: &Client, order: &str, mailboxes: &[&str]) {
    for mailbox in mailboxes {
        let pair = json!({
            "source": {"user": mailbox, "by_admin": true},
            "destination": {"user": mailbox, "password": "secret"},
        });
        let answer = client.post(&format!("{order}/accounts"), pair).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
}

async fn checked(client: &Client, order: &str) -> Value {
    let begun = client.post(&format!("{order}/checks"), json!({})).await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    finished(client, begun.header("location")).await
}

fn codes(check: &Value, side: &str) -> Vec<Vec<String>> {
    let items = check["items"].as_array().expect("items").iter().filter(|item| item["side"] == side);
    let codes = |item: &Value| {
        let findings = item["findings"].as_array().expect("findings").iter();
        findings.map(|one| one["code"].as_str().expect("a code").to_owned()).collect()
    };
    items.map(codes).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_login_of_a_shared_admin_stands_for_all_and_each_mailbox_is_counted_by_itself() {
    on_each(one_login_of_a_shared_admin_stands_for_all_and_each_mailbox_is_counted_by_itself_on).await;
}

async fn one_login_of_a_shared_admin_stands_for_all_and_each_mailbox_is_counted_by_itself_on(database: Option<String>) {
    let world = World::start(database, None).await;
    let written: Vec<Written> =
        ["anna", "bert"].map(|name| Sample::Tiny.write(&world.source, name).expect("a mailbox")).into();
    let (order, client) = world.order().await;
    add_delegated(&client, &order, &["anna", "bert"]).await;
    let missing = checked(&client, &order).await;
    assert_eq!(codes(&missing, "source"), [["admin_missing"], ["admin_missing"]]);
    let put = json!({"user": "master", "password": "mastersecret", "delegation": {"form": "master_user"}});
    let path = format!("{order}/admin-credentials/source");
    let set = client.send("PUT", &path, Some(put.to_string()), &[]).await;
    assert_eq!((set.status, &set.json()["pairs"]), (200, &json!(2)), "{}", set.text);
    assert!(!set.text.contains("mastersecret"));
    let before = world.proxy.passed().len();
    let check = checked(&client, &order).await;
    assert_eq!(codes(&check, "source"), [Vec::<String>::new(), Vec::new()], "{check}");
    let source: Vec<&Value> =
        check["items"].as_array().expect("items").iter().filter(|item| item["side"] == "source").collect();
    for (item, written) in source.iter().zip(&written) {
        assert_eq!((&item["delegated"], &item["survey"]["messages"]), (&json!(true), &json!(written.messages)));
    }
    // One login for the check, and one a mailbox to count.
    assert_eq!(world.proxy.passed().len() - before, 3);
    let listed = client.get(&format!("{order}/admin-credentials")).await.json();
    assert_eq!(listed["items"][0]["has_password"], true);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_admin_password_is_tried_twice_at_most_and_told_for_every_mailbox() {
    on_each(a_wrong_admin_password_is_tried_twice_at_most_and_told_for_every_mailbox_on).await;
}

async fn a_wrong_admin_password_is_tried_twice_at_most_and_told_for_every_mailbox_on(database: Option<String>) {
    let world = World::start(database, None).await;
    let (order, client) = world.order().await;
    add_delegated(&client, &order, &["a", "b", "c", "d", "e", "f", "g"]).await;
    let put = json!({"user": "master", "password": "wrong", "delegation": {"form": "master_user"}});
    let path = format!("{order}/admin-credentials/source");
    assert_eq!(client.send("PUT", &path, Some(put.to_string()), &[]).await.status, 200);
    let check = checked(&client, &order).await;
    assert_eq!(codes(&check, "source"), vec![["wrong_password"]; 7]);
    assert_eq!(world.proxy.passed().len(), 2, "never one login a row");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_five_failed_logins_an_hour_are_refused_over_all_orders_and_kinds_of_work() {
    on_each(more_than_five_failed_logins_an_hour_are_refused_over_all_orders_and_kinds_of_work_on).await;
}

async fn more_than_five_failed_logins_an_hour_are_refused_over_all_orders_and_kinds_of_work_on(
    database: Option<String>,
) {
    let world = World::start(database, None).await;
    for round in 0..7 {
        let (order, client) = world.order().await;
        let pair = json!({
            "source": {"user": "anna", "password": format!("guess {round}")},
            "destination": {"user": "anna", "password": "secret"},
        });
        assert_eq!(client.post(&format!("{order}/accounts"), pair).await.status, 201);
        // A dry run asks for permission like a check.
        let found = if round % 2 == 0 {
            codes(&checked(&client, &order).await, "source").remove(0).remove(0)
        } else {
            let begun = client.post(&format!("{order}/dry-runs"), json!({})).await;
            let seen = finished(&client, begun.header("location")).await;
            assert_eq!(seen["pairs"][0]["state"], "failed");
            seen["pairs"][0]["findings"][0]["code"].as_str().expect("a code").to_owned()
        };
        let expected = if round < 5 { "wrong_password" } else { "too_many_attempts" };
        assert_eq!(found, expected, "round {round}");
    }
    assert_eq!(world.proxy.passed().len(), 5, "the server is not asked any more");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_will_not_fit_is_known_before_the_start() {
    on_each(a_mailbox_that_will_not_fit_is_known_before_the_start_on).await;
}

async fn a_mailbox_that_will_not_fit_is_known_before_the_start_on(database: Option<String>) {
    let world = World::start(database, Some(2_000)).await;
    Sample::Tiny.write(&world.source, "anna").expect("a mailbox");
    let mut client_of_source = Imap::login(&world.source.login("anna")).expect("logs in");
    client_of_source.append("INBOX", "", None, &b"x".repeat(60_000)).expect("a large one");
    let (order, client) = world.order().await;
    let account = json!({"user": "anna", "password": "secret"});
    let pair = json!({"source": account, "destination": account});
    assert_eq!(client.post(&format!("{order}/accounts"), pair).await.status, 201);
    let check = checked(&client, &order).await;
    assert_eq!(codes(&check, "destination"), [["will_not_fit"]], "{check}");
    let side = |name: &str| {
        let items = check["items"].as_array().expect("items");
        items.iter().find(|item| item["side"] == name).expect("a side").clone()
    };
    let (source, destination) = (side("source"), side("destination"));
    let detail = &destination["findings"][0]["detail"];
    assert_eq!(detail["needed_bytes"], source["survey"]["size_bytes"], "as numbers, for every language: {check}");
    assert_eq!(detail["free_bytes"], destination["survey"]["free_bytes"], "{check}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_mapping_what_would_be_copied_and_what_left_out_and_changes_nothing() {
    on_each(a_dry_run_shows_the_mapping_what_would_be_copied_and_what_left_out_and_changes_nothing_on).await;
}

async fn a_dry_run_shows_the_mapping_what_would_be_copied_and_what_left_out_and_changes_nothing_on(
    database: Option<String>,
) {
    let world = World::start(database, None).await;
    let mut source = Imap::login(&world.source.login("anna")).expect("logs in");
    for folder in ["Gesendete Objekte", "Papierkorb", "Projekte"] {
        source.command(format!("CREATE \"{folder}\"").as_bytes()).expect("made");
    }
    for (folder, size) in [("INBOX", 10), ("INBOX", 5_000), ("Gesendete Objekte", 10), ("Papierkorb", 10)] {
        let body = format!("Subject: x\r\n\r\n{}\r\n", "y".repeat(size));
        source.append(folder, "", None, body.as_bytes()).expect("appended");
    }
    Imap::login(&world.destination.login("anna")).expect("logs in").command(b"CREATE Sent").expect("made");
    let (order, client) = world.order().await;
    let account = json!({"user": "anna", "password": "secret"});
    let pair = json!({"source": account, "destination": account});
    assert_eq!(client.post(&format!("{order}/accounts"), pair).await.status, 201);
    let mut options = client.get(&order).await.json()["options"].clone();
    options["max_message_bytes"] = json!(1_000);
    options["folder_rules"] = json!([{"source": "Projekte", "destination": "Projects"}]);
    assert_eq!(client.patch(&order, json!({"options": options})).await.status, 200);
    let begun = client.post(&format!("{order}/dry-runs"), json!({})).await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    let seen = finished(&client, begun.header("location")).await;
    let pair = &seen["pairs"][0];
    assert_eq!(pair["state"], "finished", "{seen}");
    let brief = |folder: &Value| {
        let counts = &folder["counts"];
        let text = |name: &str| folder[name].as_str().expect("a name").to_owned();
        (
            text("source"),
            text("destination"),
            folder["create"] == true,
            counts["copy"].clone(),
            counts["skipped"].clone(),
        )
    };
    let mut folders: Vec<_> = pair["folders"].as_array().expect("folders").iter().map(brief).collect();
    folders.sort_by(|one, other| one.0.cmp(&other.0));
    let row = |source: &str, destination: &str, create, copy: u64, skipped: u64| {
        (source.to_owned(), destination.to_owned(), create, json!(copy), json!(skipped))
    };
    assert_eq!(
        folders,
        [
            row("Gesendete Objekte", "Sent", false, 1, 0),
            row("INBOX", "INBOX", false, 1, 1),
            row("Projekte", "Projects", true, 0, 0)
        ]
    );
    assert_eq!(pair["left_out"], json!([{"folder": "Papierkorb", "messages": 1, "reason": "trash"}]));
    let inbox = pair["folders"].as_array().expect("folders").iter().find(|one| one["source"] == "INBOX");
    assert_eq!(inbox.expect("there")["skipped"][0]["code"], "message_too_large");
    assert_eq!((&seen["counts"]["listed"], &seen["counts"]["copy"]), (&json!(3), &json!(2)));
    let mut destination = Imap::login(&world.destination.login("anna")).expect("logs in");
    assert!(destination.list().expect("folders").iter().all(|folder| !folder.name.starts_with(b"Proj")));
    let etag = client.get(begun.header("location")).await.header("etag").to_owned();
    let again = client.send("GET", begun.header("location"), None, &[("if-none-match", &etag)]).await;
    assert_eq!(again.status, 304);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_admin_credentials_is_pointed_at() {
    on_both(async |service: Service| {
        let (order, client) = service.order().await;
        let path = format!("/api/v1/orders/{order}/admin-credentials");
        let put = async |side: &str, body: Value| {
            client.send("PUT", &format!("{path}/{side}"), Some(body.to_string()), &[]).await
        };
        for (body, pointer) in [
            (json!({"user": " ", "password": "x"}), "/user"),
            (json!({"user": "root", "delegation": {"form": "x"}}), "/delegation/form"),
            (json!({"user": "root", "delegation": {"form": "root_folder", "root": "user.anna"}}), "/delegation/root"),
            (json!({"user": "root", "delegation": {"form": "master_user", "separator": " "}}), "/delegation/separator"),
        ] {
            let problem = put("source", body.clone()).await.is_problem(422, "invalid_field");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
        }
        put("middle", json!({"user": "root"})).await.is_problem(404, "not_found");
        client.delete(&format!("{path}/source")).await.is_problem(404, "not_found");
        assert_eq!(put("source", json!({"user": "root", "password": "x"})).await.status, 200);
        assert_eq!(client.delete(&format!("{path}/source")).await.status, 204);
        let both = json!({"source": {"user": "a", "by_admin": true, "password": "x"}, "destination": {"user": "b"}});
        let problem =
            client.post(&format!("/api/v1/orders/{order}/accounts"), both).await.is_problem(422, "invalid_field");
        assert_eq!(problem["errors"][0]["pointer"], "/source/by_admin");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_server_name_that_leads_to_the_new_provider_by_now_gets_a_warning() {
    on_each(an_old_server_name_that_leads_to_the_new_provider_by_now_gets_a_warning_on).await;
}

async fn an_old_server_name_that_leads_to_the_new_provider_by_now_gets_a_warning_on(database: Option<String>) {
    let names = ["imap.old.example", "imap.new.example"].map(str::to_owned).to_vec();
    let server = Dovecot::start(DovecotOptions { host_names: names, ..DovecotOptions::default() }).expect("Dovecot");
    let dns = DnsServer::start().expect("a name server");
    let here = |address: &str| [Record::Address(address.parse().expect("an address"))];
    dns.set("imap.old.example", 0, &here("127.0.0.1"));
    dns.set("imap.new.example", 0, &here("127.0.0.2"));
    let (port, ca, resolver) = (server.imaps_port(), server.ca_file(), dns.address());
    let service = Service::start_with(database, move |settings| {
        settings.outgoing.networks = vec!["127.0.0.0/8".parse().expect("a network")];
        settings.outgoing.ports = vec![port];
        settings.outgoing.ca_file = Some(ca);
        settings.outgoing.dns = Some(resolver);
    })
    .await;
    let stop = CancellationToken::new();
    tokio::spawn(jobs::work(service.app.job_context().expect("a worker"), stop.clone()));
    let (order, client) = service.order().await;
    let order = format!("/api/v1/orders/{order}");
    let side = |user: &str, host: &str| json!({"user": user, "password": "secret", "endpoint": {"host": host, "port": port, "tls": "implicit"}});
    let pair = json!({"source": side("anna", "imap.old.example"), "destination": side("bert", "imap.new.example")});
    assert_eq!(client.post(&format!("{order}/accounts"), pair).await.status, 201);
    assert_eq!(codes(&checked(&client, &order).await, "source"), [Vec::<String>::new()]);
    dns.set("imap.old.example", 0, &here("127.0.0.2"));
    assert_eq!(codes(&checked(&client, &order).await, "source"), [["resolves_to_destination"]]);
    stop.cancel();
    service.stop().await;
}
