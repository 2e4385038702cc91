use chrono::Duration;
use mailferry_shared::{
    ids::{TenantId, WebhookDeliveryId},
    order::StartKind,
    webhook::{DeliveryState, EventKind},
};
use mailferry_store::{
    NewWebhook, OPERATOR_TENANT, Part, StoreError, WebhookAnswer, WebhookUpdate,
    jobs::{JobKind, JobQueue},
};

use crate::world::{KEY, World, start};

on_both! {
    an_event_is_written_with_its_change_and_waits_for_its_delivery;
    an_event_that_nobody_takes_is_given_up_after_three_days;
    a_secret_is_rotated_and_rewrapped;
}

pub(crate) fn hook(events: &[EventKind]) -> NewWebhook {
    NewWebhook {
        tenant_id: OPERATOR_TENANT,
        url: "https://panel.example/hook".to_owned(),
        description: "panel".to_owned(),
        events: events.to_vec(),
        sandbox: false,
    }
}

pub(crate) fn answer(world: &World, status: Option<u16>) -> WebhookAnswer {
    let error = status.is_none().then(|| "connection_timeout".to_owned());
    WebhookAnswer { at: world.store.now(), duration_ms: 12, status, error }
}

pub(crate) async fn only_job(world: &World) -> WebhookDeliveryId {
    let jobs = world.store.take("w", JobKind::Webhook, 9, std::time::Duration::from_secs(60)).await.expect("jobs");
    assert_eq!(jobs.len(), 1);
    let id = WebhookDeliveryId(jobs[0].id);
    world.store.finish(&jobs).await.expect("finished");
    id
}

async fn an_event_is_written_with_its_change_and_waits_for_its_delivery(world: World) {
    let store = &world.store;
    let made = store.create_webhook(hook(&[EventKind::OrderSubmitted])).await.expect("made").webhook;
    let elsewhere = TenantId(store.new_id().expect("random"));
    assert!(matches!(store.webhook(elsewhere, made.id).await, Err(StoreError::NotFound)));
    assert!(matches!(store.delete_webhook(elsewhere, made.id).await, Err(StoreError::NotFound)));
    let update = WebhookUpdate { enabled: Some(false), ..WebhookUpdate::default() };
    assert!(matches!(store.change_webhook(elsewhere, made.id, update).await, Err(StoreError::NotFound)));
    let (order, _) = world.order_with(1).await;
    store.schedule_order(&order, start(StartKind::Trial, store.now())).await.expect("starts");
    let delivery = only_job(&world).await;
    assert!(store.left_behind().await.expect("database").contains(&(JobKind::Webhook, delivery.0)));
    let call = store.webhook_call(delivery).await.expect("database").expect("to be posted");
    assert!(call.message_id.starts_with("msg_") && !call.message_id.contains('.'));
    assert!(call.payload.contains(r#""type":"order.submitted""#), "{}", call.payload);
    assert!(!call.payload.contains("anna@example.org"), "nothing personal: {}", call.payload);
    assert_eq!(store.webhook_answered(delivery, &answer(&world, Some(204))).await.expect("noted"), None);
    assert!(store.webhook_call(delivery).await.expect("database").is_none(), "it was taken");
    let log = store.webhook_deliveries(OPERATOR_TENANT, made.id, None, 9).await.expect("log");
    assert_eq!((log.len(), log[0].state, log[0].attempts[0].status), (1, DeliveryState::Delivered, Some(204)));
    let after = Some((log[0].created_at, log[0].id.0));
    assert!(store.webhook_deliveries(OPERATOR_TENANT, made.id, after, 9).await.expect("log").is_empty());
    assert!(matches!(store.replay_webhook(elsewhere, made.id, delivery).await, Err(StoreError::NotFound)));
    let again = store.replay_webhook(OPERATOR_TENANT, made.id, delivery).await.expect("asked for");
    assert_eq!((again.state, again.message_id), (DeliveryState::Pending, call.message_id));
    assert_eq!(only_job(&world).await, delivery);
    let off = WebhookUpdate { enabled: Some(false), events: Some(Vec::new()), ..WebhookUpdate::default() };
    store.change_webhook(OPERATOR_TENANT, made.id, off).await.expect("off");
    assert!(store.webhook_call(delivery).await.expect("database").is_none(), "it is switched off");
    store.delete_webhook(OPERATOR_TENANT, made.id).await.expect("deleted");
    assert!(store.webhooks(OPERATOR_TENANT, None, Part::ALL).await.expect("list").is_empty());
}

async fn an_event_that_nobody_takes_is_given_up_after_three_days(world: World) {
    let store = &world.store;
    let made = store.create_webhook(hook(&[])).await.expect("made").webhook;
    world.order().await;
    let delivery = only_job(&world).await;
    let (began, mut tries) = (store.now(), 1);
    while let Some(next) = store.webhook_answered(delivery, &answer(&world, None)).await.expect("noted") {
        world.clock.advance(next - store.now());
        tries += 1;
    }
    assert_eq!(tries, 10);
    assert!((72..80).contains(&(store.now() - began).num_hours()));
    let log = store.webhook_deliveries(OPERATOR_TENANT, made.id, None, 9).await.expect("log");
    assert_eq!((log[0].state, log[0].attempts.len(), log[0].next_attempt_at), (DeliveryState::Failed, 10, None));
    store.replay_webhook(OPERATOR_TENANT, made.id, delivery).await.expect("asked for");
    assert_eq!(store.webhook_answered(delivery, &answer(&world, Some(410))).await.expect("noted"), None);
    assert!(!store.webhook(OPERATOR_TENANT, made.id).await.expect("there").enabled, "410: gone for good");
    assert_eq!(store.forget_events().await.expect("forgotten"), 0);
    world.clock.advance(Duration::days(31));
    assert_eq!(store.forget_events().await.expect("forgotten"), 1);
    assert!(store.webhook_deliveries(OPERATOR_TENANT, made.id, None, 9).await.expect("log").is_empty());
}

async fn a_secret_is_rotated_and_rewrapped(world: World) {
    let first = world.store.create_webhook(hook(&[])).await.expect("made");
    let id = first.webhook.id;
    world.order().await;
    let delivery = only_job(&world).await;
    let second = world.store.rotate_webhook_secret(OPERATOR_TENANT, id).await.expect("rotated");
    let newer = format!("second AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n{KEY}\n");
    let store = world.another(&newer).await;
    assert_eq!(store.rewrap_all().await.expect("rewraps"), 2);
    assert_eq!(store.rewrap_all().await.expect("rewraps"), 0);
    let alone = world.another("second AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=").await;
    let call = alone.webhook_call(delivery).await.expect("opens with the new key alone").expect("to be posted");
    assert_eq!(call.secrets, [second.secret.clone(), first.secret], "both sign for a day");
    world.clock.advance(Duration::hours(25));
    let call = alone.webhook_call(delivery).await.expect("opens").expect("to be posted");
    assert_eq!(call.secrets, [second.secret]);
}
