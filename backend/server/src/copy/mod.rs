//! `mailferry copy`: the engine on the command line, without the service.
//!
//! Exit codes: 0 all copied, present or left out by option; 1 some failed or are uncertain (named); 2 wrong use; 3 could
//! not connect or log in; 4 parked or interrupted.

pub(crate) mod arguments;
pub(crate) mod certificate;
mod limits;
mod live;
mod location;
mod manifest;
pub(crate) mod report;

use std::{
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Days, NaiveTime, Utc};
use mailferry_connectors::imap::{ImapConnector, ImapLogin};
use mailferry_domain::{mapping::MappingOptions, plan::ItemFilter};
use mailferry_engine::{
    port::{Command, Control, NoFault, ProgressSink},
    run::{Job, RunOptions, run},
};
use mailferry_shared::run::RunKind;
use mailferry_store::{LedgerFile, StoreError};

pub use arguments::CopyArguments;

use crate::copy::{
    arguments::WrongUse,
    limits::Permitted,
    live::LiveLine,
    manifest::ManifestFile,
    report::{Outcome, exit_code},
};

/// Days of mail that a trial copies.
const TRIAL_DAYS: u64 = 10;
/// Exit code for wrong use.
pub(crate) const WRONG_USE: u8 = 2;

/// Runs `mailferry copy`.
pub async fn main(arguments: CopyArguments) -> ExitCode {
    match copy(&arguments).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            report::complain("copy", &error);
            ExitCode::from(WRONG_USE)
        }
    }
}

async fn copy(arguments: &CopyArguments) -> Result<u8, WrongUse> {
    let source = arguments.login(true)?;
    let destination = arguments.login(false)?;
    if same_mailbox(&source, &destination) {
        return Err(WrongUse::new("source and destination are the same mailbox", "name two different mailboxes"));
    }
    let permitted = Permitted::of(&source, &destination)?;
    let options = options(arguments, Utc::now())?;
    let ends = format!("{} → {}", location::end(&source), location::end(&destination));
    let path = match &arguments.state {
        Some(path) => path.clone(),
        None => location::default_state(&ends)?,
    };
    let file = open_ledger(&path, &ends).await?;
    let manifest = arguments.manifest.as_deref().map(ManifestFile::create).transpose()?;
    let names = [&source, &destination].map(location::end);
    let servers = [&source, &destination].map(|login| login.endpoint.clone());
    let certificates = [&source, &destination].map(certificate::accepted);
    let network = arguments::network(arguments.ca_file.as_ref(), arguments.allow_untrusted_certificate)?;
    let network = network.with_squeeze(arguments.squeeze());
    let (steer, control) = Control::new();
    stop_on_signals(steer);
    let started = Instant::now();
    let run_id = file.new_run_id().map_err(|error| WrongUse::caused(&error, "the system has no randomness"))?;
    let unusable = |error: StoreError| WrongUse::caused(&error, "check the state file's folder and disk");
    let ledger = file.counting_ledger(run_id, permitted.accounts.clone()).await.map_err(unusable)?;
    let options = permitted.apply(options, &file).await.map_err(unusable)?;
    let live = Arc::new(LiveLine::new(!arguments.json && !arguments.quiet));
    let ticking = live.clone().tick();
    let report = run(Job {
        connector: Arc::new(ImapConnector { network, source, destination }),
        ledger: ledger.clone(),
        options,
        control,
        progress: live.clone() as Arc<dyn ProgressSink>,
        fault: Arc::new(NoFault),
    })
    .await;
    ticking.abort();
    live.clear();
    let manifest = match manifest {
        Some(file) => file.write(&ledger, names, &report).await,
        None => Ok(None),
    };
    let mut outcome = Outcome::new(report, &ledger, started.elapsed(), arguments.dry_run).await;
    outcome.tell_of_certificates(certificates.into_iter().flatten(), &servers);
    match manifest {
        Ok(written) => outcome.manifest = written,
        Err(error) => outcome.without_manifest(&error),
    }
    file.close().await;
    if arguments.json {
        outcome.print_json();
    } else {
        outcome.print();
    }
    Ok(exit_code(&outcome))
}

fn same_mailbox(source: &ImapLogin, destination: &ImapLogin) -> bool {
    let mailbox = |login: &ImapLogin| login.act_for.clone().unwrap_or_else(|| login.user.clone());
    source.endpoint == destination.endpoint && mailbox(source) == mailbox(destination)
}

async fn open_ledger(path: &Path, ends: &str) -> Result<LedgerFile, WrongUse> {
    LedgerFile::open(path, ends).await.map_err(|error| match error {
        StoreError::InUse => WrongUse::new(
            format!("another process is using {}", path.display()),
            "wait until it has ended, or name another --state",
        ),
        StoreError::OtherEnds { recorded } => WrongUse::new(
            format!("{} belongs to the copy {recorded}", path.display()),
            "name another --state, or none: each pair of mailboxes has its own by default",
        ),
        other => WrongUse::caused(&other, format!("check that {} can be written", path.display())),
    })
}

fn options(arguments: &CopyArguments, now: DateTime<Utc>) -> Result<RunOptions, WrongUse> {
    let trial = now.checked_sub_days(Days::new(TRIAL_DAYS)).filter(|_| arguments.kind() == RunKind::Trial);
    let since = arguments.since.map(|day| day.and_time(NaiveTime::MIN).and_utc());
    Ok(RunOptions {
        mapping: MappingOptions {
            leave_out: arguments.excluded()?,
            rules: arguments.rules()?,
            ..MappingOptions::default()
        },
        filter: ItemFilter { max_size_bytes: arguments.max_size, since: since.max(trial) },
        newest_first: arguments.newest_first,
        carry_flags: arguments.flags,
        connections: arguments.connections.into(),
        attempts: arguments.attempts,
        append_timeout: Duration::from_secs(arguments.append_timeout_seconds.into()),
        dry_run: arguments.dry_run,
        ..RunOptions::default()
    })
}

/// The first signal lets the batch in hand finish; a second one ends the process at once, which does no harm either.
pub(crate) fn stop_on_signals(steer: tokio::sync::watch::Sender<Command>) {
    tokio::spawn(async move {
        wait_for_signal().await;
        steer.send_replace(Command::HandOver);
        wait_for_signal().await;
        std::process::exit(4);
    });
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = async { tokio::signal::ctrl_c().await.ok() };
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            interrupt.await;
        }
    }
}
