//! How many logins of a check are under way at once, and what becomes of a count that is broken off.

use mailferry_lab::Proxy;
use mailferry_server::{jobs::dispatch, settings::Settings};
use mailferry_shared::{
    account::{LoginState, SideName},
    ids::CheckId,
};
use mailferry_store::{
    CheckedSide,
    jobs::{JobKind, JobOutcome, JobQueue, LOCK},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    harness::{Service, on_both_with, on_each},
    moving::{Servers, Worker, until},
    resellers,
};

const ROWS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_a_file_are_checked_in_parallel() {
    on_each(the_rows_of_a_file_are_checked_in_parallel_on).await;
}

async fn the_rows_of_a_file_are_checked_in_parallel_on(database: Option<String>) {
    let servers = Servers::start();
    // Nothing passes to the old server and back until every row has knocked there.
    let line = Proxy::start(servers.source.imaps_port()).expect("a proxy");
    let service = Service::start_with(database, |settings| {
        servers.open(settings);
        settings.outgoing.ports.push(line.port());
    })
    .await;
    let worker = Worker::start(&service);
    let (order, client) = service.order().await;
    let path = format!("/api/v1/orders/{order}");
    let (old, new) = (line.port(), servers.destination.imaps_port());
    let row = |n: usize| format!("localhost:{old};user{n};secret;localhost:{new};user{n};secret;;\n");
    let file = json!({"content": (0..ROWS).map(row).collect::<String>(), "layout": "full"});
    let imported = client.post(&format!("{path}/imports"), file).await.json();
    assert_eq!(imported["rows"].as_array().map(Vec::len), Some(ROWS), "{imported}");

    line.freeze();
    let check = client.post(&format!("{path}/checks"), json!({})).await.header("location").to_owned();
    resellers::until("a connection for each row", async || (line.passed().len() >= ROWS).then_some(())).await;
    let waiting = client.get(&check).await.json();
    let logins = |check: &Value| {
        let items = check["items"].as_array().expect("items").iter();
        items.filter(|item| item["side"] == "source").map(|item| item["login"].clone()).collect::<Vec<_>>()
    };
    let known = ["passed", "failed"];
    assert!(logins(&waiting).iter().all(|login| !known.iter().any(|known| login == known)), "{waiting}");
    line.thaw();
    let done = until(&client, &check, |check| check["logins_finished"] == true).await;
    assert_eq!(logins(&done), ["passed"; ROWS], "{done}");
    worker.stop().await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_that_the_database_breaks_off_gives_its_connection_back() {
    let one = |settings: &mut Settings| settings.connections_per_host = 1;
    on_both_with(one, async |service: Service| {
        let (context, store) = (service.app.job_context().expect("a context"), &service.store);
        let (order, client) = service.order().await;
        let path = format!("/api/v1/orders/{order}");
        // An address that nobody may be connected to: what is asked of the database comes before.
        let account = json!({
            "source": {"user": "anna", "password": "x", "endpoint": {"host": "127.0.0.1", "port": 993}},
            "destination": {"user": "anna@new.example", "password": "x"},
        });
        let pair = client.post(&format!("{path}/accounts"), account).await.json()["id"].clone();
        let check = client.post(&format!("{path}/checks"), json!({})).await.json()["id"].clone();
        let check_id: CheckId = check.as_str().expect("an id").parse().expect("an id");
        let at = CheckedSide {
            check_id,
            pair_id: pair.as_str().expect("an id").parse().expect("an id"),
            side: SideName::Source,
        };
        store.save_login(at, LoginState::Passed, &[]).await.expect("saved");
        store.enqueue(JobKind::Survey, check_id.0, None).await.expect("queued");
        let job = store.take("counts", JobKind::Survey, 9, LOCK).await.expect("takes").remove(0);
        let stop = CancellationToken::new();

        service.raw("ALTER TABLE login_accounts RENAME TO login_accounts_away").await;
        let broken = Box::pin(dispatch::perform(&context, &job, &stop)).await;
        assert!(broken.is_err(), "{broken:?}");
        service.raw("ALTER TABLE login_accounts_away RENAME TO login_accounts").await;
        let again = Box::pin(dispatch::perform(&context, &job, &stop)).await;
        assert!(matches!(again, Ok(JobOutcome::Done)), "nobody has the server's only connection: {again:?}");
        service.stop().await;
    })
    .await;
}
