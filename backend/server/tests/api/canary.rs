//! A canary password goes in on every way there is, and is found nowhere: not in answers, not in the log at any level, and
//! not in the database, on either kind.
#![expect(clippy::print_stdout, reason = "how much was searched")]

use std::{
    io,
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use mailferry_lab::{Client as Imap, Dovecot, DovecotOptions, Postgres, Sample};
use mailferry_server::{jobs, settings::Settings};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    harness::{Client, Service},
    token_service::{CLIENT, TENANT, TokenService},
};

const CANARY: &str = "canary-pA55w0rd-7d1f";
/// The subject of a message that is left out, which nobody wants to see.
const SUBJECT: &str = "canary-subject-4e0c";
/// A part of the service account's private key, as it stands in its key file.
static KEY: OnceLock<String> = OnceLock::new();

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The canary as it is, and as it would look in the usual disguises.
fn disguises() -> Vec<(&'static str, Vec<u8>)> {
    let hex = CANARY.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    // Base64 depends on what stands before it: all three phases, without the letters that neighbours share.
    let base64 = (0..3).map(|phase| {
        let encoded = BASE64_STANDARD.encode([vec![b' '; phase].as_slice(), CANARY.as_bytes()].concat());
        ("base64", encoded.trim_end_matches('=').as_bytes()[4..20].to_vec())
    });
    let key = KEY.get().map(|key| ("a private key", key.clone().into_bytes()));
    let plain = [("plain", CANARY.into()), ("hexadecimal", hex.into_bytes()), ("a subject", SUBJECT.into())];
    base64.chain(plain).chain(key).collect()
}

fn must_not_hold(bytes: &[u8], place: &str) {
    for (disguise, needle) in disguises() {
        let found = bytes.windows(needle.len()).any(|piece| piece.eq_ignore_ascii_case(&needle));
        assert!(!found, "{disguise} in {place}");
    }
}

/// Servers whose password is the canary, and a token service whose tokens begin with it.
struct Servers {
    source: Dovecot,
    destination: Dovecot,
    tokens: TokenService,
}

impl Servers {
    fn start() -> Self {
        let accounts = ["anna", "berta"].map(|name| (name.to_owned(), CANARY.to_owned())).to_vec();
        let tokens = TokenService::start();
        tokens.begin_tokens_with(CANARY);
        tokens.add_user("berta");
        let file: Value = serde_json::from_str(&tokens.key_file()).expect("JSON");
        let line = file["private_key"].as_str().and_then(|pem| pem.lines().nth(5)).expect("a long key");
        KEY.get_or_init(|| line.to_owned());
        let introspection = Some(tokens.introspection());
        let server = || {
            let (accounts, introspection) = (accounts.clone(), introspection.clone());
            Dovecot::start(DovecotOptions { accounts, introspection, ..DovecotOptions::default() }).expect("Dovecot")
        };
        let servers = Self { source: server(), destination: server(), tokens };
        Sample::Tiny.write(&servers.source, "anna").expect("a mailbox");
        let large = format!("Subject: {SUBJECT}\r\n\r\n{}\r\n", "y".repeat(100_000));
        let mut client = Imap::login(&servers.source.login("anna")).expect("logs in");
        client.append("INBOX", "", None, large.as_bytes()).expect("appended");
        servers
    }

    fn open(&self, settings: &mut Settings) {
        settings.outgoing.networks = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a network")).to_vec();
        settings.outgoing.ports = vec![self.source.imaps_port(), self.destination.imaps_port()];
        settings.outgoing.ca_file = Some(self.source.ca_file());
        self.tokens.set_up(settings);
    }

    /// A pair whose source has a refresh token, and whose destination the admin opens.
    fn signed_in(&self) -> Value {
        self.tokens.sign_in("berta", CANARY);
        let server = |server: &Dovecot| json!({"host": "localhost", "port": server.imaps_port(), "tls": "implicit"});
        let oauth = json!({"provider": "microsoft", "client_id": CLIENT, "refresh_token": CANARY});
        let source = json!({
            "user": "berta", "credential": "oauth_refresh", "oauth": oauth, "endpoint": server(&self.source),
        });
        json!({"source": source, "destination": {"user": "berta", "by_admin": true, "endpoint": server(&self.destination)}})
    }

    fn account(&self, user: &str, act_for: Option<&str>) -> Value {
        let side = |server: &Dovecot| {
            let endpoint = json!({"host": "localhost", "port": server.imaps_port(), "tls": "implicit"});
            let mut side = json!({"user": user, "password": CANARY, "endpoint": endpoint});
            if let Some(act_for) = act_for {
                side["act_for"] = json!(act_for);
            }
            side
        };
        json!({"source": side(&self.source), "destination": side(&self.destination)})
    }
}

/// Posts with an idempotency key, so that answers are kept.
async fn send(client: &Client, path: &str, body: &Value) -> crate::harness::Answer {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let key = format!("canary-test-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    client.send("POST", path, Some(body.to_string()), &[("idempotency-key", &key)]).await
}

async fn until(client: &Client, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..300 {
        let answer = client.get(path).await.json();
        if is_so(&answer) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{path} never came so far: {}", client.get(path).await.text);
}

/// Everything that is wrong in a way that might tempt somebody to repeat it.
async fn every_wrong_way(client: &Client, order: &str, path: &str) -> usize {
    let side = |user: &str| json!({"user": user, "password": CANARY});
    let wrong = [
        json!({"source": {"user": "a", "password": [CANARY]}, "destination": side("b")}),
        json!({"source": {"user": "a", "pasword": CANARY}, "destination": side("b")}),
        json!({"source": CANARY, "destination": side("b")}),
        json!({"ticked": CANARY, "source": side("a"), "destination": side("b")}),
        json!({"source": {"user": "a", "password": format!("{CANARY}\n")}, "destination": side("b")}),
        json!([side("a"), side("b")]),
        json!({"source": {"user": "a", "oauth": CANARY}, "destination": side("b")}),
        json!({"source": {"user": "a", "credential": CANARY}, "destination": side("b")}),
        json!({"source": {"user": "a", "oauth": {"refresh_token": [CANARY]}}, "destination": side("b")}),
        json!({
            "source": {"user": "a", "credential": "google_service_account", "oauth": {"key_file": CANARY}},
            "destination": side("b"),
        }),
    ];
    for body in &wrong {
        send(client, &format!("{path}/accounts"), body).await.is_problem(422, "invalid_field");
    }
    let cut = format!("{{\"source\":{{\"user\":\"a\",\"password\":\"{CANARY}");
    client.send("POST", &format!("{path}/accounts"), Some(cut), &[]).await.is_problem(400, "malformed_request");
    send(client, &format!("{path}/voucher"), &json!({"code": CANARY})).await.is_problem(422, "voucher_invalid");
    let token = json!({"order_id": order, "token": CANARY});
    send(client, "/api/v1/sessions", &token).await.is_problem(401, "link_invalid");
    wrong.len() + 3
}

/// Puts the canary in on every way; how many.
async fn every_way_in(service: &Service, servers: &Servers) -> usize {
    let (order, client) = service.order().await;
    let path = format!("/api/v1/orders/{order}");
    let wrong = every_wrong_way(&client, &order, &path).await;
    let accounts = format!("{path}/accounts");
    let right = send(&client, &accounts, &servers.account("anna", None)).await;
    assert_eq!(right.status, 201, "{}", right.text);
    // Nobody of this name, and an admin who is none: their checks fail, with the canary in hand.
    for (user, act_for) in [("nobody", None), ("berta", Some("carla"))] {
        assert_eq!(send(&client, &accounts, &servers.account(user, act_for)).await.status, 201);
    }
    let check = send(&client, &format!("{path}/checks"), &json!({})).await;
    let check = until(&client, check.header("location"), |check| check["finished"] == true).await;
    let items = check["items"].as_array().expect("items");
    assert!(items.iter().any(|item| item["login"] == "passed"), "{check}");
    assert!(items.iter().any(|item| item["login"] == "failed"), "{check}");

    let fetched = fetched_tokens(&client, servers, &path).await;
    let file = format!("c@x.example;{CANARY};imap.x.example\nbad host;{CANARY};not a host\n\"open;{CANARY};h\n");
    let import = json!({"content": file, "destination_password": CANARY});
    assert_eq!(send(&client, &format!("{path}/imports"), &import).await.status, 200);
    let encoded = BASE64_STANDARD.encode(&file);
    let corrections = json!([{"row": 2, "cells": [null, CANARY, "no host"]}, {"row": 3, "cells": [CANARY]}]);
    let corrected = json!({"file": encoded, "corrections": corrections, "only_rows": [2, 3]});
    assert_eq!(send(&client, &format!("{path}/imports"), &corrected).await.status, 200);
    let admin = json!({"user": "root", "password": CANARY}).to_string();
    assert_eq!(client.send("PUT", &format!("{path}/admin-credentials/source"), Some(admin), &[]).await.status, 200);

    let options = json!({"options": {"max_message_bytes": 90_000}});
    assert_eq!(client.patch(&path, options).await.status, 200);
    let pairs = client.get(&accounts).await.json();
    for pair in &pairs["items"].as_array().expect("items")[1..] {
        let id = pair["id"].as_str().expect("an id");
        assert_eq!(client.patch(&format!("{accounts}/{id}"), json!({"ticked": false})).await.status, 200);
    }
    let batch = service.operator().post("/api/v1/vouchers", json!({"pairs": 1})).await.json();
    send(&client, &format!("{path}/voucher"), &json!({"code": batch["items"][0]["code"]})).await;
    assert_eq!(send(&client, &format!("{path}/start"), &json!({})).await.status, 200);
    until(&client, &path, |order| order["state"] == "completed").await;
    let progress = client.get(&format!("{path}/progress")).await.json();
    assert!(progress["counts"]["skipped"].as_u64() >= Some(1), "the one whose subject is looked for: {progress}");
    let (pair, run) = (&progress["pairs"][0]["pair_id"], &progress["pairs"][0]["run"]["id"]);
    let (pair, run) = (pair.as_str().expect("an id"), run.as_str().expect("an id"));
    let protocol = format!("/accounts/{pair}/runs/{run}/protocol");
    assert!(client.get(&format!("{path}{protocol}")).await.text.contains("message_too_large"));
    assert_eq!(client.get(&format!("{path}{protocol}.csv")).await.status, 200);
    for part in ["", "/accounts", "/admin-credentials", "/accounts.csv", "/progress", "/deltas"] {
        assert_eq!(client.get(&format!("{path}{part}")).await.status, 200);
    }
    wrong + 6 + fetched
}

/// What access tokens are fetched with, in every kind; how many ways in.
async fn fetched_tokens(client: &Client, servers: &Servers, path: &str) -> usize {
    let pair = send(client, &format!("{path}/accounts"), &servers.signed_in()).await;
    assert_eq!(pair.status, 201, "{}", pair.text);
    let pair = pair.json()["id"].clone();
    let refused = json!({"tenant": TENANT, "client_id": CLIENT, "client_secret": CANARY});
    let account = json!({"key_file": servers.tokens.key_file()});
    for (kind, oauth, login) in [("microsoft_app", refused, "failed"), ("google_service_account", account, "passed")] {
        let body = json!({"credential": kind, "oauth": oauth}).to_string();
        let set = client.send("PUT", &format!("{path}/admin-credentials/destination"), Some(body), &[]).await;
        assert_eq!(set.status, 200, "{}", set.text);
        let check = send(client, &format!("{path}/checks"), &json!({"pair_ids": [pair]})).await;
        let check = until(client, check.header("location"), |check| check["finished"] == true).await;
        let logins = [&check["items"][0]["login"], &check["items"][1]["login"]];
        assert_eq!(logins, [&json!("passed"), &json!(login)], "{check}");
    }
    3
}

async fn go_through(service: &Service, servers: &Servers) -> usize {
    let shutdown = CancellationToken::new();
    let working = tokio::spawn(jobs::work(service.app.job_context().expect("a context"), shutdown.clone()));
    let ways = every_way_in(service, servers).await;
    shutdown.cancel();
    working.await.expect("ends");
    let answered = service.answered.lock().expect("no panic").clone();
    assert!(answered.contains("c@x.example"), "the record works");
    must_not_hold(answered.as_bytes(), "an answer");
    println!("{} bytes of answers searched", answered.len());
    ways
}

fn search_files(folder: &Path) {
    let (mut files, mut size) = (0, 0);
    let mut held = Vec::new();
    for file in std::fs::read_dir(folder).expect("a folder") {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).expect("readable");
        must_not_hold(&bytes, &path.display().to_string());
        (files, size) = (files + 1, size + bytes.len());
        held.extend(bytes);
    }
    assert!(held.windows(5).any(|piece| piece == b"berta"), "the search works");
    println!("{files} files of SQLite searched, {size} bytes, the write-ahead log among them");
}

fn search_dump(address: &str) {
    let dump = Command::new("pg_dump").args(["--data-only", "--inserts", address]).output().expect("pg_dump");
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    assert!(dump.stdout.windows(5).any(|piece| piece == b"berta"), "the search works");
    must_not_hold(&dump.stdout, "a table of PostgreSQL");
    println!("{} bytes of PostgreSQL's tables searched", dump.stdout.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_found_nowhere() {
    let log = Log::default();
    // Tests of one process share this; the others' lines do no harm.
    let _ = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).try_init();
    let servers = Servers::start();
    let service = Service::start_with(None, |settings| servers.open(settings)).await;
    let ways = go_through(&service, &servers).await;
    search_files(service.folder.path());
    service.stop().await;

    let server = Postgres::start().expect("PostgreSQL");
    let address = server.fresh_database().expect("a database");
    let service = Service::start_with(Some(address.clone()), |settings| servers.open(settings)).await;
    go_through(&service, &servers).await;
    search_dump(&address);
    service.stop().await;

    let logged = log.0.lock().expect("no panic").clone();
    must_not_hold(&logged, "the log");
    println!("{ways} ways in on each database; {} bytes of log at trace searched; found: 0", logged.len());
}
