//! What is asked at once of one order: whatever comes second finds what the first has done. Fifty rounds each.

use serde_json::{Value, json};

use crate::harness::{Answer, Service, new_account, on_both};

const ROUNDS: usize = 50;

/// Whether it was done, or came too late.
fn was_in_time(answer: &Answer) -> bool {
    if answer.status < 300 {
        return true;
    }
    answer.is_problem(409, "wrong_state");
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_started_while_accounts_are_added_and_ticked_has_a_run_for_every_ticked_one() {
    on_both(async |service: Service| {
        let mut in_time = 0;
        for round in 0..ROUNDS {
            let (order, _, client) = service.order_with_pair().await;
            let path = format!("/api/v1/orders/{order}");
            let accounts = format!("{path}/accounts");
            let mut bert = new_account("bert");
            bert["ticked"] = json!(false);
            let bert = client.post(&accounts, bert).await.json()["id"].as_str().expect("an id").to_owned();
            let start_path = format!("{path}/start");
            let start = client.post(&start_path, json!({"kind": "trial"}));
            let add = client.post(&accounts, new_account("carl"));
            let bert = format!("{accounts}/{bert}");
            let tick = client.patch(&bert, json!({"ticked": true}));
            let (started, added, ticked) = if round % 2 == 0 {
                tokio::join!(start, add, tick)
            } else {
                let (ticked, added, started) = tokio::join!(tick, add, start);
                (started, added, ticked)
            };
            assert_eq!(started.status, 200, "{}", started.text);
            in_time += [&added, &ticked].into_iter().filter(|answer| was_in_time(answer)).count();
            for pair in client.get(&accounts).await.json()["items"].as_array().expect("pairs") {
                let runs = pair["runs"].as_array().map_or(0, Vec::len);
                assert_eq!(runs, usize::from(pair["ticked"] == true), "round {round}: {pair}");
            }
        }
        println!("{ROUNDS} starts, {in_time} of {} changes in time", 2 * ROUNDS);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_cancelled_while_passwords_come_in_keeps_none() {
    on_both(async |service: Service| {
        let mut in_time = 0;
        for round in 0..ROUNDS {
            let (order, anna, client) = service.order_with_pair().await;
            let path = format!("/api/v1/orders/{order}");
            if round % 4 > 1 {
                let started = client.post(&format!("{path}/start"), json!({"kind": "trial"})).await;
                assert_eq!(started.status, 200, "{}", started.text);
            }
            let (cancel_path, accounts) = (format!("{path}/cancel"), format!("{path}/accounts"));
            let (anna, admin) = (format!("{accounts}/{anna}"), format!("{path}/admin-credentials/source"));
            let put = json!({"user": "root", "password": "late"}).to_string();
            let cancel = client.post(&cancel_path, json!({}));
            let change = client.patch(&anna, json!({"source": {"user": "anna@old.example", "password": "late"}}));
            let add = client.post(&accounts, new_account("bert"));
            let set = client.send("PUT", &admin, Some(put), &[]);
            let (cancelled, changed, added, set) = if round % 2 == 0 {
                tokio::join!(cancel, change, add, set)
            } else {
                let (set, added, changed, cancelled) = tokio::join!(set, add, change, cancel);
                (cancelled, changed, added, set)
            };
            assert_eq!(cancelled.status, 200, "{}", cancelled.text);
            in_time += [&changed, &added, &set].into_iter().filter(|answer| was_in_time(answer)).count();
            for list in ["accounts", "admin-credentials"] {
                let list: Value = client.get(&format!("{path}/{list}")).await.json();
                assert!(list["items"].is_array(), "{list}");
                assert!(!list.to_string().contains("\"has_password\":true"), "round {round}: {list}");
            }
        }
        println!("{ROUNDS} cancellations, {in_time} of {} passwords in time", 3 * ROUNDS);
        service.stop().await;
    })
    .await;
}
