//! Money: prices of tenants, payments, and what pays for an order. No state here is ever taken from a browser.

use chrono::{DateTime, TimeDelta, Utc};
use mailferry_domain::{
    money,
    order::{OrderLife, OrderTransitionError},
};
use mailferry_shared::{
    ids::{OrderId, PaymentId, TenantId},
    order::Payment,
    payment::{Amount, Captured, Currency, PaymentMethod, PaymentState, Price},
};

use crate::{
    db::Tx,
    error::StoreError,
    jobs::JobKind,
    order::OrderRecord,
    page::{Part, Way},
    store::Store,
    value::{Arg, Row, args, code, json},
};

mod agreement;
mod capture;
mod event;
mod refund;
mod settlement;

pub use event::{PaymentEvent, PaymentEventId};
pub use settlement::Settled;

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRecord {
    /// Its id.
    pub id: PaymentId,
    /// The order it pays for; that may be deleted by now.
    pub order_id: OrderId,
    /// Who is paid.
    pub tenant_id: TenantId,
    /// By whom it is settled.
    pub method: PaymentMethod,
    /// Where it stands.
    pub state: PaymentState,
    /// What is paid.
    pub amount: Amount,
    /// The provider's number of its order.
    pub remote_order: Option<String>,
    /// The provider's number of the capture.
    pub remote_capture: Option<String>,
    /// What the provider says it took.
    pub captured: Option<Captured>,
    /// Where the payer agrees.
    pub approve_url: Option<String>,
    /// How often the means of payment was declined.
    pub declined: u32,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When it was paid.
    pub paid_at: Option<DateTime<Utc>>,
    /// What was paid back so far.
    pub refunded_minor: u64,
    /// What the refund under way pays back; `None`: all that is left.
    pub refund_minor: Option<u64>,
    /// How many refunds of a part were asked for before.
    pub refunds: u32,
}

const COLUMNS: &str = "id, order_id, tenant_id, method, state, pairs, price, net_minor, tax_minor, total_minor,
    remote_order, remote_capture, captured_minor, captured_currency, approve_url, declined, created_at, paid_at, refunded_minor,
    refund_minor, refunds";

fn payment_from(row: &Row) -> Result<PaymentRecord, StoreError> {
    Ok(PaymentRecord {
        id: row.get("id")?,
        order_id: row.get("order_id")?,
        tenant_id: row.get("tenant_id")?,
        method: row.code("method")?,
        state: row.code("state")?,
        amount: Amount {
            pairs: row.get("pairs")?,
            price: row.json("price")?,
            net_minor: row.get("net_minor")?,
            tax_minor: row.get("tax_minor")?,
            total_minor: row.get("total_minor")?,
        },
        remote_order: row.get("remote_order")?,
        remote_capture: row.get("remote_capture")?,
        captured: captured_from(row)?,
        approve_url: row.get("approve_url")?,
        declined: row.get("declined")?,
        created_at: row.get("created_at")?,
        paid_at: row.get("paid_at")?,
        refunded_minor: row.get("refunded_minor")?,
        refund_minor: row.get::<Option<i64>>("refund_minor")?.and_then(|minor| minor.try_into().ok()),
        refunds: row.get("refunds")?,
    })
}

fn captured_from(row: &Row) -> Result<Option<Captured>, StoreError> {
    let (minor, currency) =
        (row.get::<Option<i64>>("captured_minor")?, row.get::<Option<String>>("captured_currency")?);
    let (Some(minor), Some(currency)) = (minor, currency) else { return Ok(None) };
    let corrupt = |_| StoreError::corrupt("payments.captured");
    let amount_minor = u64::try_from(minor).map_err(|_| StoreError::corrupt("payments.captured"))?;
    Ok(Some(Captured { amount_minor, currency: currency.parse::<Currency>().map_err(corrupt)? }))
}

/// What has been paid for, by vouchers and payments, and what is needed. If the operator has waived payment, all of it
/// is paid for.
pub(crate) async fn covered(tx: &mut Tx, id: OrderId) -> Result<Payment, StoreError> {
    let row = tx
        .row(
            "SELECT (SELECT COUNT(*) FROM pairs WHERE order_id = $1 AND ticked = 1) AS needed,
                (SELECT CAST(COALESCE(SUM(pairs), 0) AS BIGINT) FROM voucher_uses WHERE order_id = $1)
                + (SELECT CAST(COALESCE(SUM(pairs), 0) AS BIGINT) FROM payments
                    WHERE order_id = $1
                        AND (state = 'paid' OR state = 'refunding' AND refund_minor IS NOT NULL)) AS covered,
                (SELECT CAST(COALESCE(SUM(pairs), 0) AS BIGINT) FROM payments
                    WHERE order_id = $1 AND state = 'paid' AND refunded_minor = 0) AS returnable,
                (SELECT COUNT(*) FROM requests WHERE order_id = $1 AND waived_at IS NOT NULL) AS waived",
            args![id],
        )
        .await?;
    let (covered, needed) = (row.get::<u32>("covered")?, row.get::<u32>("needed")?);
    let is_waived = row.get::<i64>("waived")? > 0;
    let pairs_covered = if is_waived { needed.max(covered) } else { covered };
    // What is waived nobody had to pay for. Once the seller has paid a part back, it has been dealt with.
    let due = if is_waived { 0 } else { needed };
    let pairs_surplus = covered.saturating_sub(due).min(row.get("returnable")?);
    Ok(Payment { pairs_covered, pairs_needed: needed, pairs_surplus })
}

/// A notification that could not be verified for so long never will be; PayPal itself tells what is true.
pub(crate) const EVENT_LIFE: TimeDelta = TimeDelta::days(3);

/// A payment can be begun or taken for orders that can still run.
fn may_be_paid(order: &OrderRecord) -> Result<(), StoreError> {
    match order.life {
        OrderLife::Closed | OrderLife::Cancelled => {
            Err(OrderTransitionError { from: order.life.state(), action: "be paid for" }.into())
        }
        OrderLife::Draft
        | OrderLife::AwaitingPayment { .. }
        | OrderLife::Scheduled { .. }
        | OrderLife::Active(_)
        | OrderLife::Paused(_)
        | OrderLife::Completed(..) => Ok(()),
    }
}

async fn price(tx: &mut Tx, tenant: TenantId) -> Result<Option<Price>, StoreError> {
    let row = tx.row_opt("SELECT price FROM prices WHERE tenant_id = $1", args![tenant]).await?;
    row.map(|row| row.json("price")).transpose()
}

async fn due(tx: &mut Tx, order: &OrderRecord) -> Result<Option<Amount>, StoreError> {
    if order.asker.sandbox {
        return Ok(None);
    }
    let paid = covered(tx, order.id).await?;
    let pairs = paid.pairs_needed.saturating_sub(paid.pairs_covered);
    let price = price(tx, order.tenant_id).await?;
    Ok(price.filter(|_| pairs > 0).and_then(|price| money::amount(&price, pairs)))
}

/// The payment, which nobody else changes until this transaction ends.
async fn lock_payment(tx: &mut Tx, id: PaymentId) -> Result<PaymentRecord, StoreError> {
    let sql = format!("UPDATE payments SET state = state WHERE id = $1 RETURNING {COLUMNS}");
    payment_from(&tx.row(sql, args![id]).await?)
}

async fn select(tx: &mut Tx, filter: &str, args: Vec<Arg>) -> Result<Vec<PaymentRecord>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM payments WHERE {filter}");
    tx.rows(sql, args).await?.iter().map(payment_from).collect()
}

async fn payments_of(tx: &mut Tx, order: OrderId, part: Part) -> Result<Vec<PaymentRecord>, StoreError> {
    let mut args = args![order];
    let clause = part.clause(["created_at", "id"], Way::Up, &mut args);
    select(tx, &format!("order_id = $1{clause}"), args).await
}

async fn set_state(tx: &mut Tx, id: PaymentId, state: PaymentState) -> Result<(), StoreError> {
    tx.execute("UPDATE payments SET state = $2 WHERE id = $1", args![id, code(&state)?]).await.map(drop)
}

impl Store {
    /// What a tenant asks for one account pair, if it has set a price.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn price(&self, tenant: TenantId) -> Result<Option<Price>, StoreError> {
        price(&mut self.read().await?, tenant).await
    }

    /// Sets a tenant's price, or takes it away. Payments that were begun keep theirs.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also for a tenant that does not exist.
    pub async fn set_price(&self, tenant: TenantId, price: Option<&Price>) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        match price {
            Some(price) => {
                let sql = "INSERT INTO prices (tenant_id, price, changed_at) VALUES ($1, $2, $3)
                     ON CONFLICT (tenant_id) DO UPDATE SET price = excluded.price, changed_at = excluded.changed_at";
                tx.execute(sql, args![tenant, json(price)?, self.now()]).await?;
            }
            None => {
                tx.execute("DELETE FROM prices WHERE tenant_id = $1", args![tenant]).await?;
            }
        }
        tx.commit().await
    }

    /// What is left to pay for an order; `None` if nothing is, if its tenant has set no price, or for a sandbox order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn amount_due(&self, order: &OrderRecord) -> Result<Option<Amount>, StoreError> {
        due(&mut self.read().await?, order).await
    }

    /// A part of the payments of an order, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn payments(&self, order: OrderId, part: Part) -> Result<Vec<PaymentRecord>, StoreError> {
        payments_of(&mut self.read().await?, order, part).await
    }

    /// A payment.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn payment_record(&self, id: PaymentId) -> Result<PaymentRecord, StoreError> {
        select(&mut self.read().await?, "id = $1", args![id]).await?.pop().ok_or(StoreError::NotFound)
    }

    /// Payments and events that should be on their way but have no job.
    pub(crate) async fn payments_left_behind(&self, tx: &mut Tx) -> Result<Vec<(JobKind, uuid::Uuid)>, StoreError> {
        let mut left = Vec::new();
        let payments = tx
            .rows(
                "SELECT p.id FROM payments p WHERE p.state IN ('creating', 'capturing', 'pending', 'refunding')
                    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'payment' AND j.id = p.id)",
                args![],
            )
            .await?;
        for row in &payments {
            left.push((JobKind::Payment, row.get("id")?));
        }
        let events = tx
            .rows(
                "SELECT e.id FROM payment_events e WHERE e.handled_at IS NULL AND e.received_at > $1
                    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'payment_event' AND j.id = e.id)",
                args![self.now() - EVENT_LIFE],
            )
            .await?;
        for row in &events {
            left.push((JobKind::PaymentEvent, row.get("id")?));
        }
        Ok(left)
    }
}
