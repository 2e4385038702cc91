//! A payment that is begun, until its payer can agree to it.

use chrono::TimeDelta;
use mailferry_shared::{
    ids::{OrderId, PaymentId},
    payment::{PaymentMethod, PaymentState},
};

use super::{PaymentRecord, due, lock_payment, may_be_paid, payments_of, set_state};
use crate::{
    error::StoreError,
    jobs::{JobKind, enqueue},
    order::lock_order,
    page::Part,
    store::Store,
    value::{args, code, json},
};

/// PayPal forgets an order that nobody has agreed to three hours after it was made; before that, a new one is made.
const AGREEMENT_LIFE: TimeDelta = TimeDelta::hours(2);

impl Store {
    /// Begins a payment of what is left to pay, with its job. One that waits for the payer's agreement to the same
    /// amount is given back instead, as long as the payer can still agree to it; any other has come to nothing.
    ///
    /// # Errors
    /// [`StoreError::WrongState`]; [`StoreError::NothingDue`] if nothing is left to pay, or there is no price;
    /// [`StoreError::PaymentUnderWay`] while the money of another payment is being taken.
    pub async fn begin_payment(&self, id: OrderId, method: PaymentMethod) -> Result<PaymentRecord, StoreError> {
        let mut tx = self.write().await?;
        let order = lock_order(&mut tx, id).await?;
        may_be_paid(&order)?;
        let amount = due(&mut tx, &order).await?.ok_or(StoreError::NothingDue)?;
        for open in payments_of(&mut tx, id, Part::ALL).await? {
            match open.state {
                // Of the last one the payer is to get the money back first.
                PaymentState::Capturing | PaymentState::Pending | PaymentState::Mismatched => {
                    return Err(StoreError::PaymentUnderWay);
                }
                PaymentState::Creating | PaymentState::AwaitingApproval | PaymentState::Declined => {
                    let age = self.now() - open.created_at;
                    let is_fresh = age < AGREEMENT_LIFE && age > -AGREEMENT_LIFE;
                    if open.amount == amount && open.method == method && is_fresh {
                        return Ok(open);
                    }
                    set_state(&mut tx, open.id, PaymentState::Failed).await?;
                }
                PaymentState::Paid | PaymentState::Failed | PaymentState::Refunding | PaymentState::Refunded => {}
            }
        }
        let payment = PaymentId(self.new_id()?);
        tx.execute(
            "INSERT INTO payments (id, order_id, tenant_id, method, state, pairs, price, net_minor, tax_minor,
                total_minor, declined, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11)",
            args![
                payment,
                id,
                order.tenant_id,
                code(&method)?,
                code(&PaymentState::Creating)?,
                amount.pairs,
                json(&amount.price)?,
                amount.net_minor,
                amount.tax_minor,
                amount.total_minor,
                self.now(),
            ],
        )
        .await?;
        enqueue(&mut tx, JobKind::Payment, payment.0, self.now(), self.now()).await?;
        let record = lock_payment(&mut tx, payment).await?;
        tx.commit().await?;
        self.tell_workers();
        Ok(record)
    }

    /// The provider knows of it: the payer can agree.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn payment_created(
        &self,
        id: PaymentId,
        remote_order: &str,
        approve_url: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let sql = "UPDATE payments SET state = $4, remote_order = $2, approve_url = $3 WHERE id = $1 AND state = $5";
        let (to, from) = (code(&PaymentState::AwaitingApproval)?, code(&PaymentState::Creating)?);
        tx.execute(sql, args![id, remote_order, approve_url, to, from]).await?;
        tx.commit().await
    }
}
