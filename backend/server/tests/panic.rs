//! What is left of a panic: its place, and none of its words. A process of its own, since a panic's hook is the process's.

mod caught;

use std::{sync::Arc, time::Duration};

use mailferry_domain::order::Terms;
use mailferry_server::crash;
use mailferry_shared::secret::Secret;
use mailferry_store::{
    Context, OPERATOR_TENANT, SealingKeys, Store, SystemRandom,
    jobs::{self, Job, JobHandler, JobKind, JobOutcome, JobQueue, WorkerOptions},
};
use tokio_util::sync::CancellationToken;

use self::caught::Log;

const CANARY: &str = "canary-pA55w0rd-in-a-panic";

/// What a server would do.
fn refused<T, E>(password: E) -> Result<T, E> {
    Err(password)
}

/// A job that goes wrong with a password in hand.
struct Breaks;

impl JobHandler for Breaks {
    async fn handle(&self, _: &Job, _: CancellationToken) -> JobOutcome {
        refused(CANARY.to_owned()).expect("the password is taken")
    }
}

fn text(log: &Log) -> String {
    String::from_utf8_lossy(&log.bytes()).into_owned()
}

/// Waits for a line of the log.
async fn told(log: &Log, words: &str) {
    for _ in 0..600 {
        if text(log).contains(words) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{words} was never logged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_told_by_its_place_and_never_by_its_words() {
    let log = Log::catch();
    crash::keep_secrets();
    let thread = std::thread::spawn(|| panic!("{CANARY}"));
    assert!(thread.join().is_err());
    let task = tokio::spawn(async {
        refused::<(), _>(Secret::new(CANARY)).expect("typed by somebody");
    });
    assert!(task.await.is_err());

    // A job of a worker, whose panic is caught and told besides.
    let folder = tempfile::tempdir().expect("a folder");
    let keys = SealingKeys::from_file(&folder.path().join("keys"), &SystemRandom).expect("keys");
    let url = format!("sqlite://{}", folder.path().join("test.sqlite").display());
    let store = Store::connect_with(&url, keys, Context::default(), Terms::default()).await.expect("a database");
    store.enqueue(JobKind::CutOver, OPERATOR_TENANT.0, None).await.expect("queued");
    let stop = CancellationToken::new();
    let options = WorkerOptions::new("breaks", vec![(JobKind::CutOver, 1)]);
    let working = tokio::spawn(jobs::work(store.clone(), options, Arc::new(Breaks), stop.clone()));
    told(&log, "a job has panicked").await;
    stop.cancel();
    working.await.expect("the worker goes on");
    store.close().await;

    let log = text(&log);
    assert!(log.matches("panic.rs:").count() >= 3, "the places: {log}");
    assert!(!log.contains(CANARY), "{log}");
    for file in std::fs::read_dir(folder.path()).expect("a folder") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("readable");
        assert!(!bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes()));
    }
}
