//! How fast somebody may ask, over all processes together: so many at once, then one in a time. A row a meter holds when
//! everything that was taken is given back (the generic cell rate algorithm): one number, whatever the pace.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{error::StoreError, store::Store, value::args};

/// A question that a meter counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who asks for what, as a hash.
    pub who: [u8; 32],
    /// So many at once.
    pub burst: u32,
    /// Then one in this time.
    pub every: TimeDelta,
}

/// What a meter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metered {
    /// So many are left at once.
    pub left: u32,
    /// Until all are there again.
    pub full_in: TimeDelta,
    /// How long to wait, if this one came too soon: it did not count.
    pub wait: Option<TimeDelta>,
}

impl Store {
    /// Counts a question by each of these meters; what they say, in the same order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count_asked(&self, asked: &[Asked]) -> Result<Vec<Metered>, StoreError> {
        let now = self.now();
        let mut tx = self.write().await?;
        // Rows are locked in one order by everybody, so that none waits for another in a circle.
        let mut order: Vec<usize> = (0..asked.len()).collect();
        order.sort_by_key(|at| asked[*at].who);
        let mut said = vec![None; asked.len()];
        for at in order {
            let meter = &asked[at];
            let sql = "INSERT INTO paces (who, full_at) VALUES ($1, $2)
                 ON CONFLICT (who) DO UPDATE SET full_at = paces.full_at RETURNING full_at";
            let full_at = tx.row(sql, args![meter.who.as_slice(), now]).await?.get("full_at")?;
            let (full_at, metered) = count(meter, full_at, now);
            tx.execute("UPDATE paces SET full_at = $2 WHERE who = $1", args![meter.who.as_slice(), full_at]).await?;
            said[at] = Some(metered);
        }
        tx.commit().await?;
        Ok(said.into_iter().flatten().collect())
    }

    /// Forgets meters of which everything is given back.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_asked(&self) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let gone = tx.execute("DELETE FROM paces WHERE full_at <= $1", args![self.now()]).await?;
        tx.commit().await?;
        Ok(gone)
    }
}

/// The meter after one more question, and what it says.
fn count(meter: &Asked, full_at: DateTime<Utc>, now: DateTime<Utc>) -> (DateTime<Utc>, Metered) {
    let every = meter.every.max(TimeDelta::microseconds(1));
    let burst = meter.burst.max(1);
    let most = every * i32::try_from(burst).unwrap_or(i32::MAX);
    // More than everything cannot be taken: such a time was set by a clock that has gone back since.
    let full_at = full_at.max(now).min(now + most);
    let after = full_at + every;
    if after - now > most {
        return (full_at, Metered { left: 0, full_in: full_at - now, wait: Some(after - now - most) });
    }
    let taken = micros(after - now).div_ceil(micros(every));
    let left = burst.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX));
    (after, Metered { left, full_in: after - now, wait: None })
}

fn micros(time: TimeDelta) -> u64 {
    time.num_microseconds().and_then(|micros| u64::try_from(micros).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn after_the_burst_one_comes_back_in_each_period() {
        let meter = Asked { who: [0; 32], burst: 3, every: TimeDelta::seconds(10) };
        let mut full_at = at(0);
        let mut ask = |seconds| {
            let (after, said) = count(&meter, full_at, at(seconds));
            full_at = after;
            (said.left, said.full_in.num_seconds(), said.wait.map(|wait| wait.num_seconds()))
        };
        assert_eq!([ask(0), ask(0), ask(0)], [(2, 10, None), (1, 20, None), (0, 30, None)]);
        assert_eq!(ask(1), (0, 29, Some(9)), "the first is back at ten");
        assert_eq!(ask(10), (0, 30, None));
        assert_eq!(ask(10), (0, 30, Some(10)), "a refusal costs nothing more");
        assert_eq!(ask(1000), (2, 10, None));
        assert_eq!(ask(-1_000_000), (0, 30, Some(10)), "a clock that went back refuses for a moment, not for days");
        assert_eq!(ask(-1_000_000 + 10), (0, 30, None));
    }
}
