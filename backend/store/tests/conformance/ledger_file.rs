use std::{
    path::Path,
    time::{Duration, Instant},
};

use mailferry_engine::port::LedgerError;
use mailferry_store::{LedgerFile, StoreError};

use crate::ledger::{LedgerSteps, binding, inbox, intent, listed, stored};

/// Opens a file that nobody has open any more. A program that another test is about to start shares our files, locks
/// included, until it begins.
async fn open(path: &Path, ends: &str) -> Result<LedgerFile, StoreError> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match LedgerFile::open(path, ends).await {
            Err(StoreError::InUse) if Instant::now() < deadline => tokio::time::sleep(Duration::from_millis(10)).await,
            opened => return opened,
        }
    }
}

#[tokio::test]
async fn a_ledger_file_is_for_one_process_and_goes_on_after_it() {
    const ENDS: &str = "anna@old.example:993 → anna@new.example:993";
    let dir = tempfile::tempdir().expect("folder");
    let path = dir.path().join("state.db");
    let file = LedgerFile::open(&path, ENDS).await.expect("opens");
    let run = file.new_run_id().expect("random");
    let ledger = file.run_ledger(run).await.expect("ledger");
    let id = inbox(&ledger).await;
    ledger.start_folder(id, listed(2)).await.expect("starts");
    ledger.settle(id, &stored(1..=1)).await.expect("settles");
    ledger.intend(id, 7, &[intent(2)]).await.expect("intends");
    assert!(matches!(LedgerFile::open(&path, ENDS).await, Err(StoreError::InUse)));
    drop(file);
    assert!(matches!(LedgerFile::open(&path, ENDS).await, Err(StoreError::InUse)), "the ledger still writes");
    drop(ledger);
    let file = open(&path, ENDS).await.expect("opens");
    let ledger = file.run_ledger(run).await.expect("ledger");
    let (_, state) = ledger.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    assert_eq!((state.settled_by_this_run.to_string(), state.open.len()), ("1".into(), 1));
    let other = file.run_ledger(file.new_run_id().expect("random")).await.expect("a new run");
    let (_, state) = other.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    assert!(state.settled_by_this_run.is_empty() && state.settled.len() == 1);
    assert!(matches!(ledger.settle(id, &stored(2..=2)).await, Err(LedgerError::Fenced)));
    file.close().await;
    drop((file, ledger, other));
    let wrong = open(&path, "somebody else").await.err();
    assert!(matches!(wrong, Some(StoreError::OtherEnds { recorded }) if recorded == ENDS));
}
