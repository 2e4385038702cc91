//! What counts as a failed attempt, and what does not.

use std::time::Duration;

use mailferry_server::jobs::dispatch;
use mailferry_shared::{finding::FindingCode, ids::RunId, run::RunState};
use mailferry_store::{
    AccountKey, SlotRequest,
    jobs::{JobKind, JobQueue, LOCK},
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::harness::on_both;

/// More than a run may fail.
const OFTEN: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_turn_has_not_failed_however_often() {
    on_both(async |service| {
        let (order, _, client) = service.order_with_pair().await;
        let started = client.post(&format!("/api/v1/orders/{order}/start"), json!({"kind": "trial"})).await;
        assert_eq!(started.status, 200, "{}", started.text);
        let store = &service.store;
        let all = SlotRequest {
            host: "imap.gmx.net".to_owned(),
            account: AccountKey::new("imap.gmx.net", "x"),
            per_account: 1_000,
            per_host: 1_000,
            per_tenant: None,
        };
        let held = store.begin_visit(1_000, &[all], Duration::from_secs(3600)).await.expect("database");
        assert!(held.is_some_and(|held| held.connections == 1_000), "others have all of them");
        let context = service.app.job_context().expect("a context");
        let mut run = None;
        for time in 1..=OFTEN {
            let job = store.take("turn", JobKind::Run, 1, LOCK).await.expect("takes").pop().expect("a job");
            assert_eq!(job.attempt, 1, "time {time}");
            let outcome = Box::pin(dispatch::perform(&context, &job, &CancellationToken::new())).await.expect("works");
            let (_, failures) = outcome.again(&job).expect("it is not done");
            store.put_back_after(&job, store.now(), failures).await.expect("put back");
            run = Some(RunId(job.id));
        }
        let run = store.run(run.expect("a run")).await.expect("a run").summary;
        let code = run.finding.map(|finding| finding.code);
        assert_eq!((run.state, code), (RunState::Queued, Some(FindingCode::WaitingForTurn)));
        service.stop().await;
    })
    .await;
}
