//! How long a run will take, before it has begun.

/// What one stream carries on a typical line, bytes a second (measured over 520,000 public runs of another tool).
pub const TYPICAL_BYTES_PER_SECOND: u64 = 340_000;
/// What a message costs besides its bytes: round trips and the servers' own work, microseconds.
pub const TYPICAL_MICROS_PER_MESSAGE: u64 = 4_000;
/// Logins and listings, seconds.
pub const SET_UP_SECONDS: u64 = 5;

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// How fast a provider lets an account be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Speed {
    /// Bytes in a day; when they are used up, the rest waits until the day is over.
    pub daily_bytes: Option<u64>,
    /// Messages in a second, about.
    pub messages_per_second: Option<u32>,
}

/// What there is to copy from one account to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Messages.
    pub messages: u64,
    /// Their size.
    pub size_bytes: u64,
    /// Of the source's provider.
    pub reading: Speed,
    /// Of the destination's provider.
    pub writing: Speed,
}

/// Estimated seconds for copying accounts, `parallel` of them at once: the longest one, or all of them shared out,
/// whichever is longer. Whoever waits for a provider's next day keeps no other account from being copied.
pub fn seconds(accounts: impl IntoIterator<Item = Work>, parallel: u64) -> u64 {
    let (mut longest, mut sum) = (0, 0);
    for work in accounts {
        let own = one_account(&work);
        longest = longest.max(own + days_of_waiting(&work) * DAY_SECONDS);
        sum += own;
    }
    longest.max(sum.div_ceil(parallel.max(1)))
}

/// How often an account has to wait for its provider's next day.
pub fn days_of_waiting(work: &Work) -> u64 {
    let amounts = [work.reading.daily_bytes, work.writing.daily_bytes].into_iter().flatten();
    amounts.map(|daily| work.size_bytes.saturating_sub(1) / daily.max(1)).max().unwrap_or(0)
}

fn one_account(work: &Work) -> u64 {
    let bytes_seconds = work.size_bytes.div_ceil(TYPICAL_BYTES_PER_SECOND);
    let typical = work.messages.saturating_mul(TYPICAL_MICROS_PER_MESSAGE).div_ceil(1_000_000);
    let slowest = [work.reading.messages_per_second, work.writing.messages_per_second].into_iter().flatten().min();
    let message_seconds = slowest.map_or(typical, |rate| typical.max(work.messages / u64::from(rate.max(1))));
    SET_UP_SECONDS + bytes_seconds + message_seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(messages: u64, size_bytes: u64) -> Work {
        Work { messages, size_bytes, ..Work::default() }
    }

    #[test]
    fn an_account_waits_for_its_providers_next_day_and_others_go_on() {
        let gmail = Speed { daily_bytes: Some(1_000_000_000), messages_per_second: None };
        let alone = |size_bytes| seconds([Work { reading: gmail, ..work(10, size_bytes) }], 4);
        assert!(alone(1_000_000_000) < DAY_SECONDS, "it fits into a day");
        assert!((DAY_SECONDS..2 * DAY_SECONDS).contains(&alone(1_000_000_001)));
        assert!((2 * DAY_SECONDS..3 * DAY_SECONDS).contains(&alone(3_000_000_000)));
        let four = seconds([Work { reading: gmail, ..work(10, 3_000_000_000) }; 4], 4);
        assert_eq!(four, alone(3_000_000_000), "they wait at the same time");
    }

    #[test]
    fn a_slow_provider_takes_its_time_for_every_message() {
        let slow = Speed { daily_bytes: None, messages_per_second: Some(4) };
        assert_eq!(seconds([Work { writing: slow, ..work(4_000, 0) }], 1), SET_UP_SECONDS + 1_000);
    }

    #[test]
    fn the_mean_public_mailbox_takes_about_25_minutes() {
        let estimate = seconds([work(1_558, 507_000_000)], 4);
        assert!((20 * 60..30 * 60).contains(&estimate), "{estimate}");
    }

    #[test]
    fn many_accounts_share_the_streams_but_none_is_faster_than_alone() {
        let one = seconds([work(1000, 34_000_000)], 4);
        assert_eq!(seconds([work(1000, 34_000_000); 4], 4), one);
        assert_eq!(seconds([work(1000, 34_000_000); 8], 4), 2 * one);
        assert_eq!(seconds([], 4), 0);
    }
}
