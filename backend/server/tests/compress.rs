//! `mailferry copy` over lines that are compressed (COMPRESS=DEFLATE), with real Dovecot servers.

use std::process::{Command, Output};

use mailferry_lab::{CompareOptions, Dovecot, DovecotOptions, Proxy, ProxyOptions, Sample, compare};
use tempfile::TempDir;

const USER: &str = "anna";
const ZLIB: &str = "mail_plugins = zlib\nprotocol imap {\n  mail_plugins = $mail_plugins imap_zlib\n}\n";

struct Pair {
    source: Dovecot,
    destination: Dovecot,
    dir: TempDir,
}

impl Pair {
    fn start() -> Self {
        let start = || Dovecot::start(DovecotOptions { extra: ZLIB.to_owned(), ..DovecotOptions::default() });
        let (source, destination) = (start().expect("Dovecot"), start().expect("Dovecot"));
        Sample::Demo.write(&source, USER).expect("a mailbox");
        Self { source, destination, dir: tempfile::tempdir().expect("a folder") }
    }

    fn copy(&self, ports: [u16; 2], more: &[&str]) -> Output {
        let [source, destination] = ports.map(|port| format!("imap://{USER}@localhost:{port}"));
        Command::new(env!("CARGO_BIN_EXE_mailferry"))
            .args(["copy", "--quiet", "--allow-plaintext", "--source", &source, "--destination", &destination])
            .args(["--state".into(), self.dir.path().join("ledger").into_os_string()])
            .args(more)
            .env("MAILFERRY_SOURCE_PASSWORD", "secret")
            .env("MAILFERRY_DESTINATION_PASSWORD", "secret")
            .output()
            .expect("mailferry runs")
    }

    fn ports(&self) -> [u16; 2] {
        [self.source.imap_port(), self.destination.imap_port()]
    }

    fn assert_perfect(&self) {
        let options = CompareOptions { details: 10, ..CompareOptions::default() };
        let differences = compare(&self.source.login(USER), &self.destination.login(USER), &options);
        let differences = differences.expect("both can be read");
        assert!(differences.is_perfect(), "{differences:?}");
    }
}

fn passed(proxies: &[Proxy; 2]) -> (u64, u64) {
    let [source, destination] = proxies.each_ref().map(Proxy::passed);
    (source.iter().map(|line| line.to_client).sum(), destination.iter().map(|line| line.to_server).sum())
}

fn recording(port: u16) -> Proxy {
    Proxy::start_with(port, ProxyOptions { record: true, ..ProxyOptions::default() }).expect("a proxy")
}

fn asks(proxy: &Proxy) -> usize {
    let asked = |talk: &[u8]| talk.windows(16).any(|words| words == b"COMPRESS DEFLATE");
    proxy.talk().iter().filter(|talk| asked(&talk.to_server)).count()
}

#[test]
fn both_lines_are_compressed_on_demand_and_everything_arrives() {
    let pair = Pair::start();
    let lines = pair.ports().map(recording);
    let output = pair.copy(lines.each_ref().map(Proxy::port), &["--compress", "always"]);
    assert!(output.status.success(), "{output:?}");
    pair.assert_perfect();
    assert!(asks(&lines[0]) > 0 && asks(&lines[1]) > 0, "both servers were asked");
    let compressed = passed(&lines);
    // The same in plain, to another mailbox of the same source.
    let plain = Pair { destination: Dovecot::start(DovecotOptions::default()).expect("Dovecot"), ..pair };
    std::fs::remove_file(plain.dir.path().join("ledger")).expect("another ledger");
    let lines = plain.ports().map(recording);
    let output = plain.copy(lines.each_ref().map(Proxy::port), &["--compress", "never"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(asks(&lines[0]) + asks(&lines[1]), 0, "and nobody was asked");
    let full = passed(&lines);
    assert!(compressed.0 * 10 < full.0 * 9 && compressed.1 * 10 < full.1 * 9, "{compressed:?} of {full:?}");
}

/// The line looks like a mail server's until it is compressed.
fn spoilt(line: Vec<u8>) -> Vec<u8> {
    let is_plain = line.iter().all(|byte| (b' '..=b'~').contains(byte) || matches!(byte, b'\r' | b'\n' | b'\t'));
    if is_plain { line } else { line.iter().map(|byte| byte ^ 0x55).collect() }
}

#[test]
fn a_line_whose_bytes_cannot_be_decompressed_is_a_lost_line_and_nothing_wrong_arrives() {
    let pair = Pair::start();
    let options = ProxyOptions { rewrite: Some(spoilt), ..ProxyOptions::default() };
    let line = Proxy::start_with(pair.source.imap_port(), options).expect("a proxy");
    let ports = [line.port(), pair.destination.imap_port()];
    let output = pair.copy(ports, &["--compress", "always", "--attempts", "1"]);
    assert!(matches!(output.status.code(), Some(1 | 3 | 4)), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    // Over the line itself: to the ledger that is another source.
    std::fs::remove_file(pair.dir.path().join("ledger")).expect("another ledger");
    let output = pair.copy(pair.ports(), &[]);
    assert!(output.status.success(), "{output:?}");
    pair.assert_perfect();
}
