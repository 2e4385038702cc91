//! The mail that tells which accounts cannot go on: one an hour at most, and never one too few.
//!
//! A run that is parked is marked as not told, and as told with the mail that has named it. What of this is left undone, by
//! a process that died or because the last mail is younger than an hour, the sweeper finds.

use chrono::{DateTime, Duration, Utc};
use mailferry_shared::ids::{OrderId, RunId};

use super::{MAIL_ATTEMPTS, MailId, MailKind, NewMail};
use crate::{db::Tx, error::StoreError, order::lock_order, store::Store, value::args};

/// Many accounts may be stuck for one reason, one after the other.
const AT_MOST_EVERY: Duration = Duration::hours(1);

/// Runs that wait until their owner has mended something, of which no mail has told.
const UNTOLD: &str = "r.state = 'paused' AND r.finding IS NOT NULL AND r.told = 0";

impl Store {
    /// Queues a mail about the runs that wait until their owner has mended something, if there are any that none has told
    /// of, and none waits to be sent: that one will name them too. An hour lies between two.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn tell_stuck(&self, id: OrderId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let order = lock_order(&mut tx, id).await?;
        if order.notify_address.is_none() || !has_untold(&mut tx, id).await? {
            return Ok(());
        }
        let sql = "SELECT COUNT(*) AS mails, MAX(COALESCE(sent_at, created_at)) AS latest,
                COALESCE(SUM(CASE WHEN sent_at IS NULL AND attempts < $2 THEN 1 ELSE 0 END), 0) AS waiting
             FROM mails WHERE order_id = $1 AND kind = 'action_needed'";
        let row = tx.row(sql, args![id, MAIL_ATTEMPTS]).await?;
        if row.get::<i64>("waiting")? > 0 {
            return Ok(());
        }
        // A clock that has gone back since puts nothing off for longer.
        let latest = row.get::<Option<DateTime<Utc>>>("latest")?.map(|latest| latest.min(self.now()));
        let at = latest.map_or(self.now(), |latest| self.now().max(latest + AT_MOST_EVERY));
        let occasion = row.get::<i64>("mails")?.to_string();
        self.insert_mail(&mut tx, id, NewMail { kind: MailKind::ActionNeeded, occasion: &occasion, at }).await?;
        tx.commit().await?;
        self.tell_workers();
        Ok(())
    }

    /// Orders that [`Store::tell_stuck`] would queue a mail for.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn orders_with_untold_runs(&self) -> Result<Vec<OrderId>, StoreError> {
        let sql = format!(
            "SELECT o.id FROM orders o WHERE o.state IN ('active', 'paused') AND o.notify_address IS NOT NULL
                AND EXISTS (SELECT 1 FROM runs r WHERE r.order_id = o.id AND {UNTOLD})
                AND NOT EXISTS (SELECT 1 FROM mails m WHERE m.order_id = o.id AND m.kind = 'action_needed'
                    AND m.sent_at IS NULL AND m.attempts < $1)"
        );
        let rows = self.read().await?.rows(sql, args![MAIL_ATTEMPTS]).await?;
        rows.iter().map(|row| row.get("id")).collect()
    }

    /// The mail server has taken a mail that names these runs.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn mail_about_runs_sent(&self, id: MailId, runs: &[RunId]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        self.note_sent(&mut tx, id).await?;
        for run in runs {
            tx.execute("UPDATE runs SET told = 1 WHERE id = $1", args![*run]).await?;
        }
        tx.commit().await
    }
}

async fn has_untold(tx: &mut Tx, id: OrderId) -> Result<bool, StoreError> {
    let sql = format!("SELECT COUNT(*) AS n FROM runs r WHERE r.order_id = $1 AND {UNTOLD}");
    Ok(tx.row(sql, args![id]).await?.get::<i64>("n")? > 0)
}

/// Nobody can be told: what waits is not told by another mail each minute.
pub(super) async fn give_up_telling(tx: &mut Tx, id: MailId) -> Result<(), StoreError> {
    let sql = "UPDATE runs SET told = 1 WHERE state = 'paused'
         AND order_id = (SELECT order_id FROM mails WHERE id = $1 AND kind = 'action_needed')";
    tx.execute(sql, args![id.0]).await.map(drop)
}
