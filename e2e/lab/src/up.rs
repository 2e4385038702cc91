//! `lab up`: everything a migration needs around the service.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    path::Path,
    process::ExitCode,
    sync::mpsc,
    thread,
};

use mailferry_lab::{
    DnsServer, Dovecot, DovecotOptions, Record, Sample, SmtpSink,
    dovecot::{MASTER_PASSWORD, MASTER_USER, MISMATCH_HOST, PASSWORD},
    free_port,
};
use serde_json::{Value, json};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::{Failure, arguments::Arguments, names, print};

/// People of the samples; the first gets the mailbox asked for, the others small ones.
const NAMES: [&str; 8] = ["anna", "ben", "chloe", "dmitri", "elif", "farid", "greta", "hugo"];
/// Room at the destination, bytes; large enough for every sample, so that the survey has something to show.
const DESTINATION_QUOTA: u64 = 2_000_000_000;

pub(crate) fn run(mut arguments: Arguments) -> Result<ExitCode, Failure> {
    let dir = arguments.option("--dir");
    let sample = sample(arguments.option("--sample").as_deref().unwrap_or("small"))?;
    let accounts = arguments.number("--accounts")?.unwrap_or(3).min(NAMES.len());
    arguments.finish()?;
    let below = |name: &str| dir.as_ref().map(|dir| Path::new(dir).join(name));
    let source = Dovecot::start(DovecotOptions { dir: below("source"), ..DovecotOptions::default() })?;
    let destination = Dovecot::start(DovecotOptions {
        dir: below("destination"),
        quota_bytes: Some(DESTINATION_QUOTA),
        folder_rights: true,
        ..DovecotOptions::default()
    })?;
    let sink = SmtpSink::start(below("mails").as_deref())?;
    let dns = DnsServer::start()?;
    dns.set("localhost", 60, &[Record::Address(IpAddr::V4(Ipv4Addr::LOCALHOST))]);
    let mut people = Vec::new();
    for (index, name) in NAMES.iter().take(accounts).enumerate() {
        let user = format!("{name}@old.example");
        let size = if index == 0 { sample } else { Sample::Small };
        let written = size.write(&source, &user)?;
        people.push(json!({
            "source_user": user,
            "destination_user": format!("{name}@new.example"),
            "messages": written.messages,
            "size_bytes": written.size_bytes,
            "folders": written.folders,
        }));
    }
    print(&json!({
        "password": PASSWORD,
        "master_user": MASTER_USER,
        "master_password": MASTER_PASSWORD,
        "host": "localhost",
        "mismatch_host": MISMATCH_HOST,
        "closed_port": free_port()?,
        "ca_file": source.ca_file(),
        "source": ports(&source),
        "destination": ports(&destination),
        "smtp_port": sink.port(),
        "dns": dns.address().to_string(),
        "rights_file": destination.rights_file(),
        "mail_dir": sink.dir(),
        "accounts": people,
    }));
    await_end(dns)?;
    Ok(ExitCode::SUCCESS)
}

fn sample(name: &str) -> Result<Sample, Failure> {
    Ok(match name {
        "small" => Sample::Small,
        "demo" => Sample::Demo,
        count => Sample::Sized(count.parse().map_err(|_| "--sample small|demo|NUMBER")?),
    })
}

fn ports(server: &Dovecot) -> Value {
    json!({ "imap_port": server.imap_port(), "imaps_port": server.imaps_port() })
}

/// Returns when the standard input ends, because then whoever started this is gone, or at a signal; until then its lines
/// set names. The servers end in order then, and temporary folders are removed.
fn await_end(dns: DnsServer) -> io::Result<()> {
    let (ended, end) = mpsc::channel();
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let by_signal = ended.clone();
    thread::spawn(move || signals.forever().next().map(|_| by_signal.send(())));
    thread::spawn(move || {
        names::follow(io::stdin().lock(), &dns);
        ended.send(())
    });
    end.recv().map_err(io::Error::other)
}
