//! How an endpoint has answered, and the test that it can be sent.

use mailferry_shared::{
    ids::TenantId,
    webhook::{DeliveryState, EventKind, WebhookHealth},
};
use mailferry_store::{OPERATOR_TENANT, StoreError, WebhookUpdate};

use crate::{
    webhooks::{answer, hook, only_job},
    world::World,
};

on_both! {
    a_test_is_sent_once_whatever_else_the_endpoint_is_told;
    an_endpoint_tells_when_it_last_took_something_and_what_has_failed_since;
    nothing_is_on_its_way_to_an_endpoint_that_is_switched_off;
}

async fn a_test_is_sent_once_whatever_else_the_endpoint_is_told(world: World) {
    let store = &world.store;
    let id = store.create_webhook(hook(&[EventKind::OrderClosed])).await.expect("made").webhook.id;
    let elsewhere = TenantId(store.new_id().expect("random"));
    assert!(matches!(store.test_webhook(elsewhere, id).await, Err(StoreError::NotFound)));
    let test = store.test_webhook(OPERATOR_TENANT, id).await.expect("asked for");
    assert_eq!(
        (test.state, test.event.kind, test.event.data.webhook_id),
        (DeliveryState::Pending, EventKind::WebhookTest, Some(id))
    );
    assert_eq!((test.event.data.order_id, test.event.data.state), (None, None), "nothing has happened");
    assert_eq!(only_job(&world).await, test.id);
    let call = store.webhook_call(test.id).await.expect("database").expect("to be posted");
    assert!(
        call.payload.contains(r#""type":"webhook.test""#) && !call.payload.contains("order_id"),
        "{}",
        call.payload
    );
    let again = store.webhook_answered(test.id, &answer(&world, Some(503))).await.expect("noted");
    assert_eq!(again, None, "it is tried once");
    let log = store.webhook_deliveries(OPERATOR_TENANT, id, None, 9).await.expect("log");
    assert_eq!((log.len(), log[0].state, log[0].attempts[0].status), (1, DeliveryState::Failed, Some(503)));
    store.replay_webhook(OPERATOR_TENANT, id, test.id).await.expect("asked for");
    let again = store.webhook_answered(test.id, &answer(&world, Some(503))).await.expect("noted");
    assert!(again.is_some(), "a replay is tried as any other");
}

async fn an_endpoint_tells_when_it_last_took_something_and_what_has_failed_since(world: World) {
    let store = &world.store;
    let id = store.create_webhook(hook(&[])).await.expect("made").webhook.id;
    let health = async || store.webhook(OPERATOR_TENANT, id).await.expect("there").health;
    assert_eq!(health().await, WebhookHealth::default(), "nothing is known yet");
    world.order().await;
    assert_eq!(health().await.pending, 1);
    let delivery = only_job(&world).await;
    store.webhook_answered(delivery, &answer(&world, Some(204))).await.expect("noted");
    let taken = WebhookHealth { last_success_at: Some(store.now()), ..WebhookHealth::default() };
    assert_eq!(health().await, taken);
    world.clock.advance(chrono::Duration::hours(1));
    world.order().await;
    let log = store.webhook_deliveries(OPERATOR_TENANT, id, None, 9).await.expect("log");
    let delivery = log[0].id;
    for (status, failures_in_row) in [(Some(500), 1), (None, 2)] {
        store.webhook_answered(delivery, &answer(&world, status)).await.expect("noted");
        let failed = WebhookHealth {
            last_failure_at: Some(store.now()),
            last_failure_status: status,
            last_failure_error: status.is_none().then(|| "connection_timeout".to_owned()),
            failures_in_row,
            pending: 1,
            ..taken.clone()
        };
        assert_eq!(health().await, failed);
    }
    store.webhook_answered(delivery, &answer(&world, Some(200))).await.expect("noted");
    let well = health().await;
    assert_eq!((well.last_success_at, well.failures_in_row, well.pending), (Some(store.now()), 0, 0));
    assert!(well.last_failure_at.is_some(), "what was is still told");
}

async fn nothing_is_on_its_way_to_an_endpoint_that_is_switched_off(world: World) {
    let store = &world.store;
    let id = store.create_webhook(hook(&[])).await.expect("made").webhook.id;
    let other = store.create_webhook(hook(&[])).await.expect("made").webhook.id;
    world.order().await;
    let pending = async |id| store.webhook(OPERATOR_TENANT, id).await.expect("there").health.pending;
    assert_eq!((pending(id).await, pending(other).await), (1, 1));
    let off = WebhookUpdate { enabled: Some(false), ..WebhookUpdate::default() };
    store.change_webhook(OPERATOR_TENANT, id, off).await.expect("off");
    let log = store.webhook_deliveries(OPERATOR_TENANT, id, None, 9).await.expect("log");
    assert_eq!((log[0].state, log[0].next_attempt_at), (DeliveryState::Failed, None));
    assert_eq!((pending(id).await, pending(other).await), (0, 1));
    assert!(matches!(store.test_webhook(OPERATOR_TENANT, id).await, Err(StoreError::WebhookDisabled)));
    // One was on its way.
    let again = store.webhook_answered(log[0].id, &answer(&world, Some(503))).await.expect("noted");
    assert_eq!((again, pending(id).await), (None, 0), "it is not tried again");
    // 410 switches it off as well.
    world.order().await;
    assert_eq!(pending(other).await, 2);
    let waiting = store.webhook_deliveries(OPERATOR_TENANT, other, None, 9).await.expect("log");
    store.webhook_answered(waiting[0].id, &answer(&world, Some(410))).await.expect("noted");
    assert_eq!(pending(other).await, 0);
}
