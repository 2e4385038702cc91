//! What time ends: sessions, links, orders; and what a crash left behind.

use chrono::TimeDelta;
use mailferry_server::jobs::sweeper;
use mailferry_shared::secret::Secret;
use mailferry_store::{
    MailKind,
    jobs::{JobKind, JobQueue, LOCK},
};
use serde_json::json;

use crate::harness::{on_both, on_both_at};

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_is_prolonged_by_reading_and_never_outlives_the_link() {
    on_both_at(async |service, clock| {
        let (order, mut client) = service.order().await;
        let path = format!("/api/v1/orders/{order}");
        let link = client.get(&path).await.json()["manage_url"].as_str().expect("a link").to_owned();
        let token = Secret::new(link.split("#token=").nth(1).expect("a token"));

        clock.advance(TimeDelta::hours(6)).await;
        let prolonged = client.get(&path).await.cookie().expect("a new cookie");
        clock.advance(TimeDelta::hours(7)).await;
        client.get(&path).await.is_problem(401, "not_signed_in");
        client.cookie = Some(prolonged);
        assert_eq!(client.get(&path).await.status, 200);
        // Whoever looks on only polls.
        let progress = format!("{path}/progress");
        let tag = client.get(&progress).await.header("etag").to_owned();
        clock.advance(TimeDelta::hours(4)).await;
        let same = client.send("GET", &progress, None, &[("if-none-match", &tag)]).await;
        assert_eq!(same.status, 304);
        client.cookie = Some(same.cookie().expect("a new cookie"));
        clock.advance(TimeDelta::hours(1) + TimeDelta::minutes(30)).await;
        assert_eq!(client.get(&progress).await.status, 200);

        clock.advance(TimeDelta::days(29) + TimeDelta::minutes(4 * 60 + 30)).await;
        let last = service.session(&order, &token).await;
        clock.advance(TimeDelta::hours(2)).await;
        assert_ne!(last.get(&path).await.status, 200, "the link ends after 30 days");
        let body = json!({"order_id": order, "token": token.expose()});
        service.stranger().post("/api/v1/sessions", body.clone()).await.is_problem(401, "link_invalid");
        sweeper::sweep(&service.app.job_context().expect("a context")).await.expect("sweeps");
        assert_eq!(service.operator().get(&path).await.json()["state"], "closed");
        service.stranger().post("/api/v1/sessions", body).await.is_problem(401, "link_invalid");
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_job_was_lost_is_queued_again_and_mails_wait_for_a_server() {
    on_both(async |service| {
        let (order, _, client) = service.order_with_pair().await;
        let path = format!("/api/v1/orders/{order}");
        assert_eq!(client.post(&format!("{path}/start"), json!({"kind": "trial"})).await.status, 200);
        let store = &service.store;
        for kind in [JobKind::Run, JobKind::SendMail] {
            let jobs = store.take("lost", kind, 10, LOCK).await.expect("takes");
            assert_eq!(jobs.len(), 1);
            store.finish(&jobs).await.expect("ends");
        }
        sweeper::sweep(&service.app.job_context().expect("a context")).await.expect("sweeps");
        assert_eq!(store.take("next", JobKind::Run, 10, LOCK).await.expect("takes").len(), 1);
        assert_eq!(store.take("next", JobKind::SendMail, 10, LOCK).await.expect("takes").len(), 0, "no server is set");
        let order = order.parse().expect("an id");
        assert_eq!(store.queue_mail(order, MailKind::Submitted, "trial").await.expect("looks"), None, "it is kept");
        service.stop().await;
    })
    .await;
}
