//! The binary: start, stop, exit codes.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

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
    let tenant = admin(&["create-tenant", "--name", "Hosting", "--admin-mail", mail, "--max-pairs", "7"]);
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
        let deadline = Instant::now() + Duration::from_secs(30);
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
        receiver.recv_timeout(Duration::from_secs(30)).expect("the line");
    }
}

#[tokio::test]
async fn a_service_answers_and_ends_in_order_with_a_worker_beside_it() {
    let home = tempfile::tempdir().expect("a folder");
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let listen = format!("127.0.0.1:{port}");
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
