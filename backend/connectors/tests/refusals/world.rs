//! Two accounts in memory and a ledger on disk.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, FixedOffset};
use mailferry_connectors::{
    imap::ImapReader,
    memory::{MemoryAccount, MemoryConnector},
};
use mailferry_domain::{
    folder::FolderPath,
    item::Flags,
    manifest::{FORMAT, ManifestHead, VERSION},
};
use mailferry_engine::{
    manifest::Manifest,
    port::{Connector, Control, Fault, Interrupted, NoFault, NoProgress, Step},
    run::{Job, RunEnd, RunOptions, RunReport, run},
    verify::{VerifyJob, VerifyOptions, VerifyReport, verify},
};
use mailferry_shared::{finding::FindingCode, ids::RunId, run::RunState};
use mailferry_store::{LedgerFile, LedgerReport, StoreError};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) fn path(text: &str) -> FolderPath {
    FolderPath::parse(text).expect("a path")
}

pub(crate) fn date(day: u32) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(&format!("2020-01-{day:02}T10:00:00+01:00")).ok()
}

/// Opens a ledger that nobody has open any more. A program that another test is about to start shares our files, locks
/// included, until it begins.
async fn open_ledger(path: &Path, ends: &str) -> LedgerFile {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match LedgerFile::open(path, ends).await {
            Err(StoreError::InUse) if Instant::now() < deadline => tokio::time::sleep(Duration::from_millis(10)).await,
            opened => return opened.expect("the ledger opens"),
        }
    }
}

pub(crate) struct World {
    pub(crate) connector: MemoryConnector,
    pub(crate) options: RunOptions,
    dir: TempDir,
    runs: AtomicUsize,
}

impl World {
    pub(crate) fn new() -> Self {
        let quickly = Duration::from_millis(1);
        Self {
            connector: MemoryConnector::default(),
            options: RunOptions {
                connections: 1,
                append_timeout: quickly,
                send_after: Duration::from_secs(60),
                retry_base: quickly,
                ..RunOptions::default()
            },
            dir: tempfile::tempdir().expect("a folder"),
            runs: AtomicUsize::new(0),
        }
    }

    pub(crate) fn source(&self) -> &MemoryAccount {
        &self.connector.source
    }

    pub(crate) fn destination(&self) -> &MemoryAccount {
        &self.connector.destination
    }

    /// A message at the source.
    pub(crate) fn add(&self, folder: &str, day: u32, text: &str) {
        self.source().add(&path(folder), Flags::new(["\\Seen"]), date(day), text.as_bytes().to_vec());
    }

    /// What lies in a folder of the destination, sorted.
    pub(crate) fn there(&self, folder: &str) -> Vec<String> {
        let messages = self.destination().messages(&path(folder));
        let mut texts: Vec<_> =
            messages.iter().map(|message| String::from_utf8_lossy(&message.bytes).into_owned()).collect();
        texts.sort();
        texts
    }

    pub(crate) fn folders_there(&self) -> Vec<String> {
        self.destination().folders().into_iter().map(|(path, _)| path.to_string()).collect()
    }

    /// A new run, with its protocol.
    pub(crate) async fn run(&self) -> (RunReport, LedgerReport) {
        self.run_with(Arc::new(NoFault)).await
    }

    pub(crate) async fn run_with(&self, fault: Arc<dyn Fault>) -> (RunReport, LedgerReport) {
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.resume_with(fault).await
    }

    /// The last run goes on.
    pub(crate) async fn resume(&self) -> (RunReport, LedgerReport) {
        self.resume_with(Arc::new(NoFault)).await
    }

    async fn resume_with(&self, fault: Arc<dyn Fault>) -> (RunReport, LedgerReport) {
        self.resume_over(Arc::new(self.connector.clone()), fault).await
    }

    /// A new run between other accounts.
    pub(crate) async fn run_over<C: Connector>(
        &self,
        connector: Arc<C>,
        fault: Arc<dyn Fault>,
    ) -> (RunReport, LedgerReport) {
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.resume_over(connector, fault).await
    }

    /// The last run goes on between other accounts.
    pub(crate) async fn resume_over<C: Connector>(
        &self,
        connector: Arc<C>,
        fault: Arc<dyn Fault>,
    ) -> (RunReport, LedgerReport) {
        let file = open_ledger(&self.dir.path().join("ledger"), "memory").await;
        let id = RunId(Uuid::from_u128(self.runs.load(Ordering::Relaxed) as u128));
        let ledger = file.run_ledger(id).await.expect("the run's ledger");
        let job = Job {
            connector,
            ledger: ledger.clone(),
            options: self.options.clone(),
            control: Control::always_go(),
            progress: Arc::new(NoProgress),
            fault,
        };
        let report = Box::pin(run(job)).await;
        let protocol = ledger.report(1000).await.expect("the protocol");
        assert_eq!(protocol.counts, report.counts, "the protocol is the ledger");
        ledger.write_manifest(manifest_head(), &mut std::io::sink()).await.expect("a manifest of whatever there is");
        (report, protocol)
    }
}

impl World {
    /// What `account` holds, compared with the manifest of all that was copied.
    pub(crate) async fn verify(&self, account: ImapReader) -> VerifyReport {
        let file = open_ledger(&self.dir.path().join("ledger"), "memory").await;
        let id = RunId(Uuid::from_u128(self.runs.load(Ordering::Relaxed) as u128));
        let ledger = file.run_ledger(id).await.expect("the run's ledger");
        let mut manifest = tempfile::tempfile().expect("a file");
        ledger.write_manifest(manifest_head(), &mut manifest).await.expect("a manifest");
        verify(VerifyJob {
            account,
            manifest: Manifest::open(manifest).expect("reads"),
            options: VerifyOptions::default(),
            control: Control::always_go(),
            progress: Arc::new(|_| {}),
        })
        .await
    }
}

fn manifest_head() -> ManifestHead {
    ManifestHead {
        format: FORMAT.to_owned(),
        version: VERSION,
        created_at: chrono::DateTime::default(),
        source: String::new(),
        destination: String::new(),
        messages: 0,
        left_out: Vec::new(),
        not_proven: Vec::new(),
    }
}

/// The run came to its end, and every message that it listed has exactly one outcome.
pub(crate) fn ended(report: &RunReport, state: RunState) {
    assert!(
        matches!(report.end, RunEnd::Done(end) if end == state),
        "{:?}, {:?}, {:?}",
        report.end,
        report.counts,
        report.notes
    );
    assert_eq!(report.counts.done(), report.counts.listed, "{:?}", report.counts);
}

/// Code and subject of each note.
pub(crate) fn notes(protocol: &LedgerReport) -> Vec<(FindingCode, &str)> {
    protocol.notes.iter().map(|note| (note.code, note.subject.as_deref().unwrap_or_default())).collect()
}

/// Code, subject and numbers of each note, as the command line tells them.
pub(crate) fn told(protocol: &LedgerReport) -> Vec<(FindingCode, String)> {
    protocol.notes.iter().map(|note| (note.code, note.topic().unwrap_or_default())).collect()
}

/// Stops a run at its `n`th step, as a killed process would.
pub(crate) struct StopAt {
    n: usize,
    reached: AtomicUsize,
}

impl StopAt {
    pub(crate) fn new(n: usize) -> Arc<Self> {
        Arc::new(Self { n, reached: AtomicUsize::new(0) })
    }

    /// Steps so far.
    pub(crate) fn reached(&self) -> usize {
        self.reached.load(Ordering::SeqCst)
    }

    /// The steps of a run that nothing stops.
    pub(crate) async fn steps_of(world: &World) -> usize {
        let counter = Self::new(usize::MAX);
        world.run_with(counter.clone()).await;
        counter.reached()
    }
}

impl Fault for StopAt {
    fn reach(&self, step: Step) -> Result<(), Interrupted> {
        if self.reached.fetch_add(1, Ordering::SeqCst) == self.n { Err(Interrupted(step)) } else { Ok(()) }
    }
}
