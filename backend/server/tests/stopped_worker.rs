//! A worker that stands still for longer than its lease (SIGSTOP) is followed by another one, and when it wakes up it
//! does no harm: everything arrives once. Nor does one that is cut off from its database while it sends, or whose database
//! is restarted, killed or locked. Real processes, real servers, PostgreSQL.

#[path = "stopped_worker/locked.rs"]
mod locked;

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use mailferry_domain::order::{Start, Terms};
use mailferry_lab::{Client, CompareOptions, Dovecot, DovecotOptions, Fault, Plan, Postgres, Proxy, compare, matrix};
use mailferry_shared::{
    account::{AccountCreate, SideInput},
    endpoint::{Endpoint, TlsMode},
    ids::RunId,
    order::{Language, OrderOptions, StartKind},
    run::RunState,
    secret::Secret,
};
use mailferry_store::{Asker, Context, NewOrder, OPERATOR_TENANT, Part, SealingKeys, Store, SystemRandom};
use tempfile::TempDir;

const LEASE: Duration = Duration::from_secs(6);
const MESSAGES: u64 = 60;

/// A process that is ended with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.0.id().to_string()]).status().expect("runs");
        assert!(sent.success());
    }
}

/// Connections to a port of this machine that whoever opened them has not closed.
fn open_connections_to(port: u16) -> usize {
    const ESTABLISHED: &str = "01";
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux");
    let to_port = format!(":{port:04X}");
    table
        .lines()
        .filter(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            columns.get(2).is_some_and(|remote| remote.ends_with(&to_port)) && columns.get(3) == Some(&ESTABLISHED)
        })
        .count()
}

/// A way to a database that can be cut.
fn through_proxy(database: &str) -> (Proxy, String) {
    let (server, rest) = database.rsplit_once(':').expect("a URL");
    let (port, name) = rest.split_once('/').expect("a URL");
    let proxy = Proxy::start(port.parse().expect("a port")).expect("a proxy");
    let cut_off = format!("{server}:{}/{name}", proxy.port());
    (proxy, cut_off)
}

/// Starts a worker that may reach servers on loopback.
fn worker(home: &Path, database: &str, keys: &Path, ports: [u16; 2]) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailferry"));
    command
        .args(["worker", "--workers", "1", "--allow-networks", "127.0.0.0/8", "--allow-plaintext"])
        .args(["--allow-ports", &ports.map(|port| port.to_string()).join(",")])
        .env_clear()
        .env("HOME", home)
        .env("DATABASE_URL", database)
        .env("MAILFERRY_SEALING_KEY_FILE", keys)
        .env("MAILFERRY_LEASE_SECONDS", LEASE.as_secs().to_string())
        .stderr(Stdio::null());
    Running(command.spawn().expect("starts"))
}

fn side(port: u16, user: &str) -> SideInput {
    let host = "127.0.0.1".parse().expect("a host");
    SideInput {
        password: Some(Secret::new("secret")),
        endpoint: Some(Endpoint::new(host, port, TlsMode::Plaintext)),
        ..SideInput::of(user)
    }
}

/// A trial from `anna` to `ben`: its run.
async fn trial(store: &Store, source: u16, destination: u16) -> RunId {
    let order = NewOrder {
        tenant_id: OPERATOR_TENANT,
        asker: Asker::default(),
        language: Language::En,
        notify_address: None,
        source: None,
        destination: None,
        options: OrderOptions::default(),
        accepted_terms: "2026-11".to_owned(),
        reference: None,
    };
    let order = store.create_order(order).await.expect("an order");
    let pair = AccountCreate { ticked: true, source: side(source, "anna"), destination: side(destination, "ben") };
    let pair = store.create_pairs(order.id, 500, &[pair]).await.expect("a pair")[0];
    let start = Start { kind: StartKind::Trial, earliest: store.now(), delta: None };
    store.schedule_order(&order, start).await.expect("starts");
    store.runs_of_pair(order.id, pair, Part::ALL).await.expect("runs")[0].id
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(180);
    while Instant::now() < deadline {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never came so far: {what}");
}

/// A database of PostgreSQL, the keys for what is sealed in it, and a store that looks on.
struct Ground {
    home: TempDir,
    postgres: Postgres,
    database: String,
    keys: PathBuf,
    store: Store,
}

impl Ground {
    async fn of(postgres: Postgres) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let database = postgres.fresh_database().expect("a database");
        let keys = home.path().join("keys");
        let sealing = SealingKeys::from_file(&keys, &SystemRandom).expect("keys");
        let store = Store::connect_with(&database, sealing, Context::default(), Terms::default()).await.expect("opens");
        Self { home, postgres, database, keys, store }
    }

    fn worker(&self, ports: [u16; 2]) -> Running {
        worker(self.home.path(), &self.database, &self.keys, ports)
    }

    /// Messages that the run has stored, as far as the database can tell at the moment.
    async fn stored(&self, run: RunId) -> u64 {
        self.store.run(run).await.map_or(0, |run| run.summary.counts.stored)
    }

    async fn until_ended(&self, run: RunId) {
        until("the run ends", async || self.store.run(run).await.is_ok_and(|run| run.summary.state.is_final())).await;
    }

    /// The run has stored so many messages, and what anna has, ben has once: of a row of the fault matrix, at so many points.
    async fn everything_arrived_once(&self, run: RunId, server: &Dovecot, messages: u64, row: (&str, usize)) {
        let ended = self.store.run(run).await.expect("a run").summary;
        assert_eq!((ended.state, ended.counts.stored), (RunState::Succeeded, messages), "{ended:?}");
        let options = CompareOptions { details: 5, ..CompareOptions::default() };
        let differences = compare(&server.login("anna"), &server.login("ben"), &options).expect("both can be read");
        matrix::judge(row.0, row.1, &differences);
    }
}

/// A server with mail of anna's, and a line to it on which so many connections soon are slow, so that whatever happens
/// happens in the midst of a copy.
fn slow_source(connections: usize) -> (Dovecot, Proxy) {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let mut anna = Client::login(&server.login("anna")).expect("logs in");
    for number in 0..MESSAGES {
        let text = format!("Subject: {number}\r\nMessage-ID: <{number}@example.org>\r\n\r\n{}\r\n", "x".repeat(2_000));
        anna.append("INBOX", "\\Seen", None, text.as_bytes()).expect("appends");
    }
    let line = Proxy::start(server.imap_port()).expect("a proxy");
    let slowly = Fault::Trickle(Duration::from_millis(1));
    (0..connections).for_each(|_| line.plan(Plan { to_client: Some((12_000, slowly)), to_server: None }));
    (server, line)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_stopped_for_twice_its_lease_doubles_nothing_when_it_wakes_up() {
    let (server, line) = slow_source(8);
    let ground = Ground::of(Postgres::start().expect("PostgreSQL")).await;
    let ports = [line.port(), server.imap_port()];
    let run = trial(&ground.store, ports[0], ports[1]).await;

    let first = ground.worker(ports);
    until("the first worker stores", async || (1..MESSAGES).contains(&ground.stored(run).await)).await;
    first.signal("-STOP");
    let stopped = Instant::now();
    line.forget_plans();
    let second = ground.worker(ports);
    let at_stop = ground.stored(run).await;
    until("the second worker goes on", async || ground.stored(run).await > at_stop).await;
    tokio::time::sleep((LEASE * 2).saturating_sub(stopped.elapsed())).await;
    first.signal("-CONT");
    ground.until_ended(run).await;
    // What the first one has in hand it would send now.
    tokio::time::sleep(LEASE).await;
    let row = ("worker stopped (SIGSTOP) for twice its lease", 1);
    ground.everything_arrived_once(run, &server, MESSAGES, row).await;
    drop((first, second));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_cut_off_from_its_database_closes_its_connections_in_the_middle_of_a_message() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let mut anna = Client::login(&server.login("anna")).expect("logs in");
    // More than the system takes from the worker before it has passed.
    let line = format!("{}\r\n", "x".repeat(70));
    let large = format!("Subject: large\r\nMessage-ID: <large@example.org>\r\n\r\n{}", line.repeat(400_000));
    anna.append("INBOX", "\\Seen", None, large.as_bytes()).expect("appends");
    drop(anna);
    let (source, proxy) = (server.imap_port(), Proxy::start(server.imap_port()).expect("a proxy"));
    let slowly = Fault::Trickle(Duration::from_millis(1));
    (0..8).for_each(|_| proxy.plan(Plan { to_server: Some((100_000, slowly)), to_client: None }));
    let ground = Ground::of(Postgres::start().expect("PostgreSQL")).await;
    let (line, cut_off) = through_proxy(&ground.database);
    let ports = [source, proxy.port()];
    let run = trial(&ground.store, ports[0], ports[1]).await;

    let first = worker(ground.home.path(), &cut_off, &ground.keys, ports);
    let sends = async || proxy.passed().iter().any(|passed| passed.to_server > 100_000);
    until("the first worker sends a large message", sends).await;
    line.freeze();
    until("its connections are closed", async || open_connections_to(proxy.port()) == 0).await;
    proxy.forget_plans();
    let second = ground.worker(ports);
    ground.until_ended(run).await;
    line.thaw();
    let row = ("worker cut off from its database mid-message", 1);
    ground.everything_arrived_once(run, &server, 1, row).await;
    drop((first, second));
}

/// Once for a moment, and once for longer than its lease: the run goes on by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_database_is_restarted_goes_on_and_loses_and_doubles_nothing() {
    let (server, line) = slow_source(20);
    let mut ground = Ground::of(Postgres::start().expect("PostgreSQL")).await;
    let ports = [line.port(), server.imap_port()];
    let run = trial(&ground.store, ports[0], ports[1]).await;

    let worker = ground.worker(ports);
    until("the worker stores", async || (1..MESSAGES).contains(&ground.stored(run).await)).await;
    let before = ground.stored(run).await;
    ground.postgres.stop();
    ground.postgres.start_again().expect("the database is there again");
    until("the run goes on", async || ground.stored(run).await > before).await;
    assert!(ground.stored(run).await < MESSAGES, "it was under way");
    ground.postgres.stop();
    tokio::time::sleep(LEASE * 2).await;
    line.forget_plans();
    ground.postgres.start_again().expect("the database is there again");
    ground.until_ended(run).await;
    let row = ("database restarted under a worker", 2);
    ground.everything_arrived_once(run, &server, MESSAGES, row).await;
    drop(worker);
}

/// As the system does that has no memory left: SIGKILL to all its processes at once, twice in the midst of a copy.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_database_is_killed_again_and_again_goes_on_and_loses_and_doubles_nothing() {
    let (server, line) = slow_source(40);
    let mut ground = Ground::of(Postgres::start_keeping_commits().expect("PostgreSQL")).await;
    let ports = [line.port(), server.imap_port()];
    let run = trial(&ground.store, ports[0], ports[1]).await;

    let worker = ground.worker(ports);
    let mut before = 0;
    for _ in 0..2 {
        until("the worker stores more", async || ground.stored(run).await > before).await;
        before = ground.stored(run).await;
        assert!(before < MESSAGES, "it was under way");
        ground.postgres.kill().expect("killed");
        ground.postgres.start_again().expect("the database is there again");
    }
    line.forget_plans();
    ground.until_ended(run).await;
    let row = ("database killed under a worker", 2);
    ground.everything_arrived_once(run, &server, MESSAGES, row).await;
    drop(worker);
}
