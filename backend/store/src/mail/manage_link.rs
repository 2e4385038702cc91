//! The manage link mailed once more, to whoever has lost it: by whoever looks after the order, and not too often.

use chrono::{DateTime, Duration, Utc};
use mailferry_domain::order::{OrderLife, OrderTransitionError};
use mailferry_shared::{ids::OrderId, order::LinkMail};

use super::{MAIL_ATTEMPTS, MailKind, NewMail};
use crate::{db::Tx, error::StoreError, order::lock_order, store::Store, value::args};

/// The least time between two.
const AT_MOST_EVERY: Duration = Duration::minutes(5);
/// So many of one order within [`PERIOD`].
const MOST: usize = 5;
const PERIOD: Duration = Duration::days(1);

impl Store {
    /// Queues a mail with the order's manage link to its address. One that waits to be sent is not queued again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] once the link has ended; [`StoreError::NoAddress`];
    /// [`StoreError::MailedLately`] if one was mailed a moment ago, or too many were in a day.
    pub async fn queue_link_mail(&self, id: OrderId) -> Result<LinkMail, StoreError> {
        let mut tx = self.write().await?;
        let order = lock_order(&mut tx, id).await?;
        let now = self.now();
        if matches!(order.life, OrderLife::Closed) || order.expires_at <= now {
            return Err(OrderTransitionError { from: order.life.state(), action: "have its link mailed" }.into());
        }
        let to = order.notify_address.ok_or(StoreError::NoAddress)?;
        if let Some(queued_at) = waiting(&mut tx, id).await? {
            return Ok(LinkMail { to, queued_at });
        }
        if let Some(wait) = wait(&mailed(&mut tx, id).await?, now) {
            let wait_seconds = wait.num_seconds().unsigned_abs() + 1;
            return Err(StoreError::MailedLately { wait_seconds });
        }
        let occasion = self.new_id()?.to_string();
        self.insert_mail(&mut tx, id, NewMail { kind: MailKind::ManageLink, occasion: &occasion, at: now }).await?;
        tx.commit().await?;
        self.tell_workers();
        Ok(LinkMail { to, queued_at: now })
    }
}

/// Since when one waits to be sent, if one does.
async fn waiting(tx: &mut Tx, id: OrderId) -> Result<Option<DateTime<Utc>>, StoreError> {
    let sql = "SELECT MIN(created_at) AS since FROM mails
         WHERE order_id = $1 AND kind = 'manage_link' AND sent_at IS NULL AND attempts < $2";
    tx.row(sql, args![id, MAIL_ATTEMPTS]).await?.get("since")
}

/// When the latest were asked for, the last first.
async fn mailed(tx: &mut Tx, id: OrderId) -> Result<Vec<DateTime<Utc>>, StoreError> {
    let sql = format!(
        "SELECT created_at FROM mails WHERE order_id = $1 AND kind = 'manage_link' ORDER BY created_at DESC LIMIT {MOST}"
    );
    tx.rows(sql, args![id]).await?.iter().map(|row| row.get("created_at")).collect()
}

/// How long the next one is to wait, if it is.
fn wait(mailed: &[DateTime<Utc>], now: DateTime<Utc>) -> Option<Duration> {
    // A clock that has gone back since puts nothing off for longer.
    let until = |time: DateTime<Utc>, gap: Duration| time.min(now) + gap - now;
    let after_last = mailed.first().map(|last| until(*last, AT_MOST_EVERY));
    let after_many = mailed.get(MOST - 1).map(|first| until(*first, PERIOD));
    after_last.max(after_many).filter(|wait| *wait > Duration::zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_mailed_every_five_minutes_at_most_and_five_times_a_day() {
        let now = DateTime::UNIX_EPOCH + Duration::days(9);
        let ago = |minutes: &[i64]| minutes.iter().map(|minutes| now - Duration::minutes(*minutes)).collect::<Vec<_>>();
        assert_eq!(wait(&[], now), None);
        assert_eq!(wait(&ago(&[4]), now), Some(Duration::minutes(1)));
        assert_eq!(wait(&ago(&[5, 11, 17, 23]), now), None);
        assert_eq!(wait(&ago(&[5, 11, 17, 23, 60]), now), Some(Duration::hours(23)));
        assert_eq!(wait(&ago(&[5, 11, 17, 23, 24 * 60]), now), None);
        assert_eq!(wait(&ago(&[-90]), now), Some(Duration::minutes(5)), "the clock has gone back");
    }
}
