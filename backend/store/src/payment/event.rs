//! Notifications of the payment provider: kept as they came, verified by a job, each dealt with once.

use std::collections::BTreeMap;

use mailferry_shared::ids::PaymentId;
use uuid::Uuid;

use super::EVENT_LIFE;
use crate::{
    error::StoreError,
    jobs::{JobKind, enqueue},
    store::Store,
    value::{args, json},
};

/// A notification as it came (our id of it).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PaymentEventId(pub Uuid);

/// A notification that nobody has verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentEvent {
    /// The payment that it says it is about.
    pub payment_id: PaymentId,
    /// The header fields that its signature needs, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, byte for byte.
    pub body: String,
}

/// So many notifications of a payment wait at once; more are refused, and come again.
const WAITING: i64 = 20;

impl Store {
    /// The payment that the provider's number of its order or capture, or our own id, belongs to.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn find_payment(&self, remote: Option<&str>, id: Option<PaymentId>) -> Result<PaymentId, StoreError> {
        let sql = "SELECT id FROM payments WHERE remote_order = $1 OR remote_capture = $1 OR id = $2";
        self.read().await?.row(sql, args![remote, id]).await?.get("id")
    }

    /// Keeps a notification, with its job.
    ///
    /// # Errors
    /// [`StoreError::Active`] if too many wait for this payment already.
    pub async fn keep_payment_event(&self, event: &PaymentEvent) -> Result<PaymentEventId, StoreError> {
        let id = self.new_id()?;
        let mut tx = self.write().await?;
        let sql = "SELECT COUNT(*) AS waiting FROM payment_events WHERE payment_id = $1 AND handled_at IS NULL";
        if tx.row(sql, args![event.payment_id]).await?.get::<i64>("waiting")? >= WAITING {
            return Err(StoreError::Active);
        }
        tx.execute(
            "INSERT INTO payment_events (id, payment_id, headers, body, received_at) VALUES ($1, $2, $3, $4, $5)",
            args![id, event.payment_id, json(&event.headers)?, &event.body, self.now()],
        )
        .await?;
        enqueue(&mut tx, JobKind::PaymentEvent, id, self.now(), self.now()).await?;
        tx.commit().await?;
        self.tell_workers();
        Ok(PaymentEventId(id))
    }

    /// A notification that waits; `None` once it has been dealt with.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn payment_event(&self, id: PaymentEventId) -> Result<Option<PaymentEvent>, StoreError> {
        let sql = "SELECT payment_id, headers, body FROM payment_events WHERE id = $1 AND handled_at IS NULL";
        let row = self.read().await?.row_opt(sql, args![id.0]).await?;
        row.map(|row| {
            Ok(PaymentEvent {
                payment_id: row.get("payment_id")?,
                headers: row.json("headers")?,
                body: row.get("body")?,
            })
        })
        .transpose()
    }

    /// A verified notification was dealt with for the first time if this gives true: its payment's job is queued then.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn payment_event_verified(&self, id: PaymentEventId, remote_event: &str) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let sql = "SELECT id FROM payment_events WHERE remote_event = $1";
        if tx.row_opt(sql, args![remote_event]).await?.is_some() {
            tx.execute("DELETE FROM payment_events WHERE id = $1 AND remote_event IS NULL", args![id.0]).await?;
            tx.commit().await?;
            return Ok(false);
        }
        // What was in it is of no use any more.
        let sql = "UPDATE payment_events SET remote_event = $2, handled_at = $3, headers = '{}', body = ''
             WHERE id = $1 RETURNING payment_id";
        let payment: PaymentId = tx.row(sql, args![id.0, remote_event, self.now()]).await?.get("payment_id")?;
        enqueue(&mut tx, JobKind::Payment, payment.0, self.now(), self.now()).await?;
        tx.commit().await?;
        self.tell_workers();
        Ok(true)
    }

    /// Forgets notifications that nobody could verify; how many there were. They name the payer.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_payment_events(&self) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let sql = "DELETE FROM payment_events WHERE handled_at IS NULL AND received_at <= $1";
        let gone = tx.execute(sql, args![self.now() - EVENT_LIFE]).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// A notification that is not the provider's is forgotten.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn payment_event_forged(&self, id: PaymentEventId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        tx.execute("DELETE FROM payment_events WHERE id = $1 AND handled_at IS NULL", args![id.0]).await?;
        tx.commit().await
    }
}
