//! Paying back, all of a payment or a part of it.

use mailferry_domain::order::OrderLife;
use mailferry_shared::{
    ids::{OrderId, PaymentId, TenantId},
    payment::PaymentState,
};

use super::{PaymentRecord, lock_payment};
use crate::{
    db::Tx,
    error::StoreError,
    jobs::{JobKind, enqueue},
    order::{OrderRecord, lock_order},
    store::Store,
    value::{args, code},
};

impl Store {
    /// The seller pays back, by the payment's job: so much of it, or all that is left. What is paid for stays paid for as
    /// long as something is left.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::PaymentChanged`] if it is not paid; [`StoreError::RefundTooLarge`] for
    /// nothing, or more than is left; [`StoreError::Active`] for all of it while the order waits to start or runs, unless
    /// payment was waived: cancel it first.
    pub async fn begin_refund(
        &self,
        tenant: TenantId,
        id: PaymentId,
        amount_minor: Option<u64>,
    ) -> Result<PaymentRecord, StoreError> {
        let order_id = self.payment_record(id).await?.order_id;
        let mut tx = self.write().await?;
        let order = match lock_order(&mut tx, order_id).await {
            Ok(order) => Some(order),
            Err(StoreError::NotFound) => None,
            Err(error) => return Err(error),
        };
        let payment = lock_payment(&mut tx, id).await?;
        if payment.tenant_id != tenant {
            return Err(StoreError::NotFound);
        }
        let left_minor = match payment.state {
            PaymentState::Paid => payment.amount.total_minor.saturating_sub(payment.refunded_minor),
            // It pays for nothing: all of it goes back.
            PaymentState::Mismatched if payment.remote_capture.is_some() => 0,
            PaymentState::Refunding | PaymentState::Refunded => return Ok(payment),
            _ => return Err(StoreError::PaymentChanged),
        };
        if amount_minor.is_some_and(|amount| amount == 0 || amount > left_minor) {
            return Err(StoreError::RefundTooLarge { left_minor });
        }
        let part = amount_minor.filter(|amount| *amount < left_minor);
        if part.is_none() && order.as_ref().is_some_and(runs) && !is_waived(&mut tx, order_id).await? {
            return Err(StoreError::Active);
        }
        let sql = "UPDATE payments SET state = $2, refund_minor = $3 WHERE id = $1";
        tx.execute(sql, args![id, code(&PaymentState::Refunding)?, part]).await?;
        enqueue(&mut tx, JobKind::Payment, id.0, self.now(), self.now()).await?;
        tx.commit().await?;
        self.tell_workers();
        self.payment_record(id).await
    }

    /// All of the money was paid back, by us or by the seller at the provider.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn payment_refunded(&self, id: PaymentId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let payment = lock_payment(&mut tx, id).await?;
        let taken = payment.captured.filter(|captured| captured.currency == payment.amount.price.currency);
        let all_minor = taken.map_or(payment.amount.total_minor, |captured| captured.amount_minor);
        let sql = "UPDATE payments SET state = $2, refunded_at = COALESCE(refunded_at, $3), refunded_minor = $4,
                refund_minor = NULL
             WHERE id = $1 AND state IN ('capturing', 'pending', 'paid', 'mismatched', 'refunding', 'refunded')";
        tx.execute(sql, args![id, code(&PaymentState::Refunded)?, self.now(), all_minor]).await?;
        tx.commit().await
    }

    /// The provider says that so much was paid back so far: more than is known here where the seller has paid back a part
    /// there. True if that was news.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn refunds_seen(&self, id: PaymentId, refunded_minor: u64) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let sql = "UPDATE payments SET refunded_minor = $3
             WHERE id = $1 AND state = $2 AND refunded_minor < $3 AND total_minor > $3";
        let news = tx.execute(sql, args![id, code(&PaymentState::Paid)?, refunded_minor]).await? > 0;
        tx.commit().await?;
        Ok(news)
    }

    /// The refund of a part has come to its end, well (`paid_back`) or not: the payment is paid again, less that part.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn part_refunded(&self, id: PaymentId, paid_back: bool) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let sql = "UPDATE payments SET state = $2, refunds = refunds + 1, refund_minor = NULL,
                refunded_minor = refunded_minor + CASE WHEN $3 = 1 THEN refund_minor ELSE 0 END
             WHERE id = $1 AND state = 'refunding' AND refund_minor IS NOT NULL";
        tx.execute(sql, args![id, code(&PaymentState::Paid)?, paid_back]).await?;
        tx.commit().await
    }
}

/// Whether the operator does it without payment.
async fn is_waived(tx: &mut Tx, order: OrderId) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM requests WHERE order_id = $1 AND waived_at IS NOT NULL";
    Ok(tx.row(sql, args![order]).await?.get::<i64>("n")? > 0)
}

fn runs(order: &OrderRecord) -> bool {
    matches!(order.life, OrderLife::Scheduled { .. } | OrderLife::Active(_) | OrderLife::Paused(_))
}
