//! Cyrus at either side, with either separator and namespace: everything arrives, or is named.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mailferry_connectors::{
    imap::{ImapConnector, ImapLogin},
    net::{AddressGuard, CertificateTrust, Network, Resolver},
};
use mailferry_engine::{
    port::{Control, Fault, Interrupted, NoFault, NoProgress, Step},
    run::{Job, RunEnd, RunOptions, RunReport, run},
};
use mailferry_lab::{
    CompareOptions, Cyrus, CyrusOptions, Differences, Dovecot, DovecotOptions, Login, Sample, compare,
    cyrus::{ADMIN, ADMIN_PASSWORD},
    refill,
};
use mailferry_shared::{
    endpoint::{Endpoint, TlsMode},
    finding::FindingCode,
    ids::RunId,
    run::{Counts, RunState},
};
use mailferry_store::{LedgerFile, LedgerReport, StoreError};
use tempfile::TempDir;
use uuid::Uuid;

/// An account at a server of either kind.
struct End {
    product: ImapLogin,
    lab: Login,
}

fn end(name: &str, port: u16, lab: Login) -> End {
    let product = ImapLogin::of_owner(
        name,
        Endpoint::new("localhost".parse().expect("a host"), port, TlsMode::Implicit),
        lab.user.clone(),
        lab.password.clone(),
    );
    End { product, lab }
}

fn at_cyrus(server: &Cyrus, user: &str) -> End {
    end("Cyrus", server.imaps_port(), server.login(user))
}

fn at_dovecot(server: &Dovecot, user: &str) -> End {
    end("Dovecot", server.imaps_port(), server.login(user))
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

/// A copy between two accounts, with its ledger.
struct Copy {
    connector: Arc<ImapConnector>,
    ends: [Login; 2],
    dir: TempDir,
}

impl Copy {
    fn new(source: End, destination: End, ca: &Path) -> Self {
        let trust = CertificateTrust::with_roots_from(ca).expect("the lab's root");
        let network = Network::new(AddressGuard::open(), Resolver::System, &trust).expect("TLS");
        let connector = ImapConnector { network, source: source.product, destination: destination.product };
        Self {
            connector: Arc::new(connector),
            ends: [source.lab, destination.lab],
            dir: tempfile::tempdir().expect("a folder"),
        }
    }

    async fn run(&self, id: u128) -> (RunReport, LedgerReport) {
        self.run_with(id, Arc::new(NoFault)).await
    }

    async fn run_with(&self, id: u128, fault: Arc<dyn Fault>) -> (RunReport, LedgerReport) {
        let file = open_ledger(&self.dir.path().join("ledger"), "the two").await;
        let ledger = file.run_ledger(RunId(Uuid::from_u128(id))).await.expect("the run's ledger");
        let report = run(Job {
            connector: self.connector.clone(),
            ledger: ledger.clone(),
            options: RunOptions { append_timeout: Duration::from_secs(1), ..RunOptions::default() },
            control: Control::always_go(),
            progress: Arc::new(NoProgress),
            fault,
        });
        let report = Box::pin(report).await;
        let protocol = ledger.report(1000).await.expect("the protocol");
        file.close().await;
        (report, protocol)
    }

    fn differences(&self) -> Differences {
        let options = CompareOptions { details: 10, ..CompareOptions::default() };
        compare(&self.ends[0], &self.ends[1], &options).expect("both can be read")
    }

    /// Everything arrives, and a second run has nothing to do.
    async fn is_perfect(&self) {
        let (report, _) = self.run(1).await;
        assert!(matches!(report.end, RunEnd::Done(RunState::Succeeded)), "{report:?}");
        let differences = self.differences();
        assert!(differences.is_perfect() && differences.source_messages > 40, "{differences:?}");
        let (again, _) = self.run(2).await;
        assert_eq!((again.counts.stored, again.counts.present), (0, again.counts.listed), "{again:?}");
    }
}

const KINDS: [(bool, bool); 4] = [(false, false), (true, false), (false, true), (true, true)];

fn cyrus((slashes, beside_inbox): (bool, bool)) -> Cyrus {
    Cyrus::start(CyrusOptions { slashes, beside_inbox, ..CyrusOptions::default() }).expect("Cyrus starts")
}

/// One that keeps 8-bit letters in headers: as it comes, Cyrus puts an X for each (munge8bit).
fn keeping_bytes((slashes, beside_inbox): (bool, bool)) -> Cyrus {
    let extra = "munge8bit: no".to_owned();
    Cyrus::start(CyrusOptions { slashes, beside_inbox, extra }).expect("Cyrus starts")
}

/// A Cyrus with as much of a sample as Cyrus takes.
fn filled(kind: (bool, bool)) -> Cyrus {
    let dovecot = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    Sample::Small.write(&dovecot, "anna").expect("a mailbox");
    let server = cyrus(kind);
    let refused = refill(&dovecot.login("anna"), &server.login("anna")).expect("filled");
    let folders: Vec<&str> = refused.iter().map(|refused| refused.folder.as_str()).collect();
    assert_eq!(folders, [r#""Kunden [a] 100% \"gut\"""#], "{refused:?}");
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_goes_from_cyrus_to_dovecot_with_either_separator_and_namespace() {
    let destination =
        Dovecot::start(DovecotOptions { separator: '.', prefix: "INBOX.".to_owned(), ..DovecotOptions::default() });
    let destination = destination.expect("Dovecot starts");
    for (number, kind) in KINDS.into_iter().enumerate() {
        let source = filled(kind);
        let to = at_dovecot(&destination, &format!("anna{number}"));
        Copy::new(at_cyrus(&source, "anna"), to, &source.ca_file()).is_perfect().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_goes_from_cyrus_to_cyrus_with_another_separator_and_namespace() {
    for (from, to) in [(KINDS[0], KINDS[3]), (KINDS[3], KINDS[0]), (KINDS[2], KINDS[1])] {
        let (source, destination) = (filled(from), cyrus(to));
        let copy = Copy::new(at_cyrus(&source, "anna"), at_cyrus(&destination, "ben"), &source.ca_file());
        copy.is_perfect().await;
    }
}

/// Cyrus refuses names with `%` or `"`.
const REFUSED: &str = "Kunden [a] 100% \"gut\"";
const SUBSTITUTE: &str = "Kunden [a] 100_ _gut_";

#[tokio::test(flavor = "multi_thread")]
async fn from_dovecot_to_cyrus_everything_arrives_in_folders_whose_names_cyrus_takes() {
    let source = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    Sample::Small.write(&source, "anna").expect("a mailbox");
    for kind in KINDS {
        let destination = keeping_bytes(kind);
        let copy = Copy::new(at_dovecot(&source, "anna"), at_cyrus(&destination, "anna"), &source.ca_file());
        let (report, protocol) = copy.run(1).await;
        assert!(matches!(report.end, RunEnd::Done(RunState::Succeeded)), "{report:?}");
        let named: Vec<_> = protocol.notes.iter().map(|note| (note.code, note.subject.clone())).collect();
        let renamed = format!("{REFUSED} → {SUBSTITUTE}");
        assert_eq!(named, [(FindingCode::FolderRenamed, Some(renamed))], "{kind:?}");
        let options = CompareOptions {
            renames: [(REFUSED.to_owned(), SUBSTITUTE.to_owned())].into(),
            // Cyrus makes the folders above.
            allow_extra_empty_folders: true,
            details: 10,
            ..CompareOptions::default()
        };
        let differences = compare(&copy.ends[0], &copy.ends[1], &options).expect("both can be read");
        // Cyrus subscribes everybody to INBOX while it makes it, unless several lines log in at once for the first time.
        let by_cyrus = differences.subscriptions_extra;
        assert!(differences.total() == by_cyrus && by_cyrus <= 1, "{differences:?}");
        let (again, _) = copy.run(2).await;
        assert_eq!((again.counts.stored, again.counts.present), (0, again.counts.listed), "{again:?}");
    }
}

/// Stops a run at its `n`th stored batch, before the ledger knows.
struct AfterStore {
    n: usize,
    reached: AtomicUsize,
}

impl Fault for AfterStore {
    fn reach(&self, step: Step) -> Result<(), Interrupted> {
        let hit = step == Step::AfterStore && self.reached.fetch_add(1, Ordering::SeqCst) == self.n;
        if hit { Err(Interrupted(step)) } else { Ok(()) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_ledger_knows_nothing_is_doubled_at_cyrus() {
    let source = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    Sample::Tiny.write(&source, "anna").expect("a mailbox");
    // The one as it comes rewrites headers with 8-bit letters: such a message is known by what is left of it.
    for destination in [keeping_bytes(KINDS[3]), cyrus(KINDS[0])] {
        for n in 0..3 {
            let to = at_cyrus(&destination, &format!("anna{n}"));
            let copy = Copy::new(at_dovecot(&source, "anna"), to, &source.ca_file());
            let stop = AfterStore { n, reached: AtomicUsize::new(0) };
            let (report, _) = copy.run_with(1, Arc::new(stop)).await;
            assert!(matches!(report.end, RunEnd::Interrupted(_)), "{report:?}");
            let (report, _) = copy.run(2).await;
            assert!(matches!(report.end, RunEnd::Done(RunState::Succeeded)), "{report:?}");
            let differences = copy.differences();
            assert_eq!((differences.missing, differences.extra), (0, 0), "{differences:?}");
        }
    }
}

/// As a restored backup, a lost `--state` or a second order for the mailbox leaves it.
fn forget(copy: &Copy) {
    std::fs::remove_file(copy.dir.path().join("ledger")).expect("the ledger is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_ledger_a_copy_doubles_nothing_at_a_server_that_rewrites() {
    let source = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    Sample::Tiny.write(&source, "anna").expect("a mailbox");
    let destination = cyrus(KINDS[0]);
    let copy = Copy::new(at_dovecot(&source, "anna"), at_cyrus(&destination, "anna"), &source.ca_file());
    let (first, _) = copy.run(1).await;
    assert!(matches!(first.end, RunEnd::Done(RunState::Succeeded)), "{first:?}");
    forget(&copy);
    let (again, protocol) = copy.run(2).await;
    assert!(matches!(again.end, RunEnd::Done(RunState::Succeeded)), "{again:?}");
    assert_eq!((again.counts.stored, again.counts.present), (0, again.counts.listed), "{again:?}");
    let taken = protocol.notes.iter().filter(|note| note.code == FindingCode::TakenForSame).count();
    assert!(taken > 0, "what is known by other means than its bytes is told: {:?}", protocol.notes);
}

/// A message whose subject Cyrus rewrites.
fn rewritten(subject: &str, more: &str) -> Vec<u8> {
    format!("Message-ID: <one@example.org>\r\nFrom: a@example.org\r\n{more}Subject: {subject}\r\n\r\nText\r\n")
        .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_messages_with_one_date_and_message_id_each_one_there_stands_for_one_here() {
    let source = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    let date = Some("07-Mar-2015 10:00:00 +0100");
    let append = |user: &str, message: &[u8]| {
        let mut client = mailferry_lab::Client::login(&source.login(user)).expect("logs in");
        client.append("INBOX", "", date, message).expect("appended");
    };
    let (direct, by_list) = (rewritten("Grüße", ""), rewritten("Grüße", "List-Id: <l.example.org>\r\n"));
    for (number, destination) in [cyrus(KINDS[0]), keeping_bytes(KINDS[0])].into_iter().enumerate() {
        let user = format!("anna{number}");
        append(&user, &direct);
        append(&user, &direct);
        let copy = Copy::new(at_dovecot(&source, &user), at_cyrus(&destination, &user), &source.ca_file());
        assert_eq!(copy.run(1).await.0.counts.stored, 2);
        // A second copy of what is there twice, and another message of the same date and Message-ID.
        append(&user, &by_list);
        append(&user, &direct);
        forget(&copy);
        let (again, _) = copy.run(2).await;
        assert_eq!((again.counts.stored, again.counts.present), (2, 2), "{again:?}");
        forget(&copy);
        let (again, _) = copy.run(3).await;
        assert_eq!((again.counts.stored, again.counts.present), (0, 4), "{again:?}");
        if number == 1 {
            let differences = copy.differences();
            assert_eq!((differences.missing, differences.extra), (0, 0), "{differences:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_acts_for_a_mailbox_at_cyrus() {
    let (source, destination) = (filled(KINDS[0]), cyrus(KINDS[1]));
    let by_admin = |server: &Cyrus, user: &str| {
        let mut end = at_cyrus(server, user);
        end.product.user = ADMIN.to_owned();
        end.product.password = ADMIN_PASSWORD.to_owned().into();
        end.product.act_for = Some(user.to_owned());
        end
    };
    // The account must be there: it is made at its owner's first login.
    mailferry_lab::Client::login(&destination.login("anna")).expect("logs in");
    let copy = Copy::new(by_admin(&source, "anna"), by_admin(&destination, "anna"), &source.ca_file());
    copy.is_perfect().await;
    let mut wrong = by_admin(&source, "anna");
    wrong.product.password = "wrong".to_owned().into();
    let copy = Copy::new(wrong, by_admin(&destination, "anna"), &source.ca_file());
    let (report, _) = copy.run(1).await;
    let refused = matches!(&report.end, RunEnd::Parked(error)
        if [FindingCode::WrongPassword, FindingCode::ActForRefused].contains(&error.code));
    assert!(refused, "{report:?}");
    assert_eq!(report.counts, Counts::default());
}
