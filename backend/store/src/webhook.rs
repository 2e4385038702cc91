//! Webhook endpoints and their secrets.

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use mailferry_shared::{
    ids::{TenantId, WebhookId},
    secret::Secret,
    webhook::{EventKind, Webhook, WebhookCreated, WebhookHealth},
};

use crate::{
    credential::sealed_from,
    db::Tx,
    error::StoreError,
    page::{Part, Way},
    store::Store,
    value::{Arg, Row, args, json},
};

mod delivery;
pub(crate) mod event;

pub use delivery::{WebhookAnswer, WebhookCall};

/// After a rotation the former secret signs too for this time, so that nothing is refused meanwhile.
const FORMER_SECRET: TimeDelta = TimeDelta::hours(24);

/// A new webhook endpoint.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Whose events.
    pub tenant_id: TenantId,
    /// Where they are posted.
    pub url: String,
    /// What its owner calls it.
    pub description: String,
    /// Which events; empty: all.
    pub events: Vec<EventKind>,
    /// Of sandbox orders only.
    pub sandbox: bool,
}

/// Changes to a webhook endpoint; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct WebhookUpdate {
    /// What its owner calls it.
    pub description: Option<String>,
    /// Which events; empty: all.
    pub events: Option<Vec<EventKind>>,
    /// Off or on.
    pub enabled: Option<bool>,
}

const COLUMNS: &str = "id, url, description, events, enabled, sandbox, created_at, last_success_at, last_failure_at,
    last_failure_status, last_failure_error, failures_in_row,
    (SELECT COUNT(*) FROM webhook_deliveries d WHERE d.webhook_id = webhooks.id AND d.state = 'pending') AS pending";

fn webhook_from(row: &Row) -> Result<Webhook, StoreError> {
    Ok(Webhook {
        id: row.get("id")?,
        url: row.get("url")?,
        description: row.get("description")?,
        events: row.json("events")?,
        enabled: row.get("enabled")?,
        sandbox: row.get("sandbox")?,
        created_at: row.get("created_at")?,
        health: WebhookHealth {
            last_success_at: row.get("last_success_at")?,
            last_failure_at: row.get("last_failure_at")?,
            last_failure_status: status_from(row, "last_failure_status")?,
            last_failure_error: row.get("last_failure_error")?,
            failures_in_row: row.get("failures_in_row")?,
            pending: row.get("pending")?,
        },
    })
}

/// An HTTP status.
fn status_from(row: &Row, column: &str) -> Result<Option<u16>, StoreError> {
    Ok(row.get::<Option<u32>>(column)?.and_then(|status| u16::try_from(status).ok()))
}

async fn select(tx: &mut Tx, filter: &str, args: Vec<Arg>) -> Result<Vec<Webhook>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM webhooks WHERE {filter}");
    tx.rows(sql, args).await?.iter().map(webhook_from).collect()
}

/// On PostgreSQL; on SQLite nobody else writes meanwhile. New deliveries need not wait for it.
const LOCK: &str = "FOR NO KEY UPDATE";

/// Locks an endpoint; whether it is switched on. Whoever changes deliveries locks their endpoint before them, and several
/// endpoints in the order of their ids, so that nobody waits in a circle.
///
/// # Errors
/// [`StoreError::NotFound`], also for one of another tenant, if one is named.
async fn lock_webhook(tx: &mut Tx, id: WebhookId, tenant: Option<TenantId>) -> Result<bool, StoreError> {
    let lock = tx.either("", LOCK);
    let sql = format!("SELECT enabled FROM webhooks WHERE id = $1 AND ($2 IS NULL OR tenant_id = $2) {lock}");
    tx.row(sql, args![id, tenant]).await?.get("enabled")
}

/// Locks every endpoint that was told of an event before this time.
async fn lock_webhooks_told_before(tx: &mut Tx, time: DateTime<Utc>) -> Result<(), StoreError> {
    let lock = tx.either("", LOCK);
    let sql = format!(
        "SELECT id FROM webhooks WHERE id IN (
            SELECT d.webhook_id FROM webhook_events e JOIN webhook_deliveries d ON d.event_id = e.id
            WHERE e.created_at < $1)
         ORDER BY id {lock}"
    );
    tx.rows(sql, args![time]).await.map(drop)
}

/// Where a webhook's secret is sealed for.
pub(crate) fn secret_place(id: WebhookId, number: i64) -> Vec<u8> {
    format!("mailferry webhook secret\0{id}\0{number}").into_bytes()
}

impl Store {
    /// Makes an endpoint with its secret, which is told this once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also for a tenant that does not exist.
    pub async fn create_webhook(&self, new: NewWebhook) -> Result<WebhookCreated, StoreError> {
        let id = WebhookId(self.new_id()?);
        let mut tx = self.write().await?;
        tx.execute(
            "INSERT INTO webhooks (id, tenant_id, url, description, events, enabled, sandbox, created_at)
             VALUES ($1, $2, $3, $4, $5, 1, $6, $7)",
            args![id, new.tenant_id, new.url, new.description, json(&new.events)?, new.sandbox, self.now()],
        )
        .await?;
        let secret = self.new_secret(&mut tx, id, 1).await?;
        let webhook = select(&mut tx, "id = $1", args![id]).await?.pop().ok_or(StoreError::NotFound)?;
        tx.commit().await?;
        Ok(WebhookCreated { webhook, secret })
    }

    async fn new_secret(&self, tx: &mut Tx, id: WebhookId, number: i64) -> Result<Secret, StoreError> {
        let secret = format!("whsec_{}", BASE64_STANDARD.encode(self.random_bytes::<32>()?));
        let place = secret_place(id, number);
        let sealed = self.keys().seal(secret.as_bytes(), &place, self.context().random.as_ref())?;
        tx.execute(
            "INSERT INTO webhook_secrets (webhook_id, number, key_id, wrapped_key, sealed) VALUES ($1, $2, $3, $4, $5)",
            args![id, number, sealed.key_id, sealed.wrapped_key, sealed.bytes],
        )
        .await?;
        Ok(Secret::new(secret))
    }

    /// A part of the endpoints of a tenant, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn webhooks(
        &self,
        tenant_id: TenantId,
        sandbox: Option<bool>,
        part: Part,
    ) -> Result<Vec<Webhook>, StoreError> {
        let mut args = args![tenant_id, sandbox];
        let clause = part.clause(["created_at", "id"], Way::Up, &mut args);
        let filter = format!("tenant_id = $1 AND ($2 IS NULL OR sandbox = $2){clause}");
        select(&mut self.read().await?, &filter, args).await
    }

    /// One endpoint of a tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for one of another tenant.
    pub async fn webhook(&self, tenant_id: TenantId, id: WebhookId) -> Result<Webhook, StoreError> {
        let found = select(&mut self.read().await?, "tenant_id = $1 AND id = $2", args![tenant_id, id]).await?;
        found.into_iter().next().ok_or(StoreError::NotFound)
    }

    /// Changes an endpoint. What was on its way to one that is switched off is given up.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for one of another tenant.
    pub async fn change_webhook(
        &self,
        tenant_id: TenantId,
        id: WebhookId,
        change: WebhookUpdate,
    ) -> Result<Webhook, StoreError> {
        let mut tx = self.write().await?;
        let events = change.events.as_ref().map(json).transpose()?;
        let sql = "UPDATE webhooks SET description = COALESCE($3, description), events = COALESCE($4, events),
                enabled = COALESCE($5, enabled) WHERE id = $1 AND tenant_id = $2";
        let changed = tx.execute(sql, args![id, tenant_id, change.description, events, change.enabled]).await?;
        if changed > 0 && change.enabled == Some(false) {
            delivery::give_up(&mut tx, id).await?;
        }
        let webhook = select(&mut tx, "tenant_id = $1 AND id = $2", args![tenant_id, id]).await?;
        tx.commit().await?;
        webhook.into_iter().next().ok_or(StoreError::NotFound)
    }

    /// Deletes an endpoint with its deliveries.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for one of another tenant.
    pub async fn delete_webhook(&self, tenant_id: TenantId, id: WebhookId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let sql = "DELETE FROM webhooks WHERE id = $1 AND tenant_id = $2";
        if tx.execute(sql, args![id, tenant_id]).await? == 0 {
            return Err(StoreError::NotFound);
        }
        tx.commit().await
    }

    /// Gives an endpoint a new secret, which is told this once; the former one signs too for 24 hours.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for one of another tenant.
    pub async fn rotate_webhook_secret(
        &self,
        tenant_id: TenantId,
        id: WebhookId,
    ) -> Result<WebhookCreated, StoreError> {
        let mut tx = self.write().await?;
        // Two rotations at once follow one another.
        lock_webhook(&mut tx, id, Some(tenant_id)).await?;
        let sql = "SELECT COALESCE(MAX(number), 0) AS last FROM webhook_secrets WHERE webhook_id = $1";
        let last: i64 = tx.row(sql, args![id]).await?.get("last")?;
        let sql = "DELETE FROM webhook_secrets WHERE webhook_id = $1 AND number < $2";
        tx.execute(sql, args![id, last]).await?;
        let until: DateTime<Utc> = self.now() + FORMER_SECRET;
        let sql = "UPDATE webhook_secrets SET valid_until = $2 WHERE webhook_id = $1";
        tx.execute(sql, args![id, until]).await?;
        let secret = self.new_secret(&mut tx, id, last + 1).await?;
        let webhook = select(&mut tx, "id = $1", args![id]).await?.pop().ok_or(StoreError::NotFound)?;
        tx.commit().await?;
        Ok(WebhookCreated { webhook, secret })
    }

    /// Every secret that signs now, the current one first.
    async fn webhook_secrets(&self, tx: &mut Tx, id: WebhookId) -> Result<Vec<Secret>, StoreError> {
        let rows = tx
            .rows(
                "SELECT number, key_id, wrapped_key, sealed FROM webhook_secrets
                 WHERE webhook_id = $1 AND (valid_until IS NULL OR valid_until > $2) ORDER BY number DESC",
                args![id, self.now()],
            )
            .await?;
        let open = |row: &Row| {
            let bytes = self.keys().open(&sealed_from(row)?, &secret_place(id, row.get("number")?))?;
            let text = std::str::from_utf8(&bytes).map_err(|_| StoreError::corrupt("webhook_secrets"))?;
            Ok(Secret::new(text))
        };
        rows.iter().map(open).collect()
    }

    pub(crate) async fn rewrap_webhook_secrets(&self, tx: &mut Tx) -> Result<u64, StoreError> {
        let mut count = 0;
        let sql = "SELECT webhook_id, number, key_id, wrapped_key, sealed FROM webhook_secrets
             ORDER BY webhook_id, number";
        for row in &tx.rows(sql, args![]).await? {
            let (id, number): (WebhookId, i64) = (row.get("webhook_id")?, row.get("number")?);
            let random = self.context().random.as_ref();
            if let Some(anew) = self.keys().rewrap(&sealed_from(row)?, &secret_place(id, number), random)? {
                let sql = "UPDATE webhook_secrets SET key_id = $3, wrapped_key = $4
                     WHERE webhook_id = $1 AND number = $2";
                tx.execute(sql, args![id, number, anew.key_id, anew.wrapped_key]).await?;
                count += 1;
            }
        }
        Ok(count)
    }
}
