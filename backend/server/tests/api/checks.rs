//! How many logins of a check are under way at once.

use mailferry_lab::Proxy;
use serde_json::{Value, json};

use crate::{
    harness::{Service, on_each},
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
