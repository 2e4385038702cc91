//! The money is there, and the order that waited for it goes on.

use mailferry_domain::order::OrderLife;
use mailferry_shared::{ids::PaymentId, payment::PaymentState};

use super::{covered, lock_payment, may_be_paid, set_state};
use crate::{
    db::Tx,
    error::StoreError,
    jobs::{JobKind, enqueue},
    order::{OrderRecord, lock_order, read_order},
    store::Store,
    value::{args, code},
};

/// What follows from a payment.
#[derive(Debug, Clone)]
pub struct Settled {
    /// Its order, if that still exists.
    pub order: Option<OrderRecord>,
    /// True if the order was started by it, just now.
    pub started: bool,
}

impl Store {
    /// The money is there. The order that waited for it is scheduled in the same transaction, once however often this is
    /// told. Money for an order that is over by now is to be paid back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn payment_settled(&self, id: PaymentId, capture: &str) -> Result<Settled, StoreError> {
        let order_id = self.payment_record(id).await?.order_id;
        let mut tx = self.write().await?;
        let order = match lock_order(&mut tx, order_id).await {
            Ok(order) => Some(order),
            Err(StoreError::NotFound) => None,
            Err(error) => return Err(error),
        };
        let payment = lock_payment(&mut tx, id).await?;
        if matches!(payment.state, PaymentState::Paid | PaymentState::Refunding | PaymentState::Refunded) {
            return Ok(Settled { order, started: false });
        }
        // What was asked for was taken, nothing else.
        let sql = "UPDATE payments SET state = $2, remote_capture = $3, paid_at = $4, captured_minor = total_minor,
                captured_currency = $5 WHERE id = $1";
        let currency = payment.amount.price.currency.as_str();
        tx.execute(sql, args![id, code(&PaymentState::Paid)?, capture, self.now(), currency]).await?;
        let settled = match order {
            Some(order) if may_be_paid(&order).is_ok() => self.go_on(&mut tx, order).await?,
            order => {
                set_state(&mut tx, id, PaymentState::Refunding).await?;
                enqueue(&mut tx, JobKind::Payment, id.0, self.now(), self.now()).await?;
                Settled { order, started: false }
            }
        };
        tx.commit().await?;
        self.tell_workers();
        Ok(settled)
    }

    async fn go_on(&self, tx: &mut Tx, mut order: OrderRecord) -> Result<Settled, StoreError> {
        let paid = covered(tx, order.id).await?;
        let waits = matches!(order.life, OrderLife::AwaitingPayment { .. });
        let started = waits && paid.pairs_needed > 0 && paid.pairs_covered >= paid.pairs_needed;
        if started {
            order.life = order.life.paid();
            order = self.write_scheduled(tx, order).await?;
        } else {
            // Whoever polls the order sees the change.
            tx.execute("UPDATE orders SET version = version + 1 WHERE id = $1", args![order.id]).await?;
            order = read_order(tx, order.id).await?;
        }
        Ok(Settled { order: Some(order), started })
    }
}
