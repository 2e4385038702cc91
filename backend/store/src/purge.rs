//! What time deletes: the personal data of orders that have ended, and the mail that says that a link ends soon.

use mailferry_shared::{
    ids::OrderId,
    order::{OrderOptions, OrderState},
};

use crate::{
    db::Tx,
    error::StoreError,
    ledger::delete_ledger,
    order::lock_order,
    request::purge_request,
    store::Store,
    value::{args, json},
};

impl Store {
    /// Started orders whose link ends within the terms' warning time, and for which that mail was not queued yet: the
    /// order, and what the mail's occasion is (a link that was prolonged ends anew).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn links_that_end_soon(&self) -> Result<Vec<(OrderId, String)>, StoreError> {
        let rows = self
            .read()
            .await?
            .rows(
                "SELECT o.id, CAST(o.expires_at AS TEXT) AS occasion FROM orders o
                 WHERE o.state IN ('active', 'completed', 'paused') AND o.expires_at > $1 AND o.expires_at <= $2
                    AND o.notify_address IS NOT NULL
                    AND NOT EXISTS (SELECT 1 FROM mails m WHERE m.order_id = o.id AND m.kind = 'link_expires'
                        AND m.occasion = CAST(o.expires_at AS TEXT))
                 ORDER BY o.expires_at LIMIT 100",
                args![self.now(), self.now() + self.terms().link_warning],
            )
            .await?;
        rows.iter().map(|row| Ok((row.get("id")?, row.get("occasion")?))).collect()
    }

    /// Deletes the personal data of orders that ended the terms' time ago, at most `limit` of them: accounts, logs,
    /// addresses. What is left is the order's number, its states and times, and what was paid. Which ones.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; what was purged before stays so.
    pub async fn purge_orders(&self, limit: u32) -> Result<Vec<OrderId>, StoreError> {
        let before = self.now() - self.terms().purge_after_end;
        let sql = "SELECT id FROM orders WHERE ended_at <= $1 AND purged_at IS NULL ORDER BY ended_at LIMIT $2";
        let rows = self.read().await?.rows(sql, args![before, limit]).await?;
        let mut purged = Vec::new();
        for row in &rows {
            let id = row.get("id")?;
            let mut tx = self.write().await?;
            match lock_order(&mut tx, id).await {
                Ok(order) if matches!(order.life.state(), OrderState::Closed | OrderState::Cancelled) => {}
                Ok(_) | Err(StoreError::NotFound) => continue,
                Err(error) => return Err(error),
            }
            self.purge(&mut tx, id).await?;
            tx.commit().await?;
            purged.push(id);
        }
        Ok(purged)
    }

    async fn purge(&self, tx: &mut Tx, id: OrderId) -> Result<(), StoreError> {
        for row in tx.rows("SELECT id FROM pairs WHERE order_id = $1", args![id]).await? {
            delete_ledger(tx, row.get("id")?).await?;
        }
        // Whatever hangs on pairs goes with them: sides, passwords, runs.
        for table in [
            "pairs",
            "admin_credentials",
            "certificate_consents",
            "checks",
            "deltas",
            "dry_runs",
            "verifications",
            "mails",
            "mx_watches",
            "sandbox_mailboxes",
        ] {
            tx.execute(format!("DELETE FROM {table} WHERE order_id = $1"), args![id]).await?;
        }
        purge_request(tx, id).await?;
        let sql = "UPDATE orders SET notify_address = NULL, source = NULL, destination = NULL, reference = NULL, options = $2,
                purged_at = $3, link_version = link_version + 1, version = version + 1 WHERE id = $1";
        tx.execute(sql, args![id, json(&OrderOptions::default())?, self.now()]).await.map(drop)
    }
}
