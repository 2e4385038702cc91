//! The binary: start, stop, exit codes.

use std::{
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use mailferry_domain::order::Terms;
use mailferry_lab::{Client, CompareOptions, Dovecot, DovecotOptions, Fault, Plan, Proxy, compare, free_port};
use mailferry_shared::ids::RunId;
use mailferry_store::{
    Context, SealingKeys, Store, SystemRandom,
    jobs::{JobKind, JobQueue},
};

/// How long a step may take on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// An address on loopback that nothing listens on.
fn free() -> String {
    format!("127.0.0.1:{}", free_port().expect("a port"))
}

fn mailferry(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailferry"));
    command.args(arguments).env_clear().env("HOME", home);
    command
}

fn output(home: &Path, arguments: &[&str]) -> Output {
    mailferry(home, arguments).output().expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_bad_setting_is_named_and_ends_with_2() {
    let home = tempfile::tempdir().expect("a folder");
    let ended =
        mailferry(home.path(), &["serve"]).env("MAILFERRY_ALLOW_NETWORKS", "10.0.0.0/99").output().expect("runs");
    assert_eq!(ended.status.code(), Some(2));
    assert!(text(&ended.stderr).contains("MAILFERRY_ALLOW_NETWORKS"), "{}", text(&ended.stderr));
    let nowhere = Command::new(env!("CARGO_BIN_EXE_mailferry")).arg("serve").env_clear().output().expect("runs");
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(text(&nowhere.stderr).contains("DATABASE_URL"), "{}", text(&nowhere.stderr));
}

#[test]
fn a_database_that_is_not_there_ends_with_1_and_no_password_is_shown() {
    let home = tempfile::tempdir().expect("a folder");
    let url = "postgres://user:canary@127.0.0.1:1/none";
    let ended = output(home.path(), &["migrate", "--database-url", url]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(text(&ended.stderr).contains("DATABASE_URL"), "{}", text(&ended.stderr));
    assert!(!text(&ended.stderr).contains("canary"), "{}", text(&ended.stderr));
}

#[test]
fn the_first_operator_gets_a_key_and_the_sealing_key_is_private() {
    let home = tempfile::tempdir().expect("a folder");
    let ended = output(home.path(), &["admin", "create-operator", "--json", "--name", "Ada"]);
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    let made: serde_json::Value = serde_json::from_slice(&ended.stdout).expect("JSON");
    assert!(made["api_key"].as_str().expect("a key").starts_with("mf_live_"));
    let data = home.path().join(".local/share/mailferry");
    let mode = data.join("sealing.key").metadata().expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(data.join("mailferry.sqlite").is_file());
}

#[test]
fn an_operator_makes_tenants_members_keys_and_vouchers_and_changes_the_sealing_key() {
    let home = tempfile::tempdir().expect("a folder");
    let admin = |arguments: &[&str]| {
        let ended = output(home.path(), &[&["admin"], arguments, &["--json"]].concat());
        assert!(ended.status.success(), "{arguments:?}: {}", text(&ended.stderr));
        serde_json::from_slice::<serde_json::Value>(&ended.stdout).expect("JSON")
    };
    let word = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    let mail = "alex@hosting.example";
    let hosting = ["create-tenant", "--name", "Hosting", "--admin-mail", mail, "--max-pairs"];
    let too_many = [&["admin"], hosting.as_slice(), &["5001"]].concat();
    assert_eq!(output(home.path(), &too_many).status.code(), Some(2), "no more than over the API");
    let others = ["7", "--max-active-orders", "3", "--max-message-bytes", "9", "--max-connections-per-host", "2"];
    let tenant = admin(&[hosting.as_slice(), &others].concat());
    let limits = serde_json::json!({
        "max_pairs": 7, "max_active_orders": 3, "max_message_bytes": 9, "max_connections_per_host": 2
    });
    assert_eq!(tenant["limits"], limits);
    let (id, member) = (word(&tenant["tenant_id"]), word(&tenant["member_id"]));
    assert!(word(&tenant["password"]).len() >= 20);
    let twice = output(home.path(), &["admin", "create-tenant", "--name", "Again", "--admin-mail", mail]);
    assert_eq!(twice.status.code(), Some(1));
    assert!(text(&twice.stderr).contains("another member has this mail address"), "{}", text(&twice.stderr));
    let manager = ["create-member", "--tenant", &id, "--name", "M", "--mail", "m@hosting.example", "--role", "manager"];
    assert_eq!(output(home.path(), &[&["admin"], manager.as_slice()].concat()).status.code(), Some(2), "no domain");
    admin(&[manager.as_slice(), &["--domain", "customer.example"]].concat());
    let key = admin(&["create-key", "--tenant", &id, "--member", &member, "--name", "k", "--scope", "orders:write"]);
    assert!(word(&key["api_key"]).starts_with("mf_live_"));
    let test = admin(&["create-key", "--tenant", &id, "--name", "t", "--scope", "orders:write", "--sandbox"]);
    assert!(word(&test["api_key"]).starts_with("mf_test_"));
    let wrong = ["admin", "create-key", "--name", "k", "--scope", "everything"];
    assert_eq!(output(home.path(), &wrong).status.code(), Some(2));
    let vouchers = admin(&["create-vouchers", "--tenant", &id, "--pairs", "5", "--count", "3"]);
    assert_eq!(vouchers["codes"].as_array().expect("codes").len(), 3);

    // The keys for links and sessions are made by a service; here there is nothing sealed yet.
    let file = home.path().join(".local/share/mailferry/sealing.key");
    let before = std::fs::read_to_string(&file).expect("a key file");
    let added = word(&admin(&["new-sealing-key"])["key_id"]);
    let after = std::fs::read_to_string(&file).expect("a key file");
    assert!(after.starts_with(&added) && after.ends_with(&before));
    assert_eq!(file.metadata().expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!(admin(&["rewrap"])["rewrapped"], 0);
}

#[test]
fn the_document_is_printed() {
    let home = tempfile::tempdir().expect("a folder");
    let printed = output(home.path(), &["openapi"]);
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/openapi.json");
    let committed = std::fs::read_to_string(committed).expect("openapi/openapi.json");
    assert!(text(&printed.stdout) == committed, "openapi/openapi.json is out of date; run: make openapi");
}

/// A process that is ended with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn terminate(&mut self) -> Option<i32> {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("runs").success());
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.0.try_wait().expect("a child") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        None
    }

    /// Waits for a line of the log.
    fn await_line(&mut self, words: &str) {
        let log = BufReader::new(self.0.stderr.take().expect("a pipe"));
        let (sender, receiver) = std::sync::mpsc::channel();
        let words = words.to_owned();
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if line.contains(&words) {
                    let _ = sender.send(());
                }
            }
        });
        receiver.recv_timeout(PATIENCE).expect("the line");
    }
}

#[tokio::test]
async fn settings_of_a_file_count_and_numbers_are_told_on_a_listener_of_their_own() {
    let home = tempfile::tempdir().expect("a folder");
    let (page, numbers) = (free(), free());
    let file = home.path().join("mailferry.toml");
    let settings = format!("listen = \"{page}\"\nmetrics_listen = \"{numbers}\"\nworkers = 1\nlog_format = \"json\"\n");
    std::fs::write(&file, settings).expect("written");
    let file = file.to_str().expect("UTF-8");
    let mut service =
        Running(mailferry(home.path(), &["serve", "--config", file]).stderr(Stdio::piped()).spawn().expect("starts"));
    service.await_line("listening");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", service.0.id())).expect("Linux tells");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "no image of the memory: {core}");
    let client = reqwest::Client::new();
    let get = async |address: &str, path: &str| {
        let answer = client.get(format!("http://{address}{path}")).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    };
    assert_eq!(get(&page, "/api/v1/service").await.0, 200);
    let (status, told) = get(&numbers, "/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "mailferry_http_requests_total{operation=\"getService\",status=\"200\"} 1",
        "mailferry_runs{state=\"running\"} 0",
        "mailferry_info{version=",
        "# TYPE mailferry_http_request_seconds histogram",
    ] {
        assert!(told.contains(line), "{line} is missing in\n{told}");
    }
    let page_too = get(&page, "/metrics").await.1;
    assert!(!page_too.contains("mailferry_http_requests_total"), "the page's listener tells nothing");
    assert_eq!(service.terminate(), Some(0));

    let broken = home.path().join("broken.toml");
    std::fs::write(&broken, "wokers = 1\n").expect("written");
    let ended = mailferry(home.path(), &["serve"]).env("MAILFERRY_CONFIG", &broken).output().expect("runs");
    assert_eq!(ended.status.code(), Some(2));
    assert!(text(&ended.stderr).contains("there is no setting “wokers”"), "{}", text(&ended.stderr));
}

#[tokio::test]
async fn a_service_answers_and_ends_in_order_with_a_worker_beside_it() {
    let home = tempfile::tempdir().expect("a folder");
    let listen = free();
    let start =
        |arguments: &[&str]| Running(mailferry(home.path(), arguments).stderr(Stdio::piped()).spawn().expect("starts"));
    let mut service = start(&["serve", "--listen", &listen, "--workers", "1"]);
    service.await_line("listening");
    for path in ["livez", "readyz", "api/v1/service"] {
        let answer = plain_get(&format!("http://{listen}/{path}")).await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
    }
    let mut worker = start(&["worker", "--workers", "1"]);
    worker.await_line("working");
    assert_eq!(worker.terminate(), Some(0));
    assert_eq!(service.terminate(), Some(0));
}

/// reqwest wants to know the process's provider of TLS, even for plain HTTP.
async fn plain_get(url: &str) -> reqwest::Result<reqwest::Response> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::get(url).await
}

/// A service without workers, two mail servers with a mailbox at the first, one of which soon says nothing more on any
/// connection and keeps it open, and an order that moves the mailbox.
struct Migration {
    source: Dovecot,
    frozen: Proxy,
    /// The mail servers' ports as the order has them.
    ports: [u16; 2],
    destination: Dovecot,
    home: tempfile::TempDir,
    base: String,
    key: String,
}

const MESSAGES: usize = 200;

impl Migration {
    /// With a source that says nothing after a part of the messages.
    fn from_a_frozen_source() -> Self {
        let plan = Plan { to_client: Some((60_000, Fault::Stall)), ..Plan::default() };
        Self::new(plan, |source, _| source, |frozen, _, destination| [frozen, destination])
    }

    /// With a destination that hears nothing after a part of the messages.
    fn to_a_frozen_destination() -> Self {
        let plan = Plan { to_server: Some((60_000, Fault::Stall)), ..Plan::default() };
        Self::new(plan, |_, destination| destination, |frozen, source, _| [source, frozen])
    }

    fn new(plan: Plan, freezes: fn(u16, u16) -> u16, ports: fn(u16, u16, u16) -> [u16; 2]) -> Self {
        let server = || Dovecot::start(DovecotOptions::default()).expect("Dovecot");
        let (source, destination) = (server(), server());
        let mut anna = Client::login(&source.login("anna")).expect("logs in");
        for number in 0..MESSAGES {
            let text =
                format!("Subject: {number}\r\nMessage-ID: <{number}@example.org>\r\n\r\n{}\r\n", "x".repeat(2_000));
            anna.append("INBOX", "\\Seen", None, text.as_bytes()).expect("appends");
        }
        let (old, new) = (source.imaps_port(), destination.imaps_port());
        let frozen = Proxy::start(freezes(old, new)).expect("a proxy");
        (0..8).for_each(|_| frozen.plan(plan));
        let home = tempfile::tempdir().expect("a folder");
        let made = output(home.path(), &["admin", "create-operator", "--json"]);
        let made: serde_json::Value = serde_json::from_slice(&made.stdout).expect("JSON");
        let key = made["api_key"].as_str().expect("a key").to_owned();
        let ports = ports(frozen.port(), old, new);
        Self { source, frozen, ports, destination, home, base: free(), key }
    }

    fn start(&self, arguments: &[&str], until: &str) -> Running {
        let ports = format!("{},{}", self.ports[0], self.ports[1]);
        let mut command = mailferry(self.home.path(), arguments);
        command.env("MAILFERRY_ALLOW_NETWORKS", "127.0.0.0/8,::1/128").env("MAILFERRY_ALLOW_PORTS", ports);
        command.env("MAILFERRY_CA_FILE", self.source.ca_file()).env("MAILFERRY_LOG_FORMAT", "json");
        let mut running = Running(command.stderr(Stdio::piped()).spawn().expect("starts"));
        running.await_line(until);
        running
    }

    async fn call(&self, method: &str, path: &str, body: Option<serde_json::Value>) -> serde_json::Value {
        // As at the start of the program: reqwest wants to know the process's provider.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let request = reqwest::Client::new()
            .request(method.parse().expect("a method"), format!("http://{}/api/v1{path}", self.base));
        let request = request.bearer_auth(&self.key);
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "{method} {path}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    async fn begin(&self) -> String {
        let terms = self.call("GET", "/service", None).await["terms_version"].clone();
        let options = serde_json::json!({"include_trash": true, "include_junk": true});
        let order = serde_json::json!({"accepted_terms": terms, "options": options});
        let order = self.call("POST", "/orders", Some(order)).await;
        let order = format!("/orders/{}", order["id"].as_str().expect("an id"));
        let side = |port: u16| {
            let endpoint = serde_json::json!({"host": "localhost", "port": port});
            serde_json::json!({"user": "anna", "password": "secret", "endpoint": endpoint})
        };
        let account = serde_json::json!({"source": side(self.ports[0]), "destination": side(self.ports[1])});
        self.call("POST", &format!("{order}/accounts"), Some(account)).await;
        let voucher = self.call("POST", "/vouchers", Some(serde_json::json!({"pairs": 1}))).await;
        let code = serde_json::json!({"code": voucher["items"][0]["code"]});
        self.call("POST", &format!("{order}/voucher"), Some(code)).await;
        let start = serde_json::json!({"kind": "main"});
        self.call("POST", &format!("{order}/start"), Some(start)).await;
        order
    }

    async fn until(&self, order: &str, is_so: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let progress = self.call("GET", &format!("{order}/progress"), None).await;
            if is_so(&progress) {
                return progress;
            }
            assert!(Instant::now() < deadline, "{progress}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
}

impl Migration {
    /// Another worker brings it to its end, over lines that are good again: all has arrived, once.
    async fn goes_on_to_its_end(&self, order: &str) {
        self.frozen.forget_plans();
        let mut second = self.start(&["worker", "--workers", "1"], "working");
        let done = self.until(order, |progress| progress["state"] == "completed").await;
        assert_eq!((&done["counts"]["failed"], &done["counts"]["uncertain"]), (&0.into(), &0.into()), "{done}");
        let logins = (self.source.login("anna"), self.destination.login("anna"));
        let differences = compare(&logins.0, &logins.1, &CompareOptions::default()).expect("compared");
        mailferry_lab::matrix::judge("SIGTERM of a worker", 1, &differences);
        assert_eq!(second.terminate(), Some(0));
    }
}

/// Fails unless the run that was handed over can be had at once: neither its job is locked nor its lease held, and the lease
/// was given back, so that nobody waits for what its last holder may have sent.
async fn may_be_taken_at_once(home: &Path) {
    let data = home.join(".local/share/mailferry");
    let keys = SealingKeys::from_file(&data.join("sealing.key"), &SystemRandom).expect("keys");
    let url = format!("sqlite://{}", data.join("mailferry.sqlite").display());
    let store = Store::connect_with(&url, keys, Context::default(), Terms::default()).await.expect("a database");
    let jobs = store.take("another", JobKind::Run, 1, PATIENCE).await.expect("read");
    let [job] = jobs.as_slice() else { panic!("its job is locked: {jobs:?}") };
    assert_eq!(job.attempt, 1, "nothing has failed");
    let lease = store.claim_lease(RunId(job.id), "another", PATIENCE).await.expect("read").expect("its lease is held");
    assert!(!lease.took_over, "its lease was not given back");
    store.release_lease(&lease).await.expect("written");
    store.put_back_after(job, store.now(), 0).await.expect("written");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_sigterm_meets_at_a_frozen_source_is_handed_over_and_nothing_is_lost() {
    let migration = Migration::from_a_frozen_source();
    let mut service = migration.start(&["serve", "--workers", "0", "--listen", &migration.base], "listening");
    let mut first = migration.start(&["worker", "--workers", "1"], "working");
    let order = migration.begin().await;
    migration.until(&order, |progress| progress["counts"]["stored"].as_u64() > Some(0)).await;
    assert_eq!(first.terminate(), Some(0));
    let left = migration.call("GET", &format!("{order}/progress"), None).await;
    let stored = left["counts"]["stored"].as_u64().expect("a number");
    assert!(left["state"] == "active" && stored < MESSAGES as u64, "it was to be stopped in the middle: {left}");
    may_be_taken_at_once(migration.home.path()).await;

    migration.goes_on_to_its_end(&order).await;
    assert_eq!(service.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_sigterm_meets_at_a_frozen_destination_is_handed_over_and_nothing_is_lost_or_doubled() {
    let migration = Migration::to_a_frozen_destination();
    let mut service = migration.start(&["serve", "--workers", "0", "--listen", &migration.base], "listening");
    let mut first = migration.start(&["worker", "--workers", "1"], "working");
    let order = migration.begin().await;
    let deadline = Instant::now() + PATIENCE;
    while migration.frozen.struck() == 0 {
        assert!(Instant::now() < deadline, "nothing was sent");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let told = Instant::now();
    assert_eq!(first.terminate(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(30), "an append time-out is 10 s: {:?}", told.elapsed());
    may_be_taken_at_once(migration.home.path()).await;
    migration.goes_on_to_its_end(&order).await;
    assert_eq!(service.terminate(), Some(0));
}
