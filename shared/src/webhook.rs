//! Webhooks in the form of Standard Webhooks (standardwebhooks.com): what has happened is told to a server of the
//! tenant's.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{DeltaId, OrderId, PairId, RequestId, RunId, WebhookDeliveryId, WebhookId},
    order::{OrderState, StartKind},
    request::RequestState,
    run::{RunKind, RunState},
    secret::Secret,
};

macro_rules! event_kinds {
    ($($name:ident, $text:literal, $doc:literal;)*) => {
        /// What has happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum EventKind {
            $(#[doc = $doc] #[serde(rename = $text)] $name,)*
        }

        impl EventKind {
            /// Every kind there is.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What an endpoint can choose to be told: all but the test, which is told whenever it is asked for.
            pub fn told() -> impl Iterator<Item = Self> {
                Self::ALL.iter().copied().filter(|kind| *kind != Self::WebhookTest)
            }

            /// The kind as it stands in JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for EventKind {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some("What has happened."))
            .enum_values(Some(Self::ALL.iter().map(|kind| kind.as_str())))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for EventKind {}

event_kinds! {
    OrderCreated, "order.created", "An order was created.";
    OrderAwaitingPayment, "order.awaiting_payment", "Its start was asked for; payment is missing.";
    OrderSubmitted, "order.submitted", "It is scheduled.";
    OrderUnscheduled, "order.unscheduled", "Its start was taken back; it can be changed again.";
    OrderStarted, "order.started", "Its first run has started.";
    RunFinished, "run.finished", "A run of one account pair has ended.";
    OrderActionNeeded, "order.action_needed", "A run waits until something is mended: a password, a full mailbox.";
    OrderPaused, "order.paused", "It was paused.";
    OrderResumed, "order.resumed", "It goes on, after a pause, or after a trial with what failed in it.";
    OrderCompleted, "order.completed", "All runs of its trial or full migration have ended.";
    DeltaStarted, "delta.started", "A delta has started, `delta_id`.";
    DeltaCompleted, "delta.completed", "All runs of a delta have ended, `delta_id`.";
    OrderCancelled, "order.cancelled", "It was cancelled.";
    OrderClosed, "order.closed", "Its link has expired.";
    OrderDeleted, "order.deleted", "It was deleted.";
    RequestCreated, "request.created", "A customer has asked the operator to do a migration.";
    RequestAccepted, "request.accepted", "The operator will do it.";
    RequestRunning, "request.running", "Its order runs.";
    RequestDone, "request.done", "Everything has been migrated.";
    RequestDeclined, "request.declined", "The operator will not do it.";
    RequestCancelled, "request.cancelled", "The customer does not want it any more.";
    RequestExpired, "request.expired", "Its order's time was over before it was done.";
    WebhookTest, "webhook.test", "A test that was asked for: nothing has happened, `webhook_id`.";
}

/// The body of a webhook. Nothing in it is personal: read the order for more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// What has happened.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// When.
    #[serde(deserialize_with = "crate::time::read")]
    pub timestamp: DateTime<Utc>,
    /// To what.
    pub data: EventData,
}

/// What an event is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventData {
    /// The order number; absent for a test alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// Where the order stands; absent for a test alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<OrderState>,
    /// Full migration or free trial; absent until started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<StartKind>,
    /// The delta, for events about one, and about a run of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta_id: Option<DeltaId>,
    /// The run, for events about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<EventRun>,
    /// The requested migration, for events about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<EventRequest>,
    /// The endpoint, for its test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<WebhookId>,
}

/// A requested migration that an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventRequest {
    /// Its id.
    pub id: RequestId,
    /// Where it stands.
    pub state: RequestState,
}

/// A run that an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventRun {
    /// Its id.
    pub id: RunId,
    /// The account pair.
    pub pair_id: PairId,
    /// Main run, trial or delta.
    pub kind: RunKind,
    /// Where it stands.
    pub state: RunState,
    /// Messages stored at the destination.
    pub stored: u64,
    /// Messages that failed.
    pub failed: u64,
    /// The code of what has to be mended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<crate::finding::FindingCode>,
}

/// A webhook endpoint, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where events are posted.
    #[cfg_attr(feature = "openapi", schema(format = "uri", example = "https://panel.hosting.example/hooks/mailferry"))]
    pub url: String,
    /// What its owner calls it.
    pub description: String,
    /// Which events it is told; empty: all.
    pub events: Vec<EventKind>,
    /// False once it was switched off, by its owner or by answering 410.
    pub enabled: bool,
    /// True if it is told of sandbox orders only.
    pub sandbox: bool,
    /// Since when.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// How it has answered lately.
    #[serde(default)]
    pub health: WebhookHealth,
}

/// How an endpoint has answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct WebhookHealth {
    /// When it last took an event; absent: never.
    #[serde(deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<DateTime<Utc>>,
    /// When it last did not; absent: never.
    #[serde(deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub last_failure_at: Option<DateTime<Utc>>,
    /// What it answered then, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure_status: Option<u16>,
    /// Why it answered nothing then: a code of findings, such as `connection_timeout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure_error: Option<String>,
    /// Tries that have failed since it last took an event.
    pub failures_in_row: u32,
    /// Events on their way to it: not tried yet, or to be tried again.
    pub pending: u32,
}

/// The webhook endpoints of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookList {
    /// The endpoints, oldest first.
    pub items: Vec<Webhook>,
    /// The cursor of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A new webhook endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WebhookCreate {
    /// Where events are posted: `https://`, at a public address, port 443 unless the operator has opened others.
    #[cfg_attr(feature = "openapi", schema(format = "uri", example = "https://panel.hosting.example/hooks/mailferry"))]
    pub url: String,
    /// What to call it, at most 200 characters.
    #[serde(default)]
    pub description: String,
    /// Which events it is told; empty: all.
    #[serde(default)]
    pub events: Vec<EventKind>,
}

/// Changes to a webhook endpoint; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WebhookChange {
    /// What to call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Which events it is told; empty: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<EventKind>>,
    /// Switches it off, or on again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A webhook endpoint with its secret, which is shown this once only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookCreated {
    /// The endpoint.
    pub webhook: Webhook,
    /// What signatures are verified with: `whsec_` and 32 bytes in Base64.
    #[cfg_attr(feature = "openapi", schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="))]
    pub secret: Secret,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is tried until it is taken, for about three days.
    Pending,
    /// It was taken.
    Delivered,
    /// It was given up.
    Failed,
}

/// One try to deliver an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryAttempt {
    /// When.
    #[serde(deserialize_with = "crate::time::read")]
    pub at: DateTime<Utc>,
    /// How long it took, ms.
    pub duration_ms: u64,
    /// What was answered, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why nothing was answered: a code of findings, such as `connection_timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// One event on its way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivery {
    /// Its id.
    pub id: WebhookDeliveryId,
    /// What the header `webhook-id` says, the same at every try and every replay.
    pub message_id: String,
    /// What is told.
    pub event: Event,
    /// Where it stands.
    pub state: DeliveryState,
    /// When it was made.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// When it is tried next.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The tries so far, oldest first; at most the last 20.
    pub attempts: Vec<DeliveryAttempt>,
}

/// One page of an endpoint's deliveries, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryPage {
    /// The deliveries.
    pub items: Vec<Delivery>,
    /// To be sent as `cursor` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
