//! Jobs that were put off by a clock that ran ahead: a clock that shows next month for a minute must not keep a mail, a
//! payment or a run waiting until then.

use chrono::{DateTime, Duration, Utc};

use super::JobKind;
use crate::{error::StoreError, lease::lease_now, store::Store, value::args};

/// No mail is tried again later than this after its last try.
const LONGEST_OF_MAIL: Duration = Duration::hours(5);
/// Nor anything else: webhooks and daily amounts wait for a day at most.
const LONGEST: Duration = Duration::hours(25);

/// Whether a job of this kind is put off for no longer than the sweep lets it wait ([`Store::mend_job_times`]): a longer wait
/// would be taken for a mistake of the clock, and be over at the next sweep.
pub(super) fn may_wait(kind: JobKind, not_before: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let longest = match kind {
        JobKind::SendMail | JobKind::PasswordMail => LONGEST_OF_MAIL,
        // A run waits for the earliest start of its order, which may be months ahead.
        JobKind::Run | JobKind::CutOver => return true,
        JobKind::Check
        | JobKind::Survey
        | JobKind::Verification
        | JobKind::Discovery
        | JobKind::DryRun
        | JobKind::Webhook
        | JobKind::Payment
        | JobKind::PaymentEvent => LONGEST,
    };
    not_before - now <= longest
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_job_is_put_off_for_longer_than_the_sweep_lets_it_wait() {
        let now = DateTime::UNIX_EPOCH;
        let may = |kind, hours| may_wait(kind, now + Duration::hours(hours), now);
        assert!(may(JobKind::SendMail, 5) && !may(JobKind::SendMail, 6));
        assert!(may(JobKind::Webhook, 25) && !may(JobKind::Webhook, 26));
        assert!(may(JobKind::Run, 24 * 300) && may(JobKind::CutOver, 24 * 40));
    }
}
