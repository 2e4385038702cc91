//! Two accounts in memory, a ledger on disk, and what must hold of every run over them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, FixedOffset};
use mailferry_connectors::memory::{MemoryAccount, MemoryConnector};
use mailferry_domain::{
    folder::FolderPath,
    item::Flags,
    manifest::{FORMAT, ManifestEntry, ManifestHead, VERSION},
};
use mailferry_engine::{
    manifest::Manifest,
    port::{Control, Fault, Interrupted, NoFault, NoProgress, Step},
    run::{Job, RunEnd, RunOptions, RunReport, run},
};
use mailferry_shared::{
    ids::RunId,
    run::{Counts, RunState},
};
use mailferry_store::LedgerFile;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) type Content = BTreeMap<(String, Vec<u8>, Vec<String>, Option<String>), usize>;

pub(crate) fn path(text: &str) -> FolderPath {
    FolderPath::parse(text).expect("a path")
}

pub(crate) fn date(day: u32) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(&format!("2020-01-{day:02}T10:00:00+01:00")).ok()
}

/// Two accounts, a ledger on disk, and a counter for run ids.
pub(crate) struct World {
    pub(crate) connector: MemoryConnector,
    dir: TempDir,
    runs: AtomicU64,
    pub(crate) options: RunOptions,
}

impl World {
    /// Odd enough: second copies in a folder and over folders, an empty message, one that is at the destination
    /// already, nested and UTF-8 folders, subscriptions.
    pub(crate) fn new() -> Self {
        let world = Self::empty();
        let source = &world.connector.source;
        source.add_folder(&path("Projekte/Größe & Maß"), None, true);
        source.add_folder(&path("Empty"), None, false);
        for (folder, day, flags, text) in [
            ("INBOX", 1, "\\Seen", "one"),
            ("INBOX", 2, "\\Flagged", "twice"),
            ("INBOX", 3, "$Label1", "twice"),
            ("INBOX", 4, "", ""),
            ("INBOX", 5, "\\Seen", "there already"),
            ("INBOX", 6, "\\Seen", "six"),
            ("INBOX", 7, "\\Draft", "seven"),
            ("Projekte/Größe & Maß", 8, "\\Seen", "one"),
            ("Projekte/Größe & Maß", 9, "", "nine"),
        ] {
            source.add(&path(folder), Flags::new([flags]), date(day), text.as_bytes().to_vec());
        }
        let destination = &world.connector.destination;
        destination.add(&path("INBOX"), Flags::default(), date(20), b"there already".to_vec());
        destination.add(&path("INBOX"), Flags::default(), date(21), b"not ours".to_vec());
        world
    }

    /// Nothing in either account.
    pub(crate) fn empty() -> Self {
        Self {
            connector: MemoryConnector::default(),
            dir: tempfile::tempdir().expect("a folder"),
            runs: AtomicU64::new(0),
            options: RunOptions {
                connections: 1,
                append_timeout: Duration::from_millis(1),
                send_after: Duration::from_secs(60),
                retry_base: Duration::from_millis(1),
                ..RunOptions::default()
            },
        }
    }

    /// The next run.
    pub(crate) async fn run_with(&self, control: Control, fault: Arc<dyn Fault>) -> RunReport {
        self.run_as(1 + self.runs.fetch_add(1, Ordering::Relaxed), control, fault).await
    }

    /// The run of this number, be it a new one or one that is begun again.
    pub(crate) async fn run_as(&self, number: u64, control: Control, fault: Arc<dyn Fault>) -> RunReport {
        let file = LedgerFile::open(&self.dir.path().join("ledger"), "memory").await.expect("the ledger opens");
        let ledger = file.run_ledger(RunId(Uuid::from_u128(number.into()))).await.expect("the run's ledger");
        run(Job {
            connector: Arc::new(self.connector.clone()),
            ledger,
            options: self.options.clone(),
            control,
            progress: Arc::new(NoProgress),
            fault,
        })
        .await
    }

    pub(crate) async fn run(&self) -> RunReport {
        self.run_with(Control::always_go(), Arc::new(NoFault)).await
    }

    /// What the ledger knows of every message that should be at the destination.
    pub(crate) async fn manifest(&self) -> Vec<ManifestEntry> {
        let manifest = self.whole_manifest().await;
        (0..manifest.folders.len())
            .flat_map(|folder| manifest.entries(folder).next(usize::MAX).expect("reads"))
            .collect()
    }

    /// What the ledger knows by now.
    pub(crate) async fn whole_manifest(&self) -> Manifest {
        let file = LedgerFile::open(&self.dir.path().join("ledger"), "memory").await.expect("the ledger opens");
        let last = RunId(Uuid::from_u128(self.runs.load(Ordering::Relaxed).into()));
        let ledger = file.run_ledger(last).await.expect("the run's ledger");
        let mut manifest = tempfile::tempfile().expect("a file");
        let head = ManifestHead { format: FORMAT.to_owned(), version: VERSION, ..ManifestHead::default() };
        ledger.write_manifest(head, &mut manifest).await.expect("a manifest");
        Manifest::open(manifest).expect("reads")
    }

    pub(crate) fn destination(&self) -> Content {
        content(&self.connector.destination)
    }
}

pub(crate) fn content(account: &MemoryAccount) -> Content {
    let mut content = Content::new();
    for (folder, _) in account.folders() {
        for message in account.messages(&folder) {
            let flags = message.flags.iter().map(str::to_owned).collect();
            let when = message.internal_date.map(|date| date.to_rfc3339());
            *content.entry((folder.to_string(), message.bytes.to_vec(), flags, when)).or_default() += 1;
        }
    }
    content
}

pub(crate) fn succeeded(report: &RunReport) {
    assert!(matches!(report.end, RunEnd::Done(RunState::Succeeded)), "{:?}, {:?}", report.end, report.notes);
    let counts = &report.counts;
    assert_eq!(counts.done(), counts.listed, "every message has exactly one outcome: {counts:?}");
}

/// Nothing left to do, and nothing done.
pub(crate) async fn runs_again_without_doing_anything(world: &World) {
    let before = world.destination();
    let report = world.run().await;
    succeeded(&report);
    assert_eq!((report.counts.stored, report.counts.present), (0, report.counts.listed));
    assert_eq!(world.destination(), before);
}

/// Stops the run at the `n`th step, as a killed process would.
pub(crate) struct StopAt {
    n: usize,
    pub(crate) reached: AtomicUsize,
}

impl StopAt {
    pub(crate) fn new(n: usize) -> Arc<Self> {
        Arc::new(Self { n, reached: AtomicUsize::new(0) })
    }
}

impl Fault for StopAt {
    fn reach(&self, step: Step) -> Result<(), Interrupted> {
        if self.reached.fetch_add(1, Ordering::SeqCst) == self.n { Err(Interrupted(step)) } else { Ok(()) }
    }
}

pub(crate) async fn clean() -> (Content, Counts) {
    let world = World::new();
    let report = world.run().await;
    succeeded(&report);
    (world.destination(), report.counts)
}

/// The steps of a run that nothing stops.
pub(crate) async fn clean_steps() -> usize {
    let counter = StopAt::new(usize::MAX);
    World::new().run_with(Control::always_go(), counter.clone()).await;
    counter.reached.load(Ordering::SeqCst)
}
