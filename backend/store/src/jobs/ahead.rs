//! Jobs that were put off by a clock that ran ahead: a clock that shows next month for a minute must not keep a mail, a
//! payment or a run waiting until then.

use chrono::Duration;

use crate::{error::StoreError, lease::lease_now, store::Store, value::args};

/// No mail is tried again later than this after its last try.
const LONGEST_OF_MAIL: Duration = Duration::hours(5);
/// Nor anything else: webhooks and daily amounts wait for a day at most.
const LONGEST: Duration = Duration::hours(25);

impl Store {
    /// Jobs that wait longer than any job of their kind does are due; runs of an order that has not begun wait for its
    /// earliest start. How many. (Cut-overs look after themselves, [`Store::mend_delta_times`].)
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn mend_job_times(&self) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let now = lease_now(&mut tx, self.context()).await?;
        let sql = "UPDATE jobs SET not_before = (
                SELECT o.earliest_start FROM runs r JOIN orders o ON o.id = r.order_id WHERE r.id = jobs.id)
             WHERE kind = 'run' AND not_before > $1 AND EXISTS (
                SELECT 1 FROM runs r JOIN orders o ON o.id = r.order_id
                WHERE r.id = jobs.id AND o.state = 'scheduled' AND jobs.not_before > o.earliest_start + $2)";
        let longest = LONGEST.num_microseconds().unwrap_or(i64::MAX);
        let mut mended = tx.execute(sql, args![now + LONGEST, longest]).await?;
        let sql = "UPDATE jobs SET not_before = $1 WHERE kind <> 'cut_over'
                AND not_before > CASE WHEN kind IN ('send_mail', 'password_mail') THEN CAST($2 AS BIGINT) ELSE $3 END
                AND NOT EXISTS (SELECT 1 FROM runs r JOIN orders o ON o.id = r.order_id
                    WHERE r.id = jobs.id AND o.state = 'scheduled')";
        mended += tx.execute(sql, args![now, now + LONGEST_OF_MAIL, now + LONGEST]).await?;
        if mended == 0 {
            return Ok(0);
        }
        tx.commit().await?;
        self.tell_workers();
        Ok(mended)
    }
}
