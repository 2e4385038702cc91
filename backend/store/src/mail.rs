//! Status mails: a row each, made once for an occasion however often a job is repeated.

use chrono::{DateTime, Utc};
use mailferry_shared::ids::OrderId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    db::Tx,
    error::StoreError,
    jobs::{JobKind, enqueue},
    order::OrderRecord,
    store::Store,
    sweep::MAIL_ATTEMPTS,
    value::{args, code},
};

mod manage_link;
mod stuck;

/// A status mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MailId(pub Uuid);

/// What a status mail tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// The order was submitted.
    Submitted,
    /// The first run has started.
    Started,
    /// The first run has ended; switch the MX record.
    Finished,
    /// A delta has started.
    DeltaStarted,
    /// A delta has ended.
    DeltaFinished,
    /// A password is no longer valid, a mailbox is full.
    ActionNeeded,
    /// The link expires soon.
    LinkExpires,
    /// The manage link once more, for whoever has lost it.
    ManageLink,
    /// A payment was made; the occasion is its id.
    Receipt,
    /// A requested migration was sent to the operator.
    RequestReceived,
    /// The operator will do it.
    RequestAccepted,
    /// The operator starts it as soon as it is paid for.
    RequestAwaitsPayment,
    /// The operator will not do it.
    RequestDeclined,
    /// It was taken back.
    RequestCancelled,
    /// Its order's time was over before it was done.
    RequestExpired,
    /// For the operator: a customer has asked for a migration.
    OperatorRequest,
}

impl MailKind {
    /// True for what goes to the operator, and not to the order's address.
    pub fn is_for_operator(self) -> bool {
        self == Self::OperatorRequest
    }
}

/// A status mail and whether it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRecord {
    /// Its id.
    pub id: MailId,
    /// The order.
    pub order_id: OrderId,
    /// What it tells.
    pub kind: MailKind,
    /// What it is about (a run's or delta's id), so that the same is told once.
    pub occasion: String,
    /// When it was to be sent.
    pub created_at: DateTime<Utc>,
    /// When it was taken by the mail server.
    pub sent_at: Option<DateTime<Utc>>,
    /// Tries that failed.
    pub attempts: u32,
}

impl Store {
    /// Queues a mail, with its job, unless one of this kind was queued for this occasion before (then `None`).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also for an order that does not exist.
    pub async fn queue_mail(
        &self,
        order_id: OrderId,
        kind: MailKind,
        occasion: &str,
    ) -> Result<Option<MailId>, StoreError> {
        // Most often it was: every run of an order asks.
        let sql = "SELECT id FROM mails WHERE order_id = $1 AND kind = $2 AND occasion = $3";
        if !self.read().await?.rows(sql, args![order_id, code(&kind)?, occasion]).await?.is_empty() {
            return Ok(None);
        }
        let mut tx = self.write().await?;
        let id = self.insert_mail(&mut tx, order_id, NewMail { kind, occasion, at: self.now() }).await?;
        if id.is_some() {
            tx.commit().await?;
            self.tell_workers();
        }
        Ok(id)
    }

    /// The same in this transaction, if the order has an address for status mails. The caller tells the workers.
    pub(crate) async fn queue_mail_in(
        &self,
        tx: &mut Tx,
        order: &OrderRecord,
        kind: MailKind,
        occasion: &str,
    ) -> Result<(), StoreError> {
        if order.notify_address.is_some() {
            self.insert_mail(tx, order.id, NewMail { kind, occasion, at: self.now() }).await?;
        }
        Ok(())
    }

    /// Tells the operator of a request, in this transaction. The caller tells the workers.
    pub(crate) async fn queue_operator_mail(
        &self,
        tx: &mut Tx,
        order_id: OrderId,
        occasion: &str,
    ) -> Result<(), StoreError> {
        let new = NewMail { kind: MailKind::OperatorRequest, occasion, at: self.now() };
        self.insert_mail(tx, order_id, new).await.map(drop)
    }

    async fn insert_mail(
        &self,
        tx: &mut Tx,
        order_id: OrderId,
        NewMail { kind, occasion, at }: NewMail<'_>,
    ) -> Result<Option<MailId>, StoreError> {
        let id = self.new_id()?;
        let written = tx
            .execute(
                "INSERT INTO mails (id, order_id, kind, occasion, created_at, attempts) VALUES ($1, $2, $3, $4, $5, 0)
                 ON CONFLICT (order_id, kind, occasion) DO NOTHING",
                args![id, order_id, code(&kind)?, occasion, at],
            )
            .await?;
        if written == 0 {
            return Ok(None);
        }
        enqueue(tx, JobKind::SendMail, id, at, self.now()).await?;
        Ok(Some(MailId(id)))
    }

    /// A mail.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn mail(&self, id: MailId) -> Result<MailRecord, StoreError> {
        let sql = "SELECT order_id, kind, occasion, created_at, sent_at, attempts FROM mails WHERE id = $1";
        let row = self.read().await?.row(sql, args![id.0]).await?;
        Ok(MailRecord {
            id,
            order_id: row.get("order_id")?,
            kind: row.code("kind")?,
            occasion: row.get("occasion")?,
            created_at: row.get("created_at")?,
            sent_at: row.get("sent_at")?,
            attempts: row.get("attempts")?,
        })
    }

    /// The mail server has taken it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn mail_sent(&self, id: MailId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        self.note_sent(&mut tx, id).await?;
        tx.commit().await
    }

    async fn note_sent(&self, tx: &mut Tx, id: MailId) -> Result<(), StoreError> {
        let sql = "UPDATE mails SET sent_at = COALESCE(sent_at, $2) WHERE id = $1";
        if tx.execute(sql, args![id.0, self.now()]).await? == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// The mail is not tried again: it was refused for good, or there is nobody to send it to any more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn mail_given_up(&self, id: MailId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        tx.execute("UPDATE mails SET attempts = $2 WHERE id = $1", args![id.0, MAIL_ATTEMPTS]).await?;
        stuck::give_up_telling(&mut tx, id).await?;
        tx.commit().await
    }

    /// The mail is not tried again, since what it was to tell of goes on by now; what stops from now on is told by another.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn mail_needless(&self, id: MailId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        tx.execute("UPDATE mails SET attempts = $2 WHERE id = $1", args![id.0, MAIL_ATTEMPTS]).await?;
        tx.commit().await
    }

    /// The mail could not be sent; how many tries have failed by now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn mail_failed(&self, id: MailId) -> Result<u32, StoreError> {
        let mut tx = self.write().await?;
        let sql = "UPDATE mails SET attempts = attempts + 1 WHERE id = $1 RETURNING attempts";
        let attempts = tx.row(sql, args![id.0]).await?.get("attempts")?;
        tx.commit().await?;
        Ok(attempts)
    }
}

/// A mail to be queued, not before a time.
#[derive(Clone, Copy)]
struct NewMail<'a> {
    kind: MailKind,
    occasion: &'a str,
    at: DateTime<Utc>,
}
