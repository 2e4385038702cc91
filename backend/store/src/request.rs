//! Requested migrations: each hangs on an order of its own, and follows it once that runs.
//!
//! Every change of a request is made under its order's lock, in one transaction with its event and its mail.

use chrono::{DateTime, Utc};
use mailferry_domain::{
    order::{OrderLife, Start},
    request,
};
use mailferry_shared::{
    account::AccountCreate,
    address::MailAddress,
    ids::{OrderId, PairId, RequestId, TenantId},
    order::OrderState,
    request::{AttachmentKind, RequestState},
    webhook::{EventKind, EventRequest},
};

use crate::{
    db::Tx,
    error::StoreError,
    mail::MailKind,
    order::{NewOrder, OrderRecord, lock_order},
    store::Store,
    value::{Row, args, code},
    voucher::give_back,
};

mod attachment;
mod queue;

pub use queue::RequestFilter;

/// A request that is sent.
#[derive(Debug)]
pub struct NewRequest {
    /// Its order; its address for status mails is the customer's.
    pub order: NewOrder,
    /// The order's accounts.
    pub accounts: Vec<AccountCreate>,
    /// So many accounts an order may have.
    pub max_pairs: u32,
    /// When it should start.
    pub wished_start: DateTime<Utc>,
    /// What the operator should know.
    pub note: String,
    /// Files that were looked at.
    pub attachments: Vec<NewAttachment>,
    /// True if the operator is told by mail.
    pub tells_operator: bool,
}

/// A file that goes with a request.
pub struct NewAttachment {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: AttachmentKind,
    /// So many of it.
    pub entries: u32,
    /// Its bytes.
    pub content: Vec<u8>,
}

impl std::fmt::Debug for NewAttachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAttachment").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A requested migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// Its id.
    pub id: RequestId,
    /// Its order.
    pub order_id: OrderId,
    /// Whose customer sent it.
    pub tenant_id: TenantId,
    /// The tenant's name.
    pub tenant_name: String,
    /// Where it stands.
    pub state: RequestState,
    /// Where its order stands.
    pub order_state: OrderState,
    /// True for a sandbox order.
    pub sandbox: bool,
    /// When it should start.
    pub wished_start: DateTime<Utc>,
    /// Not started before this time: the wished start until its order is scheduled.
    pub earliest_start: Option<DateTime<Utc>>,
    /// The order's address for status mails.
    pub contact_address: Option<MailAddress>,
    /// What the operator should know.
    pub note: String,
    /// Account pairs of its order.
    pub pairs: u32,
    /// So many files were sent along, or are left of them.
    pub attachments: u32,
    /// Why it was declined.
    pub reason: Option<String>,
    /// True if the operator has started it without payment.
    pub payment_waived: bool,
    /// When it was sent.
    pub created_at: DateTime<Utc>,
    /// When its state last changed.
    pub changed_at: DateTime<Utc>,
}

const SELECT: &str = "SELECT q.id, q.order_id, o.tenant_id, t.name AS tenant_name, q.state, o.state AS order_state,
        o.sandbox, q.wished_start, o.earliest_start, o.notify_address, q.note, q.reason, q.waived_at, q.created_at,
        q.changed_at, (SELECT COUNT(*) FROM pairs p WHERE p.order_id = o.id) AS pairs,
        (SELECT COUNT(*) FROM request_attachments a WHERE a.request_id = q.id) AS attachments
     FROM requests q JOIN orders o ON o.id = q.order_id JOIN tenants t ON t.id = o.tenant_id";

fn request_from(row: &Row) -> Result<RequestRecord, StoreError> {
    Ok(RequestRecord {
        id: row.get("id")?,
        order_id: row.get("order_id")?,
        tenant_id: row.get("tenant_id")?,
        tenant_name: row.get("tenant_name")?,
        state: row.code("state")?,
        order_state: row.code("order_state")?,
        sandbox: row.get("sandbox")?,
        wished_start: row.get("wished_start")?,
        earliest_start: row.get("earliest_start")?,
        contact_address: row
            .get::<Option<String>>("notify_address")?
            .map(|text| text.parse().map_err(|_| StoreError::corrupt("orders.notify_address")))
            .transpose()?,
        note: row.get("note")?,
        pairs: row.get("pairs")?,
        attachments: row.get("attachments")?,
        reason: row.get("reason")?,
        payment_waived: row.get::<Option<i64>>("waived_at")?.is_some(),
        created_at: row.get("created_at")?,
        changed_at: row.get("changed_at")?,
    })
}

/// What is told when a request has come to a state: to the tenant, and to the customer unless the order's own mails
/// say the same.
fn news(state: RequestState) -> (EventKind, Option<MailKind>) {
    match state {
        RequestState::Requested => (EventKind::RequestCreated, Some(MailKind::RequestReceived)),
        RequestState::Accepted => (EventKind::RequestAccepted, Some(MailKind::RequestAccepted)),
        RequestState::Running => (EventKind::RequestRunning, None),
        RequestState::Done => (EventKind::RequestDone, None),
        RequestState::Declined => (EventKind::RequestDeclined, Some(MailKind::RequestDeclined)),
        RequestState::Cancelled => (EventKind::RequestCancelled, Some(MailKind::RequestCancelled)),
        RequestState::Expired => (EventKind::RequestExpired, Some(MailKind::RequestExpired)),
    }
}

impl Store {
    /// Sends a request: its order, accounts and files, all or nothing. The order's account pairs come with it.
    ///
    /// # Errors
    /// [`StoreError::LinkInvalid`], [`StoreError::TooManyPairs`]; [`StoreError::Unavailable`], also for a tenant that
    /// does not exist.
    pub async fn create_request(&self, new: NewRequest) -> Result<(RequestRecord, Vec<PairId>), StoreError> {
        let id = RequestId(self.new_id()?);
        let mut tx = self.write().await?;
        let order = self.insert_order(&mut tx, new.order, Some(new.wished_start)).await?;
        let pairs = self.insert_pairs(&mut tx, &order, new.max_pairs, &new.accounts).await?;
        tx.execute(
            "INSERT INTO requests (id, order_id, state, wished_start, note, created_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $6)",
            args![id, order.id, code(&RequestState::Requested)?, new.wished_start, new.note, self.now()],
        )
        .await?;
        for (position, attachment) in (0..).zip(&new.attachments) {
            self.keep_attachment(&mut tx, (&order, id), position, attachment).await?;
        }
        self.tell_request(&mut tx, &order, id, RequestState::Requested).await?;
        if new.tells_operator {
            self.queue_operator_mail(&mut tx, order.id, &id.to_string()).await?;
        }
        tx.commit().await?;
        self.tell_workers();
        Ok((self.request(id).await?, pairs))
    }

    /// A request of any tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn request(&self, id: RequestId) -> Result<RequestRecord, StoreError> {
        request_from(&self.read().await?.row(format!("{SELECT} WHERE q.id = $1"), args![id]).await?)
    }

    /// The request that an order was made for.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if it was made for none.
    pub async fn request_of_order(&self, order_id: OrderId) -> Result<RequestRecord, StoreError> {
        request_from(&self.read().await?.row(format!("{SELECT} WHERE q.order_id = $1"), args![order_id]).await?)
    }

    /// Where the request stands that an order was made for; `None` if it was made for none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn request_state(&self, order_id: OrderId) -> Result<Option<RequestState>, StoreError> {
        let sql = "SELECT state FROM requests WHERE order_id = $1";
        self.read().await?.row_opt(sql, args![order_id]).await?.map(|row| row.code("state")).transpose()
    }

    /// The operator will do it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::RequestState`].
    pub async fn accept_request(&self, id: RequestId) -> Result<RequestRecord, StoreError> {
        let mut tx = self.write().await?;
        let (order, state) = lock_request(&mut tx, id).await?;
        let state = request::accept(state)?;
        set_state(&mut tx, id, state, self.now()).await?;
        self.tell_request(&mut tx, &order, id, state).await?;
        tx.commit().await?;
        self.tell_workers();
        self.request(id).await
    }

    /// The operator will not do it, and says why: its order is cancelled, passwords and files are erased.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::RequestState`].
    pub async fn decline_request(&self, id: RequestId, reason: &str) -> Result<RequestRecord, StoreError> {
        let mut tx = self.write().await?;
        let (order, state) = lock_request(&mut tx, id).await?;
        let state = request::decline(state)?;
        tx.execute("UPDATE requests SET reason = $2 WHERE id = $1", args![id, reason]).await?;
        self.end_request(&mut tx, order, id, state).await?;
        tx.commit().await?;
        self.tell_workers();
        self.request(id).await
    }

    /// The customer does not want it any more: its order is cancelled, passwords and files are erased.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::RequestState`].
    pub async fn cancel_request(&self, id: RequestId) -> Result<RequestRecord, StoreError> {
        let mut tx = self.write().await?;
        let (order, state) = lock_request(&mut tx, id).await?;
        self.end_request(&mut tx, order, id, request::cancel(state)?).await?;
        tx.commit().await?;
        self.tell_workers();
        self.request(id).await
    }

    /// The operator starts it: its order is scheduled if it is paid for, or if payment is waived now or was before;
    /// otherwise it awaits payment, and the customer is told. What vouchers had paid for one that is waived comes back to
    /// them.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::RequestState`], and those of [`Store::schedule_order`].
    pub async fn start_request(&self, id: RequestId, start: Start, waive: bool) -> Result<OrderRecord, StoreError> {
        let mut tx = self.write().await?;
        let (order, state) = lock_request(&mut tx, id).await?;
        request::may_start(state)?;
        if waive {
            let sql = "UPDATE requests SET waived_at = COALESCE(waived_at, $2) WHERE id = $1";
            tx.execute(sql, args![id, self.now()]).await?;
            give_back(&mut tx, order.id).await?;
        }
        let order = self.schedule_locked(&mut tx, order, start).await?;
        if matches!(order.life, OrderLife::AwaitingPayment { .. }) {
            self.queue_mail_in(&mut tx, &order, MailKind::RequestAwaitsPayment, &id.to_string()).await?;
        }
        tx.commit().await?;
        self.tell_workers();
        Ok(order)
    }

    /// A request goes on as its order does; called for every change of an order.
    pub(crate) async fn follow_order(&self, tx: &mut Tx, order: &OrderRecord) -> Result<(), StoreError> {
        let sql = "SELECT id, state FROM requests WHERE order_id = $1";
        let Some(row) = tx.row_opt(sql, args![order.id]).await? else { return Ok(()) };
        let before = row.code("state")?;
        let now = request::follow(before, order.life, order.delta_pending);
        if now == before {
            return Ok(());
        }
        let id = row.get("id")?;
        set_state(tx, id, now, self.now()).await?;
        self.tell_request(tx, order, id, now).await
    }

    /// It will not be done: its order is cancelled, with the request in its last state before, so that it stays there.
    async fn end_request(
        &self,
        tx: &mut Tx,
        order: OrderRecord,
        id: RequestId,
        state: RequestState,
    ) -> Result<(), StoreError> {
        set_state(tx, id, state, self.now()).await?;
        let order = self.cancel_locked(tx, order).await?;
        self.tell_request(tx, &order, id, state).await
    }

    async fn tell_request(
        &self,
        tx: &mut Tx,
        order: &OrderRecord,
        id: RequestId,
        state: RequestState,
    ) -> Result<(), StoreError> {
        let (event, mail) = news(state);
        self.tell_request_event(tx, order, event, EventRequest { id, state }).await?;
        match mail {
            Some(kind) => self.queue_mail_in(tx, order, kind, &id.to_string()).await.map(drop),
            None => Ok(()),
        }
    }
}

/// A request whose order nobody else changes until this transaction ends.
async fn lock_request(tx: &mut Tx, id: RequestId) -> Result<(OrderRecord, RequestState), StoreError> {
    let order_id = tx.row("SELECT order_id FROM requests WHERE id = $1", args![id]).await?.get("order_id")?;
    let order = lock_order(tx, order_id).await?;
    let state = tx.row("SELECT state FROM requests WHERE id = $1", args![id]).await?.code("state")?;
    Ok((order, state))
}

/// Writes a request's state. The files of one that will not be done are erased.
async fn set_state(tx: &mut Tx, id: RequestId, state: RequestState, now: DateTime<Utc>) -> Result<(), StoreError> {
    let sql = "UPDATE requests SET state = $2, changed_at = $3 WHERE id = $1";
    tx.execute(sql, args![id, code(&state)?, now]).await?;
    if state.is_off() {
        attachment::erase_attachments(tx, id).await?;
    }
    Ok(())
}

/// Erases what is personal in the request of an order: its note, its files, and the reason why it was declined.
pub(crate) async fn purge_request(tx: &mut Tx, order_id: OrderId) -> Result<(), StoreError> {
    let sql = "UPDATE requests SET note = '', reason = NULL WHERE order_id = $1 RETURNING id";
    match tx.row_opt(sql, args![order_id]).await? {
        Some(row) => attachment::erase_attachments(tx, row.get("id")?).await,
        None => Ok(()),
    }
}
