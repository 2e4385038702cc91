//! How long a run will take, before it has begun.

/// What one stream carries on a typical line, bytes a second (measured over 520,000 public runs of another tool).
pub const TYPICAL_BYTES_PER_SECOND: u64 = 340_000;
/// What a message costs besides its bytes: round trips and the servers' own work, microseconds.
pub const TYPICAL_MICROS_PER_MESSAGE: u64 = 4_000;
/// Logins and listings, seconds.
pub const SET_UP_SECONDS: u64 = 5;

/// Estimated seconds for copying accounts of (messages, bytes) each, `parallel` of them at once: the longest one,
/// or all of them shared out, whichever is longer.
pub fn seconds(accounts: impl IntoIterator<Item = (u64, u64)>, parallel: u64) -> u64 {
    let (mut longest, mut sum) = (0, 0);
    for (messages, size_bytes) in accounts {
        let own = one_account(messages, size_bytes);
        longest = longest.max(own);
        sum += own;
    }
    longest.max(sum.div_ceil(parallel.max(1)))
}

fn one_account(messages: u64, size_bytes: u64) -> u64 {
    let bytes_seconds = size_bytes.div_ceil(TYPICAL_BYTES_PER_SECOND);
    let message_seconds = messages.saturating_mul(TYPICAL_MICROS_PER_MESSAGE).div_ceil(1_000_000);
    SET_UP_SECONDS + bytes_seconds + message_seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_public_mailbox_takes_about_25_minutes() {
        let estimate = seconds([(1_558, 507_000_000)], 4);
        assert!((20 * 60..30 * 60).contains(&estimate), "{estimate}");
    }

    #[test]
    fn many_accounts_share_the_streams_but_none_is_faster_than_alone() {
        let one = seconds([(1000, 34_000_000)], 4);
        assert_eq!(seconds([(1000, 34_000_000); 4], 4), one);
        assert_eq!(seconds([(1000, 34_000_000); 8], 4), 2 * one);
        assert_eq!(seconds([], 4), 0);
    }
}
