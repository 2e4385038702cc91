//! A worker that died may have sent something that is still on its way: whoever follows waits before it decides what to
//! send again, and whoever follows one that did not wait to the end has to wait in turn.

use std::time::{Duration, Instant};

use mailferry_domain::{
    folder::FolderPath,
    item::{ContentHash, ContentKey},
    ledger::Intent,
    print::Traits,
    uid::{Uid, UidValidity},
};
use mailferry_engine::port::{Entry, FolderBinding, Ledger};
use mailferry_server::jobs::dispatch;
use mailferry_shared::ids::RunId;
use mailferry_store::{
    AccountKey, Lease, SlotRequest, Store,
    jobs::{Job, JobKind, JobQueue, LOCK},
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::harness::{Service, on_both};

/// Less than anybody has to wait.
const SOON: Duration = Duration::from_secs(20);

/// A worker has told what it is about to send, and is gone.
async fn died_while_it_sent(store: &Store, run: RunId) {
    let dead = store.claim_lease(run, "dead", Duration::from_secs(60)).await.expect("database").expect("free");
    let ledger = store.run_ledger(&dead);
    let binding = FolderBinding {
        source: FolderPath::inbox(),
        destination: FolderPath::inbox(),
        source_uid_validity: UidValidity(1),
        destination_uid_validity: Some(UidValidity(1)),
    };
    let (folder, _) = ledger.open_folders(&[binding]).await.expect("opens").pop().expect("a folder");
    let intent = Intent {
        source_uid: Uid(1),
        key: ContentKey { size_bytes: 1, hash: ContentHash([1; 32]) },
        internal_date: None,
        message_id: None,
        traits: Traits::default(),
    };
    let intend = Entry::Intend { folder, destination_uid_next: 1, batch: vec![intent] };
    ledger.write(vec![intend]).await.expect("intends");
    store.renew_lease(&dead, Duration::from_millis(1)).await.expect("its last word");
    tokio::time::sleep(Duration::from_millis(20)).await;
}

/// A started trial: its run's job, and the run.
async fn begun(service: &Service) -> (Job, RunId) {
    let (order, _, client) = service.order_with_pair().await;
    let started = client.post(&format!("/api/v1/orders/{order}/start"), json!({"kind": "trial"})).await;
    assert_eq!(started.status, 200, "{}", started.text);
    let job = service.store.take("second", JobKind::Run, 1, LOCK).await.expect("takes").pop().expect("a job");
    let run = RunId(job.id);
    died_while_it_sent(&service.store, run).await;
    (job, run)
}

async fn claimed_by_the_third(store: &Store, run: RunId) -> Lease {
    store.claim_lease(run, "third", Duration::from_secs(60)).await.expect("database").expect("free at once")
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_interrupted_while_it_waits_leaves_the_waiting_to_the_next() {
    on_both(async |service| {
        let (job, run) = begun(&service).await;
        let (context, stop) = (service.app.job_context().expect("a context"), CancellationToken::new());
        let stopping = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            stop.cancel();
        };
        let began = Instant::now();
        let (done, ()) = tokio::join!(Box::pin(dispatch::perform(&context, &job, &stop)), stopping);
        assert!(done.expect("works").again(&job).is_some() && began.elapsed() < SOON, "it is handed over");
        let third = claimed_by_the_third(&service.store, run).await;
        assert!(third.took_over, "what the first has sent may still be on its way");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_turn_has_not_waited_either() {
    on_both(async |service| {
        let (job, run) = begun(&service).await;
        let all = SlotRequest {
            host: "imap.gmx.net".to_owned(),
            account: AccountKey::new("imap.gmx.net", "x"),
            per_account: 1_000,
            per_host: 1_000,
            per_tenant: None,
        };
        let held = service.store.begin_visit(1_000, &[all], Duration::from_secs(3600)).await.expect("database");
        assert!(held.is_some(), "others have all of them");
        let (context, stop) = (service.app.job_context().expect("a context"), CancellationToken::new());
        let done = Box::pin(dispatch::perform(&context, &job, &stop)).await.expect("works");
        assert!(done.again(&job).is_some(), "it goes on later");
        assert!(claimed_by_the_third(&service.store, run).await.took_over);
        service.stop().await;
    })
    .await;
}
