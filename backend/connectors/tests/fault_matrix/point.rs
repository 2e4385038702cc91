//! One point: a destination and a ledger of its own, runs over both, and the verdict in the end.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use mailferry_connectors::{
    imap::{ImapConnector, ImapLogin},
    net::{AddressGuard, CertificateTrust, Network, Patience, Resolver},
};
use mailferry_engine::{
    port::{Control, Ledger, NoFault, NoProgress},
    run::{Job, RunEnd, RunOptions, RunReport, run},
};
use mailferry_lab::{Proxy, ProxyOptions};
use mailferry_shared::{
    endpoint::{Endpoint, TlsMode},
    ids::RunId,
    run::RunState,
};
use mailferry_store::{Clock, Context, LedgerFile, RunLedger, StoreError, SystemClock};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    addresses::false_ones,
    ground::{Ground, Hook, quickly},
    row::Verdict,
};

pub(crate) struct Point<'g> {
    pub(crate) ground: &'g Ground,
    /// Whose mailbox is copied.
    pub(crate) from: String,
    pub(crate) user: String,
    pub(crate) source: Proxy,
    pub(crate) destination: Proxy,
    dir: TempDir,
    /// Messages that the owner of the source deleted meanwhile.
    pub(crate) gone: AtomicU64,
    /// Messages whose flags the owner of the source changed meanwhile.
    pub(crate) reflagged: AtomicU64,
    /// What is stored may lie in another order: something large was stored later.
    pub(crate) reordered: AtomicBool,
    /// UIDs changed meanwhile: what was stored before is found again, and is not counted as stored once more.
    pub(crate) found_again: AtomicBool,
    /// What went wrong besides lost and doubled messages.
    wrong: Mutex<Vec<String>>,
    /// Stored by each run, by what its ledger says.
    stored: Mutex<BTreeMap<u128, u64>>,
}

/// How one run goes about it.
pub(crate) struct How {
    pub(crate) hook: Hook,
    pub(crate) control: Control,
    pub(crate) options: RunOptions,
    pub(crate) patience: Duration,
    pub(crate) passwords: [String; 2],
}

impl Default for How {
    fn default() -> Self {
        let options = RunOptions {
            connections: 1,
            append_timeout: quickly(),
            retry_base: Duration::from_millis(5),
            // However slow the machine is, every run takes the same steps.
            send_after: Duration::from_secs(60),
            ..RunOptions::default()
        };
        Self {
            hook: Arc::new(NoFault),
            control: Control::always_go(),
            options,
            patience: Duration::from_secs(20),
            passwords: ["secret", "secret"].map(str::to_owned),
        }
    }
}

impl How {
    pub(crate) fn hook(hook: Hook) -> Self {
        Self { hook, ..Self::default() }
    }

    /// Gives up at the first lost line: another process goes on.
    pub(crate) fn once() -> Self {
        let mut how = Self::default();
        how.options.attempts = 0;
        how
    }

    /// Nothing is read while folders are listed: with a filter, not every message may be wanted.
    pub(crate) fn reading_late(mut self) -> Self {
        self.options.filter.max_size_bytes = Some(u64::MAX);
        self
    }
}

impl<'g> Point<'g> {
    pub(crate) fn new(
        ground: &'g Ground,
        from: &str,
        user: &str,
        source: ProxyOptions,
        destination: ProxyOptions,
    ) -> Self {
        let proxy = |port, options| Proxy::start_with(port, options).expect("a proxy");
        Self {
            ground,
            from: from.to_owned(),
            user: user.to_owned(),
            source: proxy(ground.source.imap_port(), source),
            destination: proxy(ground.destination.imap_port(), destination),
            dir: tempfile::tempdir().expect("a folder"),
            gone: AtomicU64::default(),
            reflagged: AtomicU64::default(),
            reordered: AtomicBool::default(),
            found_again: AtomicBool::default(),
            wrong: Mutex::default(),
            stored: Mutex::default(),
        }
    }

    /// Nothing breaks any more.
    pub(crate) fn forget_plans(&self) {
        self.source.forget_plans();
        self.destination.forget_plans();
    }

    pub(crate) fn ledger_path(&self) -> PathBuf {
        self.dir.path().join("ledger")
    }

    /// Something that must hold at this point.
    pub(crate) fn must(&self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            lock(&self.wrong).push(what());
        }
    }

    /// How many faults have come true, at either side.
    pub(crate) fn struck(&self) -> u64 {
        self.source.struck() + self.destination.struck()
    }

    /// What went wrong at another point went wrong at this one.
    pub(crate) fn answer_for(&self, other: &Verdict) {
        let good = other.lost + other.doubled == 0 && other.wrong.is_empty();
        self.must(good, || format!("tried again: {other:?}"));
    }

    /// One process: opens the ledger, runs, and closes it.
    pub(crate) async fn run(&self, id: u128, how: How) -> RunReport {
        let file = self.open_ledger().await;
        let ledger = file.run_ledger(RunId(Uuid::from_u128(id))).await.expect("the run's ledger");
        let report = self.run_on(id, ledger, how).await;
        file.close().await;
        report
    }

    pub(crate) async fn open_ledger(&self) -> LedgerFile {
        self.open_ledger_with(Arc::new(SystemClock)).await
    }

    pub(crate) async fn open_ledger_with(&self, clock: Arc<dyn Clock>) -> LedgerFile {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let context = Context { clock: clock.clone(), ..Context::default() };
            match LedgerFile::open_with(&self.ledger_path(), context).await {
                // A program that another test is about to start shares our files, locks included, until it begins.
                Err(StoreError::InUse) if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                opened => return opened.expect("the ledger opens"),
            }
        }
    }

    pub(crate) async fn run_with(&self, id: u128, hook: Hook) -> RunReport {
        self.run(id, How::hook(hook)).await
    }

    /// The same on any ledger, watched: a run's progress never goes back.
    pub(crate) async fn run_on<L: Ledger>(&self, id: u128, ledger: L, how: How) -> RunReport {
        let connector = Arc::new(self.connector(&how));
        let How { hook, control, options, .. } = how;
        let job =
            Job { connector, ledger: ledger.clone(), options, control, progress: Arc::new(NoProgress), fault: hook };
        let mut running = Box::pin(run(job));
        let mut seen = 0;
        let report = loop {
            tokio::select! {
                report = &mut running => break report,
                () = tokio::time::sleep(Duration::from_millis(20)) => {
                    let now = ledger.totals().await.map_or(seen, |counts| counts.stored + counts.present);
                    self.must(now >= seen, || format!("progress went from {seen} back to {now}"));
                    seen = now;
                }
            }
        };
        if let Ok(counts) = ledger.totals().await {
            let before = lock(&self.stored).insert(id, counts.stored).unwrap_or(0);
            self.must(counts.stored >= before, || format!("{before} were stored, then {}", counts.stored));
        }
        report
    }

    fn connector(&self, how: &How) -> ImapConnector {
        let trust = CertificateTrust::with_roots_from(&self.ground.source.ca_file()).expect("the lab's root");
        let network = Network::new(AddressGuard::open(), Resolver::System, &trust).expect("TLS");
        let patience = Patience { idle: how.patience, append: how.patience, ..Patience::default() };
        let login = |name: &str, user: &str, password: &str, proxy: &Proxy| ImapLogin {
            allow_plaintext: true,
            ..ImapLogin::of_owner(
                name,
                Endpoint::new("127.0.0.1".parse().expect("a host"), proxy.port(), TlsMode::Plaintext),
                user,
                password,
            )
        };
        ImapConnector {
            network: network.with_patience(patience),
            source: login("the source", &self.from, &how.passwords[0], &self.source),
            destination: login("the destination", &self.user, &how.passwords[1], &self.destination),
        }
    }

    /// The next run, by another process.
    pub(crate) async fn next(&self, id: u128) -> RunReport {
        self.run(id, How::default()).await
    }

    /// Goes on as another process would until the copy is done, and then once more: nothing to do.
    pub(crate) async fn go_on(&self, id: u128) {
        let report = self.run(id, How::default()).await;
        self.succeeded(&report);
        self.nothing_to_do().await;
    }

    pub(crate) async fn nothing_to_do(&self) {
        let report = self.run(99, How::default()).await;
        self.succeeded(&report);
        let counts = report.counts;
        self.must(counts.stored == 0 && counts.present == counts.listed, || format!("something to do: {counts:?}"));
    }

    /// Every message has exactly one outcome, and a good one.
    pub(crate) fn succeeded(&self, report: &RunReport) {
        let counts = &report.counts;
        self.must(matches!(report.end, RunEnd::Done(RunState::Succeeded)), || {
            format!("{:?}, {counts:?}, {:?}", report.end, report.notes)
        });
        self.must(counts.done() == counts.listed, || format!("without an outcome: {counts:?}"));
        let listed = self.ground.clean.counts.listed;
        let least = listed - self.gone.load(Ordering::SeqCst);
        self.must((least..=listed).contains(&counts.listed), || format!("{} of {listed} listed", counts.listed));
    }

    /// Protocol = ledger = what an independent client counts at the destination.
    async fn protocol_is_true(&self) {
        let file = self.open_ledger().await;
        let ledger: RunLedger = file.run_ledger(RunId(Uuid::from_u128(99))).await.expect("the run's ledger");
        let report = ledger.report(1000).await.expect("the protocol");
        let folders: u64 = report.folders.iter().map(|folder| folder.counts.done()).sum();
        self.must(folders == report.counts.listed, || format!("folders {folders}, in all {:?}", report.counts));
        file.close().await;
    }

    /// What is at the destination now, against the copy that nothing disturbed.
    pub(crate) async fn verdict(self) -> Verdict {
        self.protocol_is_true().await;
        // Cyrus rewrites some of what it stores.
        if self.ground.destination.is_dovecot() {
            let false_ones = false_ones(&self).await;
            lock(&self.wrong).extend(false_ones);
        }
        let stored: u64 = lock(&self.stored).values().sum();
        let mut differences = tokio::task::block_in_place(|| self.ground.differences(&self.user));
        if self.reordered.load(Ordering::SeqCst) {
            differences.folders_reordered = 0;
        }
        let mut verdict = Verdict {
            lost: differences.missing + differences.body_changed,
            doubled: differences.extra,
            wrong: lock(&self.wrong).drain(..).collect(),
        };
        let (gone, reflagged) = (self.gone.load(Ordering::SeqCst), self.reflagged.load(Ordering::SeqCst));
        let clean = self.ground.clean.counts.stored - gone;
        let found_again = self.found_again.load(Ordering::SeqCst);
        if if found_again { stored > clean } else { stored != clean } {
            verdict.wrong.push(format!("the ledger counts {stored} stored, an undisturbed run {clean}"));
        }
        if (differences.missing, differences.flags_differ, differences.total()) != (gone, reflagged, gone + reflagged) {
            verdict.wrong.push(format!("{differences:?}"));
        }
        verdict.lost -= gone.min(verdict.lost);
        verdict
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
