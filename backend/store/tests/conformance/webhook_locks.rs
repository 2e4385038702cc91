//! Whoever changes the deliveries of an endpoint locks the endpoint first: nobody waits in a circle. On PostgreSQL alone,
//! since on SQLite one writes at a time.

use std::time::Duration;

use mailferry_shared::ids::{WebhookDeliveryId, WebhookId};
use mailferry_store::{OPERATOR_TENANT, Store};
use sqlx::{PgPool, Postgres, Transaction};

use crate::{
    webhooks::{answer, hook},
    world::World,
};

/// What changes deliveries while somebody else has locked their endpoint.
#[derive(Debug, Clone, Copy)]
enum Change {
    Answered(u16),
    Replayed,
    Forgotten,
}

const CHANGES: [Change; 4] = [Change::Answered(503), Change::Answered(410), Change::Replayed, Change::Forgotten];

impl Change {
    async fn perform(self, store: Store, webhook: WebhookId, id: WebhookDeliveryId) {
        match self {
            Self::Answered(status) => {
                let answer = mailferry_store::WebhookAnswer {
                    at: store.now(),
                    duration_ms: 12,
                    status: Some(status),
                    error: None,
                };
                store.webhook_answered(id, &answer).await.map(drop)
            }
            Self::Replayed => store.replay_webhook(OPERATOR_TENANT, webhook, id).await.map(drop),
            Self::Forgotten => store.forget_events().await.map(drop),
        }
        .unwrap_or_else(|error| panic!("{self:?}: {error}"));
    }
}

async fn lock(tx: &mut Transaction<'_, Postgres>, table: &str, id: uuid::Uuid) {
    let sql = sqlx::AssertSqlSafe(format!("SELECT id FROM {table} WHERE id = $1 FOR UPDATE"));
    let found = sqlx::query(sql).bind(id.to_string()).fetch_all(&mut **tx).await;
    assert_eq!(found.unwrap_or_else(|error| panic!("{table}: {error}")).len(), 1, "{table}");
}

/// Until so many connections wait for a lock, or the task has ended without.
async fn waits(pool: &PgPool, task: &tokio::task::JoinHandle<()>) {
    let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while !task.is_finished() {
        let waiting: i64 = sqlx::query_scalar(sql).fetch_one(pool).await.expect("a number");
        if waiting > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_in_a_circle_for_deliveries_and_their_endpoint() {
    let world = World::postgres().await;
    let pool = PgPool::connect(&world.address).await.expect("opens");
    for change in CHANGES {
        let store = &world.store;
        let webhook = store.create_webhook(hook(&[])).await.expect("made").webhook.id;
        world.order().await;
        world.clock.advance(chrono::Duration::hours(1));
        world.order().await;
        let log = store.webhook_deliveries(OPERATOR_TENANT, webhook, None, 9).await.expect("log");
        let [later, earlier] = [log[0].id, log[1].id];
        world.clock.advance(chrono::Duration::days(31));
        // As whoever switches the endpoint off or deletes it.
        let mut other = pool.begin().await.expect("begins");
        lock(&mut other, "webhooks", webhook.0).await;
        lock(&mut other, "webhook_deliveries", later.0).await;
        let task = tokio::spawn(change.perform(store.clone(), webhook, earlier));
        waits(&pool, &task).await;
        lock(&mut other, "webhook_deliveries", earlier.0).await;
        other.rollback().await.expect("ends");
        task.await.unwrap_or_else(|error| panic!("{change:?}: {error}"));
        store.delete_webhook(OPERATOR_TENANT, webhook).await.expect("deleted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_deliveries_that_learn_at_once_that_their_endpoint_is_gone_both_note_it() {
    let world = World::postgres().await;
    for _ in 0..20 {
        let webhook = world.store.create_webhook(hook(&[])).await.expect("made").webhook.id;
        for _ in 0..4 {
            world.order().await;
        }
        let log = world.store.webhook_deliveries(OPERATOR_TENANT, webhook, None, 9).await.expect("log");
        let gone = answer(&world, Some(410));
        let told = log.iter().map(|delivery| world.store.webhook_answered(delivery.id, &gone));
        for noted in futures::future::join_all(told).await {
            assert_eq!(noted.expect("noted"), None);
        }
        world.store.delete_webhook(OPERATOR_TENANT, webhook).await.expect("deleted");
    }
}
