//! `mailferry copy --manifest` and `mailferry verify` against real servers: what the manifest holds, what Verify names,
//! and the exit codes.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use mailferry_lab::{
    Client, Cyrus, CyrusOptions, Dovecot, DovecotOptions, Fault, Plan, Proxy, ProxyOptions, Sample, sample::append_new,
};
use serde_json::Value;
use tempfile::TempDir;

const USER: &str = "anna";
const ONE: &[u8] =
    b"From: a@example.org\r\nSubject: the one\r\nMessage-ID: <one@example.org>\r\n\r\nbody of the one\r\n";
const SHA256_OF_ONE: &str = "82df881bb131cfacf6a7329cec0a4e6c858439ff6503dab86ec80f03958a4b73";

/// Where a destination can be reached.
struct Destination {
    url: String,
    ca_file: PathBuf,
}

/// A mailbox, where it goes, and a folder for ledger and manifest.
struct Pair {
    source: Dovecot,
    destination: Destination,
    dir: TempDir,
}

impl Pair {
    /// The sample and one message of which we know every byte.
    fn start(sample: Sample, destination: Destination) -> Self {
        let source = Dovecot::start(DovecotOptions { separator: '.', ..DovecotOptions::default() }).expect("Dovecot");
        sample.write(&source, USER).expect("a mailbox");
        let mut client = Client::login(&source.login(USER)).expect("logs in");
        client.append("INBOX", "\\Seen", Some(" 7-Feb-2024 10:00:00 +0100"), ONE).expect("the one");
        Self { source, destination, dir: tempfile::tempdir().expect("a folder") }
    }

    fn manifest(&self) -> PathBuf {
        self.dir.path().join("manifest.jsonl")
    }

    fn mailferry(&self, command: &str) -> Command {
        let mut process = Command::new(env!("CARGO_BIN_EXE_mailferry"));
        process
            .arg(command)
            .args(["--destination", &self.destination.url])
            .args(["--manifest".into(), self.manifest().into_os_string()])
            .env("MAILFERRY_CA_FILE", &self.destination.ca_file)
            .env("MAILFERRY_SOURCE_PASSWORD", "secret")
            .env("MAILFERRY_DESTINATION_PASSWORD", "secret")
            .stdin(Stdio::null());
        process
    }

    fn copy(&self, more: &[&str]) -> Output {
        let mut process = self.mailferry("copy");
        process.args(["--source", &url(self.source.imaps_port())]);
        process.args(["--state".into(), self.dir.path().join("ledger").into_os_string()]).args(more);
        process.output().expect("mailferry runs")
    }

    fn verify(&self, more: &[&str]) -> (i32, String) {
        let output = self.mailferry("verify").args(more).output().expect("mailferry runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code().expect("an exit code"), said)
    }

    fn verify_json(&self, more: &[&str]) -> (i32, Value) {
        let (code, said) = self.verify(&[more, &["--json"]].concat());
        (code, serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}")))
    }

    fn head(&self) -> Value {
        lines(&self.manifest()).remove(0)
    }

    fn entries(&self) -> Vec<Value> {
        lines(&self.manifest()).split_off(1)
    }
}

fn url(port: u16) -> String {
    format!("imaps://{USER}@localhost:{port}")
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("the manifest");
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn at_dovecot(server: &Dovecot) -> Destination {
    Destination { url: url(server.imaps_port()), ca_file: server.ca_file() }
}

fn dovecot() -> Dovecot {
    Dovecot::start(DovecotOptions::default()).expect("Dovecot")
}

/// Replaces text in the one file of a Maildir that holds it, by as many bytes.
fn alter(folder: &Path, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    for file in fs::read_dir(folder).expect("a Maildir") {
        let path = file.expect("a file").path();
        let bytes = fs::read(&path).expect("a message");
        if let Some(at) = bytes.windows(from.len()).position(|window| window == from.as_bytes()) {
            let altered = [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat();
            // A Maildir keeps the internal date there.
            let date = fs::metadata(&path).and_then(|known| known.modified()).expect("a time");
            fs::write(&path, altered).expect("written");
            return fs::File::options()
                .write(true)
                .open(&path)
                .and_then(|file| file.set_modified(date))
                .expect("dated");
        }
    }
    panic!("no message holds {from}");
}

#[test]
fn a_proof_under_an_accepted_certificate_says_so_and_tells_how_one_is_accepted() {
    let server = dovecot();
    let pair = Pair::start(Sample::Tiny, at_dovecot(&server));
    assert_eq!(pair.copy(&[]).status.code(), Some(0));
    let theirs = server.certificate_fingerprint().expect("its own");
    let verify = |more: &[&str]| {
        let output = pair.mailferry("verify").args(more).arg("--json").env_remove("MAILFERRY_CA_FILE").output();
        let output = output.expect("mailferry runs");
        let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        (output.status.code(), json)
    };
    let (code, json) = verify(&[]);
    assert_eq!((code, json["finding"]["code"].as_str()), (Some(3), Some("certificate_invalid")), "{json}");
    let way = format!("add --destination-certificate {theirs}.");
    assert!(json["finding"]["next_step"].as_str().is_some_and(|step| step.ends_with(&way)), "{json}");
    let (code, json) = verify(&["--destination-certificate", &theirs]);
    assert_eq!((code, json["notes"][0]["code"].as_str()), (Some(0), Some("certificate_pinned")), "{json}");
}

#[test]
fn the_manifest_names_every_message_also_when_nothing_was_left_to_copy() {
    let server = dovecot();
    let pair = Pair::start(Sample::Small, at_dovecot(&server));
    assert!(pair.copy(&[]).status.success());
    let first = pair.entries();
    assert_eq!((first.len(), pair.head()["messages"].as_u64()), (81, Some(81)));
    let mode = fs::metadata(pair.manifest()).expect("the manifest").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = pair.copy(&[]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("Nothing to do"), "{again:?}");
    assert_eq!(pair.entries(), first, "the ledger knows it all");
    append_new(&pair.source.login(USER), "INBOX", 2).expect("new mail");
    assert!(pair.copy(&["--kind", "delta"]).status.success());
    assert_eq!(pair.entries().len(), 83);
    assert_eq!(fs::read_dir(pair.dir.path()).expect("the folder").filter(is_draft).count(), 0);
}

fn is_draft(file: &Result<fs::DirEntry, std::io::Error>) -> bool {
    file.as_ref().expect("a file").file_name().to_string_lossy().contains("draft")
}

#[test]
fn a_line_of_the_manifest_tells_what_the_message_was() {
    let server = dovecot();
    let pair = Pair::start(Sample::Tiny, at_dovecot(&server));
    assert!(pair.copy(&[]).status.success());
    let entries = pair.entries();
    let one = entries.iter().find(|entry| entry["message_id"] == "<one@example.org>").expect("the one");
    assert_eq!(one["sha256"], SHA256_OF_ONE);
    assert_eq!(one["size_bytes"], ONE.len());
    assert_eq!(one["flags"], serde_json::json!(["\\Seen"]));
    assert_eq!(one["internal_date"], "2024-02-07T09:00:00Z");
    assert_eq!((&one["outcome"], &one["source"]["folder"]), (&"stored".into(), &"INBOX".into()));
    assert!(one["source"]["uid_validity"].is_u64() && one["destination"]["uid_validity"].is_u64());
    assert!(one["source"]["uid"].is_u64() && one["destination"]["uid"].is_u64());
}

#[test]
fn what_was_left_out_is_in_the_manifest_with_its_reason_and_is_not_expected() {
    let server = dovecot();
    let pair = Pair::start(Sample::Small, at_dovecot(&server));
    let options = ["--max-size", "15k", "--exclude", "Trash"];
    assert!(pair.copy(&options).status.success());
    let mut outcomes: BTreeMap<(String, String), u64> = BTreeMap::new();
    for entry in pair.entries() {
        let word = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        *outcomes.entry((word("outcome"), word("code"))).or_default() += 1;
    }
    let left_out = outcomes[&("skipped".to_owned(), "message_too_large".to_owned())];
    assert_eq!(outcomes.len(), 2, "{outcomes:?}");
    assert_eq!(pair.head()["left_out"], serde_json::json!([{"folder": "Trash", "reason": "excluded"}]));
    let (code, json) = pair.verify_json(&[]);
    assert_eq!((code, json["counts"]["left_out"].as_u64()), (0, Some(left_out)), "{json}");
    assert!(pair.copy(&options).status.success());
    assert_eq!(pair.verify_json(&[]).1["counts"]["left_out"], left_out, "also when it was found again");
}

#[test]
fn what_has_arrived_is_identical_byte_for_byte() {
    let server = dovecot();
    let pair = Pair::start(Sample::Demo, at_dovecot(&server));
    assert!(pair.copy(&[]).status.success());
    let (code, said) = pair.verify(&[]);
    assert_eq!((code, said.trim()), (0, "1,501 of 1,501 messages arrived, byte for byte."));
    let (code, json) = pair.verify_json(&["--connections", "1"]);
    assert_eq!((code, json["state"].as_str(), json["items_total"].as_u64()), (0, Some("identical"), Some(0)), "{json}");
}

#[test]
fn what_was_deleted_or_altered_at_the_destination_is_named() {
    let server = dovecot();
    let pair = Pair::start(Sample::Small, at_dovecot(&server));
    let second = String::from_utf8_lossy(ONE).replace("the one", "the two").replace("<one@", "<two@");
    let mut client = Client::login(&pair.source.login(USER)).expect("logs in");
    client.append("Sent", "", None, second.as_bytes()).expect("the second one");
    assert!(pair.copy(&[]).status.success());
    // A bit flips in a body, a header is edited, a message deleted, another one read, and one arrives.
    let maildir = server.maildir(USER);
    alter(&maildir.join("cur"), "body of the one", "body of the 0ne");
    alter(&maildir.join(".Sent/cur"), "Subject: the two", "Subject: the 2wo");
    let mut client = Client::login(&server.login(USER)).expect("logs in");
    client.expunge("Trash", "1").expect("deleted");
    client.store("Junk", "1", "+FLAGS (\\Flagged NewOne)").expect("flagged");
    append_new(&server.login(USER), "INBOX", 1).expect("new mail");
    let (code, json) = pair.verify_json(&[]);
    assert_eq!((code, json["state"].as_str()), (1, Some("differences")), "{json}");
    let count = |name: &str| json["counts"][name].as_u64().expect(name);
    let counts =
        ["expected", "identical", "rewritten", "different", "absent", "flags_differ", "dates_differ"].map(count);
    assert_eq!(counts, [82, 79, 1, 1, 1, 1, 0], "{json}");
    let items = json["items"].as_array().expect("items");
    let named: Vec<(&str, &str)> = items
        .iter()
        .map(|item| (item["grade"].as_str().expect("a grade"), item["folder"].as_str().expect("a folder")))
        .collect();
    assert_eq!(named, [("absent", "Trash"), ("different", "INBOX"), ("rewritten", "Sent"), ("identical", "Junk")]);
    assert_eq!(
        (&items[1]["message_id"], &items[1]["differences"]),
        (&"<one@example.org>".into(), &serde_json::json!([{"kind": "body"}]))
    );
    assert_eq!(items[2]["differences"], serde_json::json!([{"kind": "header", "header": "Subject"}]));
    assert_eq!(items[3]["flags_added"].as_array().map(Vec::len), Some(2), "{json}");
    let (code, said) = pair.verify(&["--ignore-flags"]);
    assert_eq!(code, 1);
    assert!(said.contains("<one@example.org>: different (body)"), "{said}");
    assert!(said.contains("80 of 82 messages arrived: 79 byte for byte, 1 rewritten by the server"), "{said}");
    assert!(!said.contains("flags"), "{said}");
}

#[test]
fn a_message_that_was_replaced_is_named_by_what_changed() {
    let server = dovecot();
    let pair = Pair::start(Sample::Tiny, at_dovecot(&server));
    assert!(pair.copy(&[]).status.success());
    let mut client = Client::login(&server.login(USER)).expect("logs in");
    client.expunge("INBOX", "15").expect("the one is the last");
    let other = String::from_utf8_lossy(ONE).replace("body of", "the body of");
    client.append("INBOX", "\\Seen", Some(" 7-Feb-2024 10:00:00 +0100"), other.as_bytes()).expect("another one");
    let (code, json) = pair.verify_json(&[]);
    assert_eq!(code, 1);
    assert_eq!(json["items"][0]["grade"], "different", "{json}");
    assert_eq!(json["items"][0]["message_id"], "<one@example.org>");
}

#[test]
fn under_another_uidvalidity_messages_are_known_by_their_content() {
    let server = dovecot();
    let pair = Pair::start(Sample::Small, at_dovecot(&server));
    assert!(pair.copy(&[]).status.success());
    let update = ["mailbox", "update", "-u", USER, "--uid-validity", "2000000000", "INBOX"];
    server.doveadm(&update).expect("another UIDVALIDITY");
    let (code, said) = pair.verify(&[]);
    assert_eq!((code, said.trim()), (0, "81 of 81 messages arrived, byte for byte."));
    Client::login(&server.login(USER)).expect("logs in").expunge("INBOX", "1").expect("deleted");
    assert_eq!(pair.verify_json(&[]).1["counts"]["absent"], 1, "also where a message stands twice");
}

#[test]
fn a_server_that_rewrites_headers_is_named_with_the_header() {
    let server = Cyrus::start(CyrusOptions { slashes: true, beside_inbox: true, ..CyrusOptions::default() });
    let server = server.expect("Cyrus");
    let destination = Destination { url: url(server.imaps_port()), ca_file: server.ca_file() };
    let pair = Pair::start(Sample::Tiny, destination);
    let output = pair.copy(&[]);
    assert!(output.status.success(), "{output:?}");
    let (code, json) = pair.verify_json(&[]);
    assert_eq!(code, 1, "{json}");
    let count = |name: &str| json["counts"][name].as_u64().expect(name);
    assert!(count("rewritten") > 0, "Cyrus puts an X for each 8-bit letter in a header: {json}");
    assert_eq!((count("identical") + count("rewritten"), count("expected")), (37, 37), "{json}");
    let rewritten = json["items"].as_array().expect("items").iter().filter(|item| item["grade"] == "rewritten");
    for item in rewritten {
        let differences = item["differences"].as_array().expect("a list");
        let is_named = |one: &Value| one["kind"] == "header" && one["header"].is_string();
        assert!(!differences.is_empty() && differences.iter().all(is_named), "{item}");
    }
}

#[test]
fn a_message_that_was_refused_and_sent_repaired_is_judged_by_what_was_sent() {
    let extra = "reject8bit: yes".to_owned();
    let server = Cyrus::start(CyrusOptions { slashes: true, beside_inbox: true, extra }).expect("Cyrus");
    let destination = Destination { url: url(server.imaps_port()), ca_file: server.ca_file() };
    let pair = Pair::start(Sample::Tiny, destination);
    let output = pair.copy(&[]);
    assert!(output.status.success(), "{output:?}");
    let (code, json) = pair.verify_json(&[]);
    let count = |name: &str| json["counts"][name].as_u64().expect(name);
    assert!(count("repaired") > 0, "Cyrus refuses 8-bit letters in headers: {json}");
    assert_eq!((code, count("identical") + count("repaired"), count("expected")), (0, 37, 37), "{json}");
    assert_eq!(json["items_total"].as_u64(), Some(count("repaired")), "each is named: {json}");
    let encoded = serde_json::json!([{"kind": "repaired", "repairs": ["header_encoding"]}]);
    let is_told =
        |item: &Value| item["differences"][0]["kind"] == "repaired" && item["differences"][0]["repairs"] != Value::Null;
    let items = json["items"].as_array().expect("items");
    assert!(items.iter().all(is_told) && items.iter().any(|item| item["differences"] == encoded), "{json}");
    let manifest = fs::read_to_string(pair.manifest()).expect("the manifest");
    let sent = manifest.lines().filter(|line| line.contains("\"sent\":{\"sha256\":\"")).count();
    assert_eq!(sent as u64, count("repaired"), "the manifest holds what was sent");
    let (code, said) = pair.verify(&[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("as it was sent (repaired before it was sent: "), "{said}");
}

/// Without APPENDUID: what is stored is known, but not where.
fn without_appenduid(line: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8_lossy(&line);
    match (text.find(" OK [APPENDUID "), text.find("] ")) {
        (Some(start), Some(end)) if line.len() < 200 => [&line[..start + 4], &line[end + 2..]].concat(),
        _ => line,
    }
}

/// UIDs of the messages one further: each entry names its neighbour's place.
fn wrong_appenduid(line: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8_lossy(&line).into_owned();
    let Some((head, rest)) = text.split_once(" OK [APPENDUID ") else { return line };
    let Some((codes, tail)) = rest.split_once("] ").filter(|_| line.len() < 200) else { return line };
    let Some((validity, uids)) = codes.split_once(' ') else { return line };
    let further = |uid: &str| uid.parse().map_or(uid.to_owned(), |uid: u64| (uid + 1).to_string());
    let uids: Vec<String> = uids.split(':').map(further).collect();
    format!("{head} OK [APPENDUID {validity} {}] {tail}", uids.join(":")).into_bytes()
}

#[test]
fn a_server_that_tells_no_uids_or_wrong_ones_is_compared_by_content() {
    for rewrite in [without_appenduid, wrong_appenduid] {
        let server = dovecot();
        let mut pair = Pair::start(Sample::Small, at_dovecot(&server));
        let options = ProxyOptions { rewrite: Some(rewrite), ..ProxyOptions::default() };
        let proxy = Proxy::start_with(server.imap_port(), options).expect("a proxy");
        pair.destination.url = format!("imap://{USER}@localhost:{}", proxy.port());
        let copied = pair.copy(&["--allow-plaintext"]);
        assert!(copied.status.success(), "{copied:?}");
        pair.destination.url = url(server.imaps_port());
        let (code, said) = pair.verify(&[]);
        assert_eq!((code, said.trim()), (0, "81 of 81 messages arrived, byte for byte."));
        Client::login(&server.login(USER)).expect("logs in").expunge("Sent", "2").expect("deleted");
        let (code, json) = pair.verify_json(&[]);
        assert_eq!(
            (code, json["counts"]["absent"].as_u64(), json["counts"]["different"].as_u64()),
            (1, Some(1), Some(0))
        );
    }
}

#[test]
fn a_folder_that_is_gone_or_cannot_be_read_is_told_and_the_others_are_compared() {
    let server = dovecot();
    let pair = Pair::start(Sample::Small, at_dovecot(&server));
    assert!(pair.copy(&[]).status.success());
    server.doveadm(&["mailbox", "delete", "-u", USER, "Drafts"]).expect("deleted");
    // What Dovecot refuses to open.
    let sent = server.maildir(USER).join(".Sent");
    let index = sent.join("dovecot-uidlist");
    fs::remove_file(&index).expect("its list of messages");
    fs::create_dir(&index).expect("something else in its place");
    let (code, json) = pair.verify_json(&["--attempts", "2"]);
    let count = |name: &str| json["counts"][name].as_u64().expect(name);
    assert_eq!((code, count("absent"), count("unread")), (1, 2, 11), "{json}");
    assert_eq!(count("identical"), 81 - 13, "{json}");
    assert_eq!(json["unread"][0]["subject"], "Sent", "{json}");
    let (_, said) = pair.verify(&["--attempts", "2"]);
    assert!(
        said.contains("68 of 81 messages arrived, byte for byte; 2 absent; 11 in folders that cannot be read."),
        "{said}"
    );
}

#[test]
fn a_lost_line_is_taken_up_again() {
    let server = dovecot();
    let mut pair = Pair::start(Sample::Small, at_dovecot(&server));
    assert!(pair.copy(&[]).status.success());
    let proxy = Proxy::start(server.imaps_port()).expect("a proxy");
    pair.destination.url = url(proxy.port());
    proxy.plan(Plan { to_client: Some((60_000, Fault::Cut)), ..Plan::default() });
    let (code, said) = pair.verify(&["--connections", "1"]);
    assert_eq!((code, said.trim()), (0, "81 of 81 messages arrived, byte for byte."));
}

#[test]
fn wrong_use_ends_with_2_and_what_cannot_be_reached_with_3() {
    let server = dovecot();
    let pair = Pair::start(Sample::Tiny, at_dovecot(&server));
    let (code, said) = pair.verify(&[]);
    assert_eq!(code, 2);
    assert!(said.contains("copy --manifest"), "{said}");
    assert!(pair.copy(&[]).status.success());
    let wrong = pair.mailferry("verify").env("MAILFERRY_DESTINATION_PASSWORD", "wrong").output().expect("runs");
    assert_eq!(wrong.status.code(), Some(3), "{wrong:?}");
    let without = pair.mailferry("verify").env_remove("MAILFERRY_DESTINATION_PASSWORD").output().expect("runs");
    assert_eq!(without.status.code(), Some(2), "{without:?}");
    let whole = fs::read_to_string(pair.manifest()).expect("the manifest");
    let without_last = &whole[..=whole.trim_end().rfind('\n').expect("lines")];
    for (text, said) in [
        (without_last.to_owned(), "it holds 36 of 37 messages"),
        (whole.replacen("mailferry-manifest", "something-else", 1), "does not know"),
        (whole.replacen("\"uid\":", "\"u1d\":", 1), "line 2 of the manifest"),
        (String::new(), "line 1 of the manifest"),
    ] {
        fs::write(pair.manifest(), text).expect("written");
        let (code, told) = pair.verify(&[]);
        assert_eq!(code, 2, "{told}");
        assert!(told.contains(said), "{told}");
    }
    let nowhere = pair.copy(&["--manifest", "/nonexistent/manifest"]);
    assert_eq!(nowhere.status.code(), Some(2), "{nowhere:?}");
}
