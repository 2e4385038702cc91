//! A start that is taken back.

use mailferry_domain::order::{Ended, OrderLife, OrderTransitionError};
use mailferry_shared::order::{OrderAction, StartKind};

use crate::{
    db::Tx,
    error::StoreError,
    order::OrderRecord,
    store::Store,
    value::{args, code},
    voucher::give_back_link,
};

impl OrderRecord {
    /// The same as if its start had never been asked for.
    fn without_start(&self) -> Result<Self, OrderTransitionError> {
        let trial = self.started_at.zip(self.finished_at.map(|finished_at| Ended { finished_at }));
        let life = self.life.unschedule(trial)?;
        Ok(Self { life, delta_schedule: None, delta_at: None, delta_pending: false, ..self.clone() })
    }
}

impl Store {
    /// What the owner can do with an order now, and nothing that would be refused; some of its runs may be `parked` until
    /// something is mended.
    pub fn actions(&self, order: &OrderRecord, parked: bool) -> Vec<OrderAction> {
        let mut actions = order.life.actions_while(parked);
        let is_over = order.expires_at <= self.now();
        actions.retain(|action| match action {
            OrderAction::Delete => true,
            // It is closed in a moment.
            _ if is_over => false,
            OrderAction::Unschedule => order.without_start().is_ok_and(|order| order.ends_at(self) > self.now()),
            // A completed trial, whose link counts from its own start.
            OrderAction::Start if matches!(order.life, OrderLife::Completed(..)) => {
                order.first_started_at.is_none_or(|first| self.now() <= self.terms().latest_start_after(first))
            }
            _ => true,
        });
        actions
    }

    /// The owner takes the start of a scheduled order back: it is a draft again, or the completed trial that it was, and
    /// can be changed and started anew. Runs that wait are gone as if they had never been; what the order's link has paid
    /// at the start comes back to it; passwords, codes that were entered, and payments stay.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]; [`StoreError::WrongState`], also where the link of the completed trial would have ended
    /// by now.
    pub async fn unschedule_order(&self, order: &OrderRecord) -> Result<OrderRecord, StoreError> {
        let mut tx = self.write().await?;
        let order = self.lock_version(&mut tx, order).await?;
        let (from, without) = (order.life.state(), order.without_start()?);
        forget_start(&mut tx, &order).await?;
        let order = self.write_order(&mut tx, without).await?;
        if order.expires_at <= self.now() {
            let action = "take its start back: the time of its trial is over; start it at once, or cancel it";
            return Err(OrderTransitionError { from, action }.into());
        }
        tx.commit().await?;
        Ok(order)
    }
}

/// Takes back what the start has left: runs with their jobs, what the link has paid, the mail that told of it, and what the
/// MX records were before anything was switched.
async fn forget_start(tx: &mut Tx, order: &OrderRecord) -> Result<(), StoreError> {
    let sql = "DELETE FROM jobs WHERE kind = 'run'
         AND id IN (SELECT id FROM runs WHERE order_id = $1 AND state = 'queued')";
    tx.execute(sql, args![order.id]).await?;
    tx.execute("DELETE FROM runs WHERE order_id = $1 AND state = 'queued'", args![order.id]).await?;
    give_back_link(tx, order).await?;
    // The next start is told anew.
    let kind = code(&order.kind.unwrap_or(StartKind::Main))?;
    let sql = "DELETE FROM mails WHERE order_id = $1 AND kind = 'submitted' AND occasion = $2";
    tx.execute(sql, args![order.id, kind]).await?;
    tx.execute("DELETE FROM mx_watches WHERE order_id = $1", args![order.id]).await.map(drop)
}
