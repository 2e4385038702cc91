//! The money is taken once its payer has agreed; or it does not come, or not as it should.

use mailferry_shared::{
    ids::{OrderId, PaymentId},
    payment::{Captured, PaymentState},
};

use super::{PaymentRecord, covered, lock_payment, may_be_paid, set_state};
use crate::{
    error::StoreError,
    jobs::{JobKind, enqueue},
    order::lock_order,
    store::Store,
    value::{args, code},
};

impl Store {
    /// The payer has come back: the money is to be taken, by the payment's job. Once that is asked for, asking again
    /// changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a payment of another order; [`StoreError::WrongState`] if the order is over;
    /// [`StoreError::PaymentChanged`] if the order needs another amount by now, or the payment came to nothing.
    pub async fn begin_capture(&self, order_id: OrderId, id: PaymentId) -> Result<PaymentRecord, StoreError> {
        let mut tx = self.write().await?;
        let order = lock_order(&mut tx, order_id).await?;
        let payment = lock_payment(&mut tx, id).await?;
        if payment.order_id != order_id {
            return Err(StoreError::NotFound);
        }
        match payment.state {
            PaymentState::AwaitingApproval | PaymentState::Declined => {}
            PaymentState::Capturing | PaymentState::Pending | PaymentState::Paid => return Ok(payment),
            PaymentState::Creating
            | PaymentState::Failed
            | PaymentState::Mismatched
            | PaymentState::Refunding
            | PaymentState::Refunded => {
                return Err(StoreError::PaymentChanged);
            }
        }
        may_be_paid(&order)?;
        let needed = covered(&mut tx, order_id).await?;
        if needed.pairs_needed.saturating_sub(needed.pairs_covered) != payment.amount.pairs {
            set_state(&mut tx, id, PaymentState::Failed).await?;
            tx.commit().await?;
            return Err(StoreError::PaymentChanged);
        }
        set_state(&mut tx, id, PaymentState::Capturing).await?;
        enqueue(&mut tx, JobKind::Payment, id.0, self.now(), self.now()).await?;
        tx.commit().await?;
        self.tell_workers();
        self.payment_record(id).await
    }

    /// The money has not come, or not yet: `Pending`, `Declined`, `AwaitingApproval` or `Failed`. A payment that is paid
    /// stays so.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn payment_not_settled(&self, id: PaymentId, state: PaymentState) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let payment = lock_payment(&mut tx, id).await?;
        let open = !matches!(
            payment.state,
            PaymentState::Paid
                | PaymentState::Mismatched
                | PaymentState::Refunding
                | PaymentState::Refunded
                | PaymentState::Failed
        );
        if open && payment.state != state {
            set_state(&mut tx, id, state).await?;
            if state == PaymentState::Declined {
                tx.execute("UPDATE payments SET declined = declined + 1 WHERE id = $1", args![id]).await?;
            }
        }
        tx.commit().await
    }

    /// Money was taken, but not what was asked for: `captured`. `capture` is the provider's number of it, if it was taken for
    /// this payment at all: then it can be paid back. False if that was known.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn payment_mismatched(
        &self,
        id: PaymentId,
        capture: Option<&str>,
        captured: Option<Captured>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let payment = lock_payment(&mut tx, id).await?;
        if matches!(
            payment.state,
            PaymentState::Paid | PaymentState::Mismatched | PaymentState::Refunding | PaymentState::Refunded
        ) {
            return Ok(false);
        }
        let sql = "UPDATE payments SET state = $2, remote_capture = $3, captured_minor = $4, captured_currency = $5
             WHERE id = $1";
        let (minor, currency) = (captured.map(|sum| sum.amount_minor), captured.map(|sum| sum.currency.to_string()));
        tx.execute(sql, args![id, code(&PaymentState::Mismatched)?, capture, minor, currency]).await?;
        tx.commit().await?;
        Ok(true)
    }
}
