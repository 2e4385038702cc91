//! `mailferry copy` against real Dovecot servers: what arrives, what is said, and the exit codes.

#[path = "api/plain_http.rs"]
mod plain_http;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};

use mailferry_lab::{
    Client, CompareOptions, Differences, Dovecot, DovecotOptions, Fault, Plan, Proxy, Sample, compare, matrix,
    sample::append_new,
};
use mailferry_shared::finding::FindingCode;
use serde_json::{Value, json};
use tempfile::TempDir;

const SOURCE: &str = "anna@old.example";
const DESTINATION: &str = "anna@new.example";

/// Two servers with different separators, a mailbox at the first, and a folder for ledgers.
struct Pair {
    source: Dovecot,
    destination: Dovecot,
    dir: TempDir,
}

impl Pair {
    fn start(sample: Sample, destination: DovecotOptions) -> Self {
        let source = Dovecot::start(DovecotOptions { separator: '.', ..DovecotOptions::default() }).expect("Dovecot");
        sample.write(&source, SOURCE).expect("a mailbox");
        let destination = Dovecot::start(destination).expect("Dovecot");
        Self { source, destination, dir: tempfile::tempdir().expect("a folder") }
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("ledger")
    }

    fn command(&self, more: &[&str]) -> Command {
        self.command_from(self.source.imaps_port(), more)
    }

    /// A copy from what listens on this port.
    fn command_from(&self, source: u16, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailferry"));
        command
            .arg("copy")
            .args(["--source", &format!("imaps://{}@localhost:{}", encoded(SOURCE), source)])
            .args([
                "--destination",
                &format!("imap://{}@localhost:{}", encoded(DESTINATION), self.destination.imap_port()),
            ])
            .args(["--state".into(), self.state().into_os_string()])
            .args(more)
            .env("MAILFERRY_CA_FILE", self.source.ca_file())
            .env("MAILFERRY_SOURCE_PASSWORD", "secret")
            .env("MAILFERRY_DESTINATION_PASSWORD", "secret")
            .stdin(Stdio::null());
        command
    }

    fn copy(&self, more: &[&str]) -> Output {
        self.command(more).output().expect("mailferry runs")
    }

    /// Copies, and gives exit code and JSON.
    fn copy_json(&self, more: &[&str]) -> (i32, Value) {
        let output = self.copy(&[more, &["--json"]].concat());
        let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        (output.status.code().expect("an exit code"), json)
    }

    fn differences(&self) -> Differences {
        let differences = compare(
            &self.source.login(SOURCE),
            &self.destination.login(DESTINATION),
            &CompareOptions { details: 10, ..CompareOptions::default() },
        );
        differences.expect("both can be read")
    }

    fn assert_perfect(&self) {
        let differences = self.differences();
        assert!(differences.is_perfect(), "{differences:?}");
    }
}

fn encoded(user: &str) -> String {
    user.replace('@', "%40")
}

fn counts(json: &Value) -> [u64; 4] {
    ["listed", "stored", "present", "skipped"].map(|name| json["counts"][name].as_u64().expect(name))
}

#[test]
fn everything_arrives_a_second_copy_does_nothing_and_a_third_brings_what_is_new() {
    let pair = Pair::start(Sample::Small, DovecotOptions::default());
    let (code, json) = pair.copy_json(&[]);
    assert_eq!((code, json["state"].as_str()), (0, Some("succeeded")), "{json}");
    assert_eq!(counts(&json), [80, 80, 0, 0]);
    pair.assert_perfect();
    let again = pair.copy(&[]);
    assert_eq!(again.status.code(), Some(0));
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(said.contains("Nothing to do: all 80 messages are at the destination."), "{said}");
    append_new(&pair.source.login(SOURCE), "INBOX", 3).expect("new mail");
    let (code, json) = pair.copy_json(&["--kind", "delta"]);
    assert_eq!((code, counts(&json)), (0, [83, 3, 80, 0]), "{json}");
    pair.assert_perfect();
}

#[test]
fn a_copy_without_its_ledger_finds_what_is_there() {
    let pair = Pair::start(Sample::Small, DovecotOptions::default());
    assert_eq!(pair.copy_json(&[]).0, 0);
    std::fs::remove_file(pair.state()).expect("the ledger");
    let (code, json) = pair.copy_json(&[]);
    assert_eq!((code, counts(&json)), (0, [80, 0, 80, 0]), "{json}");
    assert_eq!(json["counts"]["duplicates"], 80);
    pair.assert_perfect();
}

#[test]
fn a_dry_run_tells_and_changes_nothing() {
    let pair = Pair::start(Sample::Small, DovecotOptions::default());
    let (code, json) = pair.copy_json(&["--dry-run"]);
    assert_eq!((code, counts(&json)), (0, [80, 80, 0, 0]), "{json}");
    assert_eq!(json["folders"].as_array().expect("folders").len(), 12);
    let mut client = Client::login(&pair.destination.login(DESTINATION)).expect("logs in");
    assert_eq!(client.list().expect("lists").len(), 1, "INBOX alone");
}

#[test]
fn options_leave_out_and_put_elsewhere() {
    let pair = Pair::start(Sample::Small, DovecotOptions::default());
    let (code, json) = pair.copy_json(&[
        "--exclude",
        "Trash",
        "--map",
        "Archive=Old/Archive",
        "--max-size",
        "15k",
        "--since",
        "2010-01-01",
    ]);
    assert_eq!(code, 0, "{json}");
    let [listed, stored, present, skipped] = counts(&json);
    assert!(skipped > 0 && stored > 0 && present == 0, "{json}");
    assert_eq!(listed, stored + skipped);
    let mut client = Client::login(&pair.destination.login(DESTINATION)).expect("logs in");
    let names: Vec<String> =
        client.list().expect("lists").iter().map(|listed| String::from_utf8_lossy(&listed.name).into_owned()).collect();
    assert!(names.iter().any(|name| name == "Old/Archive/2019"), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("Trash")), "{names:?}");
    let reasons: Vec<&str> =
        json["items"].as_array().expect("items").iter().filter_map(|item| item["code"].as_str()).collect();
    assert!(reasons.contains(&"message_too_large") && reasons.contains(&"message_filtered"), "{reasons:?}");
}

#[test]
fn a_wrong_password_and_a_server_that_is_not_there_end_with_3() {
    let pair = Pair::start(Sample::Small, DovecotOptions::default());
    let wrong = pair.command(&["--json"]).env("MAILFERRY_SOURCE_PASSWORD", "wrong").output().expect("runs");
    assert_eq!(wrong.status.code(), Some(3));
    let json: Value = serde_json::from_slice(&wrong.stdout).expect("JSON");
    assert_eq!(json["finding"]["code"], "wrong_password");
    pair.destination.stop();
    let (code, json) = pair.copy_json(&["--attempts", "2"]);
    assert_eq!((code, json["finding"]["code"].as_str()), (3, Some("connection_refused")), "{json}");
}

#[test]
fn a_certificate_that_does_not_verify_is_told_with_how_to_accept_it_and_a_copy_under_it_says_so() {
    let pair = Pair::start(Sample::Small, DovecotOptions::default());
    let [old, new] = [&pair.source, &pair.destination].map(|server| server.certificate_fingerprint().expect("its own"));
    let copy = |more: &[&str]| {
        let output = pair.command(more).env_remove("MAILFERRY_CA_FILE").output().expect("runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    // Both are met at the same time.
    let (code, said) = copy(&["--destination-certificate", &new]);
    let way = format!("add --source-certificate {old}.");
    assert!(code == Some(3) && said.contains(&way) && said.contains("issued by Mailferry lab CA"), "{code:?}: {said}");
    let (code, said) = copy(&["--source-certificate", &old]);
    let way = format!("add --destination-certificate {new}.");
    assert!(code == Some(3) && said.contains(&way), "{code:?}: {said}");
    let (code, said) = copy(&["--source-certificate", &new, "--destination-certificate", &new]);
    let told = said.contains(FindingCode::CertificateChanged.message()) && said.contains(&old);
    assert!(code == Some(3) && told, "{code:?}: {said}");
    let (code, said) = copy(&["--source-certificate", &old, "--destination-certificate", &new]);
    assert_eq!(code, Some(0), "{said}");
    for (server, fingerprint) in [(pair.source.imaps_port(), &old), (pair.destination.imap_port(), &new)] {
        let note =
            format!("Note: localhost:{server} (SHA-256 {fingerprint}): {}", FindingCode::CertificatePinned.message());
        assert!(said.contains(&note), "{said}");
    }
    pair.assert_perfect();
    let (code, _) = copy(&["--source-certificate", &old[1..]]);
    assert_eq!(code, Some(2), "no fingerprint");
    let (code, _) = copy(&["--source-certificate", &old, "--allow-untrusted-certificate"]);
    assert_eq!(code, Some(2), "one or the other");
}

/// A server that takes access tokens, and asks this port whose they are.
fn with_tokens(port: u16, separator: char) -> Dovecot {
    let introspection = Some(format!("http://127.0.0.1:{port}/introspect"));
    Dovecot::start(DovecotOptions { introspection, separator, ..DovecotOptions::default() }).expect("Dovecot")
}

#[test]
fn access_tokens_come_from_the_environment_and_a_refused_one_is_told_apart() {
    let port = plain_http::serve(|request| {
        let is_form = request.headers.get("content-type").is_some_and(|kind| kind.contains("x-www-form-urlencoded"));
        assert!(is_form && request.method == "POST" && request.path == "/introspect", "{}", request.path);
        let fields: BTreeMap<String, String> = serde_urlencoded::from_str(&request.body).expect("fields");
        let user = match fields.get("token").map(String::as_str) {
            Some("ya29.old") => SOURCE,
            Some("ya29.new") => DESTINATION,
            _ => return Some((200, json!({"active": false})).into()),
        };
        Some((200, json!({"active": true, "username": user})).into())
    });
    let (source, destination) = (with_tokens(port, '.'), with_tokens(port, '/'));
    Sample::Small.write(&source, SOURCE).expect("a mailbox");
    let pair = Pair { source, destination, dir: tempfile::tempdir().expect("a folder") };
    let copy = |old: &str, new: &str| {
        let mut copy = pair.command(&["--json"]);
        copy.env_remove("MAILFERRY_SOURCE_PASSWORD").env_remove("MAILFERRY_DESTINATION_PASSWORD");
        copy.env("MAILFERRY_SOURCE_TOKEN", old).env("MAILFERRY_DESTINATION_TOKEN", new);
        let output = copy.output().expect("runs");
        let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.code(), json)
    };
    let (code, json) = copy("ya29.old", "ya29.new");
    assert_eq!((code, json["counts"]["stored"].as_u64()), (Some(0), Some(80)), "{json}");
    pair.assert_perfect();
    let (code, json) = copy("ya29.ended", "ya29.new");
    assert_eq!((code, json["finding"]["code"].as_str()), (Some(3), Some("token_refused")), "{json}");
    let both = pair.command(&[]).env("MAILFERRY_SOURCE_TOKEN", "ya29.old").output().expect("runs");
    assert_eq!(both.status.code(), Some(2));
    let said = String::from_utf8_lossy(&both.stderr).into_owned();
    assert!(said.contains("give one of them") && !said.contains("ya29"), "{said}");
}

/// It is good until the line breaks: whoever connects again is refused.
#[test]
fn a_token_that_ends_in_the_middle_of_a_copy_is_told_with_what_to_do_and_a_fresh_one_goes_on() {
    let way: Arc<OnceLock<Proxy>> = Arc::default();
    let seen = way.clone();
    let port = plain_http::serve(move |request| {
        let fields: BTreeMap<String, String> = serde_urlencoded::from_str(&request.body).expect("fields");
        let is_broken = seen.get().is_some_and(|proxy| proxy.struck() > 0);
        let user = match fields.get("token").map(String::as_str) {
            Some("ya29.old") if is_broken => return Some((200, json!({"active": false})).into()),
            Some("ya29.new") => DESTINATION,
            _ => SOURCE,
        };
        Some((200, json!({"active": true, "username": user})).into())
    });
    let (source, destination) = (with_tokens(port, '.'), with_tokens(port, '/'));
    Sample::Small.write(&source, SOURCE).expect("a mailbox");
    let pair = Pair { source, destination, dir: tempfile::tempdir().expect("a folder") };
    let proxy = way.get_or_init(|| Proxy::start(pair.source.imaps_port()).expect("a proxy"));
    (0..8).for_each(|_| proxy.plan(Plan { to_client: Some((40_000, Fault::Cut)), to_server: None }));
    // The ledger is that of one pair of addresses.
    let copy = |token: &str| {
        let mut copy = pair.command_from(proxy.port(), &[]);
        copy.env_remove("MAILFERRY_SOURCE_PASSWORD").env_remove("MAILFERRY_DESTINATION_PASSWORD");
        copy.env("MAILFERRY_SOURCE_TOKEN", token).env("MAILFERRY_DESTINATION_TOKEN", "ya29.new");
        let output = copy.output().expect("runs");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    };
    let (code, said) = copy("ya29.old");
    // Parked, if anything has arrived before.
    assert!(proxy.struck() > 0 && [Some(3), Some(4)].contains(&code), "{code:?}: {said}");
    let told =
        said.contains(FindingCode::TokenRefused.message()) && said.contains(FindingCode::TokenRefused.next_step());
    assert!(told && !said.contains("ya29"), "{said}");
    proxy.forget_plans();
    let (code, said) = copy("ya29.fresh");
    assert_eq!(code, Some(0), "{said}");
    pair.assert_perfect();
}

#[test]
fn wrong_use_ends_with_2_and_says_what_to_do() {
    let pair = Pair::start(Sample::Small, DovecotOptions::default());
    for (more, said) in [
        (vec!["--map", "no-equals-sign"], "FROM=TO"),
        (vec!["--exclude", "a//b"], "must not be empty"),
        (vec!["--max-size", "big"], "write a number of bytes"),
        (vec!["--kind", "everything"], "possible values"),
        (vec!["--source-password-file", "/nonexistent"], "cannot be read"),
    ] {
        let output = pair.copy(&more);
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains(said), "{more:?}: {text}");
    }
    let without = pair.command(&[]).env_remove("MAILFERRY_DESTINATION_PASSWORD").output().expect("runs");
    assert_eq!(without.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&without.stderr).contains("MAILFERRY_DESTINATION_PASSWORD"));
}

#[test]
fn a_ledger_is_used_by_one_process_and_for_one_pair_of_mailboxes() {
    let pair = Pair::start(Sample::Sized(600), DovecotOptions::default());
    // The first one takes longer than anybody waits here.
    let slow = Proxy::start(pair.source.imaps_port()).expect("a proxy");
    let plan = Plan { to_client: Some((20_000, Fault::Trickle(Duration::from_millis(2)))), ..Plan::default() };
    (0..16).for_each(|_| slow.plan(plan));
    let command = |more: &[&str]| pair.command_from(slow.port(), more);
    let mut first = command(&["--quiet"]).stdout(Stdio::null()).spawn().expect("runs");
    let deadline = Instant::now() + Duration::from_secs(60);
    while slow.passed().iter().all(|passed| passed.to_client < 20_000) {
        assert!(Instant::now() < deadline && first.try_wait().expect("a child").is_none(), "it copies nothing");
        thread::sleep(Duration::from_millis(5));
    }
    let second = command(&[]).output().expect("runs");
    assert_eq!(second.status.code(), Some(2), "{second:?}");
    assert!(String::from_utf8_lossy(&second.stderr).contains("another process"), "{second:?}");
    first.kill().expect("it was under way");
    first.wait().expect("gone");
    let other = command(&["--destination-authzid", "somebody"]).output().expect("runs");
    assert_eq!(other.status.code(), Some(2), "{other:?}");
    assert!(String::from_utf8_lossy(&other.stderr).contains("belongs to the copy"), "{other:?}");
}

#[test]
fn a_full_mailbox_ends_with_4_and_nothing_counts_as_failed() {
    let options = DovecotOptions { quota_bytes: Some(150_000), ..DovecotOptions::default() };
    let pair = Pair::start(Sample::Small, options);
    for _ in 0..2 {
        let (code, json) = pair.copy_json(&["--append-timeout-seconds", "1"]);
        assert_eq!((code, json["finding"]["code"].as_str()), (4, Some("mailbox_full")), "{json}");
        assert_eq!(json["counts"]["failed"], 0, "{json}");
    }
    // The owner makes room.
    let mut client = Client::login(&pair.destination.login(DESTINATION)).expect("logs in");
    let before = client.count("INBOX").expect("counts");
    assert!(before > 0);
    client.expunge("INBOX", "1:*").expect("expunges");
    let (_, json) = pair.copy_json(&["--append-timeout-seconds", "1"]);
    assert!(json["counts"]["stored"].as_u64() > Some(0), "it goes on: {json}");
}

#[test]
fn a_killed_copy_goes_on_without_loss_or_duplicate() {
    let pair = Pair::start(Sample::Sized(1200), DovecotOptions::default());
    let waits_ms = [120, 350, 500, 250];
    for wait_ms in waits_ms {
        let mut child =
            pair.command(&["--quiet", "--append-timeout-seconds", "1"]).stdout(Stdio::null()).spawn().expect("runs");
        thread::sleep(Duration::from_millis(wait_ms));
        child.kill().expect("killed");
        child.wait().expect("gone");
    }
    let (code, json) = pair.copy_json(&["--append-timeout-seconds", "1"]);
    assert_eq!(code, 0, "{json}");
    matrix::judge("SIGKILL of the command line", waits_ms.len(), &pair.differences());
    assert_eq!(pair.copy_json(&[]).1["counts"]["stored"], 0);
}

/// No file may grow beyond so many bytes: what a full disk looks like to SQLite.
fn copy_on_a_full_disk(pair: &Pair, limit: u64) -> Output {
    let copy = pair.command(&["--quiet", "--append-timeout-seconds", "1"]);
    let mut limited = Command::new("/bin/sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f $1; shift; exec \"$@\"", "sh", &(limit / 512).to_string()]);
    limited.arg(copy.get_program()).args(copy.get_args());
    limited.envs(copy.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
    limited.output().expect("mailferry runs")
}

#[test]
fn a_full_disk_stops_the_copy_and_with_room_it_goes_on_without_loss_or_duplicate() {
    // How large a ledger becomes.
    let whole = Pair::start(Sample::Sized(3000), DovecotOptions::default());
    assert_eq!(whole.copy_json(&[]).0, 0);
    let size = whole.state().metadata().expect("a ledger").len();
    let pair = Pair::start(Sample::Sized(3000), DovecotOptions::default());
    let mut stopped_midway = 0;
    let limits = (3..=11).map(|tenths| size * tenths / 10);
    for limit in limits.clone() {
        let output = copy_on_a_full_disk(&pair, limit);
        let there = pair.differences();
        assert_eq!(there.extra, 0, "at {limit} bytes: {there:?}");
        let complete = there.destination_messages == 3000;
        // The disk may be full just when the last batch has been stored: that is no success either.
        assert!(complete || !output.status.success(), "at {limit} bytes: {output:?}");
        stopped_midway += u32::from(there.destination_messages > 0 && !complete);
    }
    assert!(stopped_midway > 0, "no limit hit a copy that was under way");
    let (code, json) = pair.copy_json(&["--append-timeout-seconds", "1"]);
    assert_eq!(code, 0, "{json}");
    matrix::judge("database disk full", limits.count(), &pair.differences());
}
