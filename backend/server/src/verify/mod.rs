//! `mailferry verify`: is everything there, byte for byte?

mod arguments;
pub(crate) mod report;

use std::{
    fs::File,
    io::{IsTerminal, Write, stderr},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use mailferry_connectors::imap::ImapReader;
use mailferry_engine::{
    manifest::Manifest,
    port::Control,
    verify::{VerifyJob, VerifyOptions, verify},
};

pub use arguments::VerifyArguments;

use crate::{
    copy::{
        WRONG_USE,
        arguments::{WrongUse, network},
        certificate::accepted,
        report::{complain, thousands},
        stop_on_signals,
    },
    verify::report::Outcome,
};

/// Messages that are named one by one.
const NAMED: usize = 100_000;

/// Runs `mailferry verify`.
pub async fn main(arguments: VerifyArguments) -> ExitCode {
    match compare(&arguments).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            complain("verify", &error);
            ExitCode::from(WRONG_USE)
        }
    }
}

async fn compare(arguments: &VerifyArguments) -> Result<u8, WrongUse> {
    let login = arguments.login()?;
    let network = network(arguments.ca_file.as_ref(), arguments.allow_untrusted_certificate)?;
    let manifest = open(arguments)?;
    let (steer, control) = Control::new();
    stop_on_signals(steer);
    let started = Instant::now();
    let (server, certificate) = (login.endpoint.clone(), accepted(&login));
    let live = Live::new(&manifest, !arguments.json && !arguments.quiet);
    let checked = live.checked.clone();
    let report = verify(VerifyJob {
        account: ImapReader { network, login },
        manifest,
        options: VerifyOptions {
            connections: arguments.connections.into(),
            attempts: arguments.attempts,
            named: NAMED,
            ignore_flags: arguments.ignore_flags,
            ..VerifyOptions::default()
        },
        control,
        progress: Arc::new(move |more| {
            checked.fetch_add(more, Ordering::Relaxed);
        }),
    })
    .await;
    drop(live);
    let mut outcome = Outcome::new(report, started.elapsed());
    outcome.tell_of_certificates(certificate, &server);
    if arguments.json {
        outcome.print_json();
    } else {
        outcome.print();
    }
    Ok(outcome.code)
}

fn open(arguments: &VerifyArguments) -> Result<Manifest, WrongUse> {
    let path = &arguments.manifest;
    let advice = "name a file that mailferry copy --manifest has written";
    let file = File::open(path)
        .map_err(|error| WrongUse::new(format!("{} cannot be read: {error}", path.display()), advice))?;
    Manifest::open(file).map_err(|error| WrongUse::caused(&error, advice))
}

/// The live progress line on a terminal, until it is dropped.
struct Live {
    checked: Arc<AtomicU64>,
    ticking: Option<tokio::task::JoinHandle<()>>,
}

impl Live {
    fn new(manifest: &Manifest, wanted: bool) -> Self {
        let checked = Arc::new(AtomicU64::new(0));
        let all: u64 = manifest.folders.iter().map(|folder| folder.expected).sum();
        let (shown, all) = (checked.clone(), thousands(all));
        let ticking = (wanted && stderr().is_terminal()).then(|| {
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    let now = thousands(shown.load(Ordering::Relaxed));
                    // A terminal that went away is no reason to stop.
                    let _ = write!(stderr().lock(), "\r\x1b[K{now} of {all} messages compared");
                    let _ = stderr().flush();
                }
            })
        });
        Self { checked, ticking }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(ticking) = &self.ticking {
            ticking.abort();
            let _ = write!(stderr().lock(), "\r\x1b[K");
        }
    }
}
