//! Events on their way: tried at growing intervals for about three days, with a log.

use chrono::{DateTime, TimeDelta, Utc};
use mailferry_shared::{
    ids::{TenantId, WebhookDeliveryId, WebhookId},
    secret::Secret,
    webhook::{Delivery, DeliveryAttempt, DeliveryState, Event, EventData, EventKind},
};
use uuid::Uuid;

use super::{lock_webhook, lock_webhooks_told_before, status_from};
use crate::{
    db::Tx,
    error::StoreError,
    jobs::{JobKind, enqueue},
    store::Store,
    value::{Arg, args, code, json},
};

/// The waits after each try that failed, seconds: ten tries in a little over three days.
const WAITS: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Tries shown of one delivery.
const SHOWN: u32 = 20;
/// Events are kept this long.
const KEPT: TimeDelta = TimeDelta::days(30);

/// What is to be posted.
#[derive(Debug)]
pub struct WebhookCall {
    /// Where.
    pub url: String,
    /// The header `webhook-id`.
    pub message_id: String,
    /// The body.
    pub payload: String,
    /// The secrets to sign with.
    pub secrets: Vec<Secret>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct WebhookAnswer {
    /// When it was tried.
    pub at: DateTime<Utc>,
    /// How long it took, ms.
    pub duration_ms: u64,
    /// What was answered.
    pub status: Option<u16>,
    /// Why nothing was.
    pub error: Option<String>,
}

impl WebhookAnswer {
    fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// What the header `webhook-id` says: no dot, since dots separate what is signed.
fn message_id(event: Uuid) -> String {
    format!("msg_{}", event.simple())
}

impl Store {
    /// What a delivery's job has to post; `None` if nothing is to be done any more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Sealed`].
    pub async fn webhook_call(&self, id: WebhookDeliveryId) -> Result<Option<WebhookCall>, StoreError> {
        let mut tx = self.read().await?;
        let row = tx
            .row_opt(
                "SELECT w.id, w.url, e.id AS event_id, e.payload FROM webhook_deliveries d
                 JOIN webhooks w ON w.id = d.webhook_id JOIN webhook_events e ON e.id = d.event_id
                 WHERE d.id = $1 AND d.state = 'pending' AND w.enabled = 1",
                args![id],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let secrets = self.webhook_secrets(&mut tx, row.get("id")?).await?;
        let (url, payload) = (row.get("url")?, row.get("payload")?);
        Ok(Some(WebhookCall { url, message_id: message_id(row.get("event_id")?), payload, secrets }))
    }

    /// Writes down what came of a try: when to try again, or `None` when there is nothing more to do. An endpoint that
    /// is gone for good (410) is switched off.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the delivery is gone.
    pub async fn webhook_answered(
        &self,
        id: WebhookDeliveryId,
        answer: &WebhookAnswer,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut tx = self.write().await?;
        let sql = "SELECT webhook_id FROM webhook_deliveries WHERE id = $1";
        let webhook: WebhookId = tx.row(sql, args![id]).await?.get("webhook_id")?;
        // Switched off while it was tried: what waited was given up.
        let is_enabled = lock_webhook(&mut tx, webhook, None).await?;
        let sql = "UPDATE webhook_deliveries SET tries = tries + 1 WHERE id = $1 RETURNING tries";
        let tries: u32 = tx.row(sql, args![id]).await?.get("tries")?;
        let tries = usize::try_from(tries).unwrap_or(usize::MAX);
        tx.execute(
            "INSERT INTO webhook_attempts (delivery_id, number, at, duration_ms, status, error)
             SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5 FROM webhook_attempts WHERE delivery_id = $1",
            args![id, answer.at, answer.duration_ms, answer.status.map(u32::from), answer.error.clone()],
        )
        .await?;
        let gone = answer.status == Some(410);
        let wait = WAITS.get(tries.saturating_sub(1)).filter(|_| !gone && is_enabled);
        let (state, next) = if answer.is_taken() {
            (DeliveryState::Delivered, None)
        } else if let Some(seconds) = wait {
            (DeliveryState::Pending, Some(self.now() + TimeDelta::seconds(*seconds)))
        } else {
            (DeliveryState::Failed, None)
        };
        let sql = "UPDATE webhook_deliveries SET state = $2, next_at = $3 WHERE id = $1";
        tx.execute(sql, args![id, code(&state)?, next]).await?;
        note_health(&mut tx, webhook, answer).await?;
        if gone {
            tx.execute("UPDATE webhooks SET enabled = 0 WHERE id = $1", args![webhook]).await?;
            give_up(&mut tx, webhook).await?;
        }
        tx.commit().await?;
        Ok(next)
    }

    /// Has an endpoint told of a test, whatever events it is told else; tried once.
    ///
    /// # Errors
    /// [`StoreError::WebhookDisabled`]; [`StoreError::NotFound`], also for one of another tenant.
    pub async fn test_webhook(&self, tenant_id: TenantId, webhook: WebhookId) -> Result<Delivery, StoreError> {
        let mut tx = self.write().await?;
        // Nobody switches it off meanwhile.
        if !lock_webhook(&mut tx, webhook, Some(tenant_id)).await? {
            return Err(StoreError::WebhookDisabled);
        }
        let data = EventData { webhook_id: Some(webhook), ..EventData::default() };
        let event = Event { kind: EventKind::WebhookTest, timestamp: self.now(), data };
        let event_id = self.insert_event(&mut tx, tenant_id, &event).await?;
        let id = self.insert_delivery(&mut tx, webhook, event_id, WAITS.len()).await?;
        let delivery = select(&mut tx, "d.id = $1", args![id]).await?;
        tx.commit().await?;
        self.tell_workers();
        delivery.into_iter().next().ok_or(StoreError::NotFound)
    }

    /// Writes down an event that is to be told.
    pub(super) async fn insert_event(&self, tx: &mut Tx, tenant: TenantId, event: &Event) -> Result<Uuid, StoreError> {
        let id = self.new_id()?;
        let sql = "INSERT INTO webhook_events (id, tenant_id, payload, created_at) VALUES ($1, $2, $3, $4)";
        tx.execute(sql, args![id, tenant, json(event)?, event.timestamp]).await?;
        Ok(id)
    }

    /// An event's way to an endpoint, with its job, as if it had been tried `tries` times before.
    pub(super) async fn insert_delivery(
        &self,
        tx: &mut Tx,
        webhook: WebhookId,
        event: Uuid,
        tries: usize,
    ) -> Result<WebhookDeliveryId, StoreError> {
        let (id, now) = (WebhookDeliveryId(self.new_id()?), self.now());
        tx.execute(
            "INSERT INTO webhook_deliveries (id, webhook_id, event_id, state, tries, next_at, created_at)
             VALUES ($1, $2, $3, 'pending', $4, $5, $5)",
            args![id, webhook, event, u64::try_from(tries).unwrap_or_default(), now],
        )
        .await?;
        enqueue(tx, JobKind::Webhook, id.0, now, now).await?;
        Ok(id)
    }

    /// The deliveries of an endpoint, newest first, each with its last tries.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an endpoint of another tenant.
    pub async fn webhook_deliveries(
        &self,
        tenant_id: TenantId,
        webhook: WebhookId,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.webhook(tenant_id, webhook).await?;
        let mut args = args![webhook];
        let mut filter = "d.webhook_id = $1".to_owned();
        if let Some((time, id)) = after {
            args.extend::<Vec<Arg>>(args![time, id]);
            filter.push_str(" AND (d.created_at < $2 OR (d.created_at = $2 AND d.id < $3))");
        }
        let filter = format!("{filter} ORDER BY d.created_at DESC, d.id DESC LIMIT {limit}");
        select(&mut self.read().await?, &filter, args).await
    }

    /// Has a delivery tried again from now on, as if it were new: the same message once more.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for one of another endpoint or tenant.
    pub async fn replay_webhook(
        &self,
        tenant_id: TenantId,
        webhook: WebhookId,
        id: WebhookDeliveryId,
    ) -> Result<Delivery, StoreError> {
        let mut tx = self.write().await?;
        let now = self.now();
        lock_webhook(&mut tx, webhook, Some(tenant_id)).await?;
        let sql = "UPDATE webhook_deliveries SET state = 'pending', tries = 0, next_at = $3
             WHERE id = $1 AND webhook_id = $2";
        if tx.execute(sql, args![id, webhook, now]).await? == 0 {
            return Err(StoreError::NotFound);
        }
        enqueue(&mut tx, JobKind::Webhook, id.0, now, now).await?;
        let delivery = select(&mut tx, "d.id = $1", args![id]).await?;
        tx.commit().await?;
        self.tell_workers();
        delivery.into_iter().next().ok_or(StoreError::NotFound)
    }

    /// Forgets events that are older than 30 days, with their deliveries; how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_events(&self) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let until = self.now() - KEPT;
        lock_webhooks_told_before(&mut tx, until).await?;
        let count = tx.execute("DELETE FROM webhook_events WHERE created_at < $1", args![until]).await?;
        tx.commit().await?;
        Ok(count)
    }
}

/// Notes how an endpoint has answered.
async fn note_health(tx: &mut Tx, webhook: WebhookId, answer: &WebhookAnswer) -> Result<(), StoreError> {
    if answer.is_taken() {
        let sql = "UPDATE webhooks SET last_success_at = $2, failures_in_row = 0 WHERE id = $1";
        return tx.execute(sql, args![webhook, answer.at]).await.map(drop);
    }
    let sql = "UPDATE webhooks SET last_failure_at = $2, last_failure_status = $3, last_failure_error = $4,
            failures_in_row = failures_in_row + 1 WHERE id = $1";
    let args = args![webhook, answer.at, answer.status.map(u32::from), answer.error.clone()];
    tx.execute(sql, args).await.map(drop)
}

/// Gives up what is on its way to an endpoint that is switched off.
pub(super) async fn give_up(tx: &mut Tx, webhook: WebhookId) -> Result<(), StoreError> {
    let sql =
        "UPDATE webhook_deliveries SET state = 'failed', next_at = NULL WHERE webhook_id = $1 AND state = 'pending'";
    tx.execute(sql, args![webhook]).await.map(drop)
}

async fn select(tx: &mut Tx, filter: &str, args: Vec<Arg>) -> Result<Vec<Delivery>, StoreError> {
    let sql = format!(
        "SELECT d.id, d.event_id, d.state, d.next_at, d.created_at, e.payload FROM webhook_deliveries d
         JOIN webhook_events e ON e.id = d.event_id WHERE {filter}"
    );
    let mut deliveries = Vec::new();
    for row in tx.rows(sql, args).await? {
        let id: WebhookDeliveryId = row.get("id")?;
        let sql = "SELECT at, duration_ms, status, error FROM webhook_attempts WHERE delivery_id = $1
             ORDER BY number DESC LIMIT $2";
        let mut attempts = Vec::new();
        for row in tx.rows(sql, args![id, SHOWN]).await?.iter().rev() {
            let status = status_from(row, "status")?;
            let (at, duration_ms) = (row.get("at")?, row.get("duration_ms")?);
            attempts.push(DeliveryAttempt { at, duration_ms, status, error: row.get("error")? });
        }
        deliveries.push(Delivery {
            id,
            message_id: message_id(row.get("event_id")?),
            event: row.json("payload")?,
            state: row.code("state")?,
            created_at: row.get("created_at")?,
            next_attempt_at: row.get("next_at")?,
            attempts,
        });
    }
    Ok(deliveries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_tried_for_about_three_days() {
        let hours = WAITS.iter().sum::<i64>() / 3600;
        assert!((72..80).contains(&hours), "{hours}");
        assert!(WAITS.is_sorted());
    }
}
