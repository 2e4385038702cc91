//! Examples of webhooks.

use mailferry_shared::{
    ids::{OrderId, WebhookDeliveryId, WebhookId},
    order::{OrderState, StartKind},
    secret::Secret,
    webhook::{
        Delivery, DeliveryAttempt, DeliveryPage, DeliveryState, Event, EventData, EventKind, Webhook, WebhookCreate,
        WebhookCreated, WebhookHealth, WebhookList,
    },
};

use super::{at, id};

/// An endpoint.
pub fn webhook() -> Webhook {
    Webhook {
        id: WebhookId(id(21)),
        url: "https://panel.hosting.example/hooks/mailferry".to_owned(),
        description: "Control panel".to_owned(),
        events: vec![EventKind::OrderCompleted, EventKind::OrderActionNeeded],
        enabled: true,
        sandbox: false,
        created_at: at(0),
        health: WebhookHealth {
            last_success_at: Some(at(11)),
            last_failure_at: Some(at(10)),
            last_failure_error: Some("connection_timeout".to_owned()),
            ..WebhookHealth::default()
        },
    }
}

/// The endpoints of a tenant.
pub fn webhooks() -> WebhookList {
    WebhookList { items: vec![webhook()], next_cursor: None }
}

/// A new endpoint.
pub fn webhook_create() -> WebhookCreate {
    let Webhook { url, description, events, .. } = webhook();
    WebhookCreate { url, description, events }
}

/// The endpoint with its secret.
pub fn webhook_created() -> WebhookCreated {
    let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=");
    WebhookCreated { webhook: Webhook { health: WebhookHealth::default(), ..webhook() }, secret }
}

/// An event that was taken at the second try.
pub fn delivery() -> Delivery {
    let attempt = |minutes, status, error: Option<&str>| DeliveryAttempt {
        at: at(minutes),
        duration_ms: 120,
        status,
        error: error.map(ToOwned::to_owned),
    };
    let data = EventData {
        order_id: Some(OrderId(id(1))),
        state: Some(OrderState::Completed),
        kind: Some(StartKind::Main),
        ..EventData::default()
    };
    Delivery {
        id: WebhookDeliveryId(id(22)),
        message_id: "msg_0199d1c45d5e7a108c2f3f1f7c5c0017".to_owned(),
        event: Event { kind: EventKind::OrderCompleted, timestamp: at(10), data },
        state: DeliveryState::Delivered,
        created_at: at(10),
        next_attempt_at: None,
        attempts: vec![attempt(10, None, Some("connection_timeout")), attempt(11, Some(204), None)],
    }
}

/// A test that was just asked for.
pub fn test_delivery() -> Delivery {
    let data = EventData { webhook_id: Some(webhook().id), ..EventData::default() };
    Delivery {
        id: WebhookDeliveryId(id(23)),
        message_id: "msg_0199d1c45d5e7a108c2f3f1f7c5c0018".to_owned(),
        event: Event { kind: EventKind::WebhookTest, timestamp: at(20), data },
        state: DeliveryState::Pending,
        created_at: at(20),
        next_attempt_at: Some(at(20)),
        attempts: Vec::new(),
    }
}

/// The log of an endpoint.
pub fn deliveries() -> DeliveryPage {
    DeliveryPage { items: vec![delivery()], next_cursor: None }
}
