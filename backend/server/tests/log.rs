//! The log of a started service, in JSON: every line is whole, and tells no secret; a request leads to its jobs.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

const SECRET: &str = "canary-of-the-log";
const ADDRESS: &str = "anna@log-canary.example";

fn mailferry(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailferry"));
    command.args(arguments).env_clear().env("HOME", home);
    command
}

/// A service that is ended with its test, and its log line by line.
struct Running {
    child: Child,
    lines: Receiver<String>,
    all: Vec<Value>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(home: &Path, listen: &str) -> Self {
        let mut command = mailferry(home, &["serve", "--listen", listen, "--workers", "2"]);
        // Everything that there is to tell.
        command.env("MAILFERRY_LOG_FORMAT", "json").env("MAILFERRY_LOG", "trace");
        let mut child = command.stderr(Stdio::piped()).spawn().expect("starts");
        let log = BufReader::new(child.stderr.take().expect("a pipe"));
        let (sender, lines) = channel();
        std::thread::spawn(move || log.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines, all: Vec::new() }
    }

    /// Reads up to a line that is so; what comes before is kept.
    fn read_until(&mut self, what: &str, is_so: impl Fn(&Value) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|_| panic!("{what} never came"));
            let line = checked(&line);
            let found = is_so(&line);
            self.all.push(line);
            if found {
                return;
            }
        }
    }

    /// Ends it in order, and reads the rest.
    fn stop(mut self) -> Vec<Value> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("runs").success());
        self.read_until("the end", |line| line["fields"]["message"] == "stopped");
        assert!(self.child.wait().expect("ends").success());
        self.all.extend(self.lines.iter().map(|line| checked(&line)));
        std::mem::take(&mut self.all)
    }
}

/// Every line is an object with a time, a level, a target and what has happened; none tells a secret or an address.
fn checked(line: &str) -> Value {
    let parsed: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    for field in ["timestamp", "level", "target"] {
        assert!(parsed[field].is_string(), "{field} is missing: {line}");
    }
    assert!(parsed["fields"].is_object(), "{line}");
    for secret in [SECRET, ADDRESS, "mf_test_"] {
        assert!(!line.contains(secret), "{secret} is in the log: {line}");
    }
    parsed
}

/// True if one of the spans that a line was written in has this value.
fn is_within(line: &Value, span: &str, field: &str, value: &str) -> bool {
    let spans = line["spans"].as_array().into_iter().flatten();
    spans.into_iter().any(|one| one["name"] == span && one[field] == value)
}

/// What was answered, and the request's number.
async fn post(base: &str, key: &str, path: &str, body: Value) -> (Value, String) {
    let request = reqwest::Client::new().post(format!("{base}{path}")).bearer_auth(key).json(&body);
    let answer = request.send().await.expect("an answer");
    let id = answer.headers()["x-request-id"].to_str().expect("ASCII").to_owned();
    let (status, text) = (answer.status(), answer.text().await.expect("a body"));
    assert!(status.is_success(), "{path}: {text}");
    (serde_json::from_str(&text).expect("JSON"), id)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_json_without_a_secret_and_a_request_leads_to_the_jobs_it_caused() {
    // reqwest wants to know the process's provider of TLS, even for plain HTTP.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let home = tempfile::tempdir().expect("a folder");
    let made =
        mailferry(home.path(), &["admin", "create-key", "--name", "log", "--scope", "orders:write", "--sandbox"])
            .args(["--tenant", "00000000-0000-0000-0000-000000000000", "--json"])
            .output()
            .expect("runs");
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    let key = made["api_key"].as_str().expect("a key").to_owned();
    let listen = format!("127.0.0.1:{}", mailferry_lab::free_port().expect("a port"));
    let mut service = Running::start(home.path(), &listen);
    service.read_until("the start", |line| line["fields"]["message"] == "listening");

    let base = format!("http://{listen}/api/v1");
    let host = |name: &str| json!({"endpoint": {"host": format!("{name}.sandbox.mailferry.test"), "port": 993}});
    let terms = reqwest::get(format!("{base}/service")).await.expect("an answer").text().await.expect("a body");
    let terms: Value = serde_json::from_str(&terms).expect("JSON");
    let order = json!({
        "accepted_terms": terms["terms_version"], "source": host("bad-password"), "destination": host("ok"),
        "notify_address": ADDRESS,
    });
    let (order, _) = post(&base, &key, "/orders", order).await;
    let order = format!("/orders/{}", order["id"].as_str().expect("an id"));
    let side = |user: &str| json!({"user": user, "password": SECRET});
    let account = json!({"source": side(ADDRESS), "destination": side(&format!("new-{ADDRESS}"))});
    post(&base, &key, &format!("{order}/accounts"), account).await;
    let (check, request) = post(&base, &key, &format!("{order}/checks"), json!({})).await;
    let check = check["id"].as_str().expect("an id").to_owned();
    service.read_until("the refusal", |line| line["fields"]["message"] == "a login check failed");
    let log = service.stop();

    let answered = log.iter().find(|line| line["fields"]["message"] == "answered" && line["span"]["id"] == request);
    assert_eq!(answered.expect("the request is in the log")["fields"]["status"], 202);
    let refusal = log.iter().find(|line| line["fields"]["message"] == "a login check failed").expect("just read");
    assert!(is_within(refusal, "job", "request", &request) && is_within(refusal, "job", "id", &check), "{refusal}");
    assert_eq!(refusal["fields"]["code"], "wrong_password");
    println!("log: {} lines read", log.len());
}
