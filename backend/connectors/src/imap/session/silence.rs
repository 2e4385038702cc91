//! Who is silent: nothing passes on the line, or next to nothing.

use std::{
    io,
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::timeout;

/// A line that moves at all moves as many bytes a second.
const LEAST_A_SECOND: u128 = 256;

/// What comes in many answers is looked at as a whole once it has taken so long.
const A_WHILE: Duration = Duration::from_mins(10);

/// True if what has come in answers that each were in time, so many bytes in so long, moves as a whole.
pub(in crate::imap) fn moves_as_a_whole(bytes: u64, time: Duration) -> bool {
    time < A_WHILE || u128::from(bytes) * 1000 >= time.as_millis() * LEAST_A_SECOND
}

/// Waits for something to be read or written, for as long as the line moves: a large message over a slow line takes its
/// time. `wait` is how long it may be silent, or as good as that.
pub(super) async fn while_it_moves<T>(
    passed: &AtomicU64,
    wait: Duration,
    doing: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let mut doing = pin!(doing);
    let least = (wait.as_millis() * LEAST_A_SECOND / 1000).max(1);
    loop {
        let before = passed.load(Ordering::Relaxed);
        if let Ok(done) = timeout(wait, &mut doing).await {
            return done;
        }
        if u128::from(passed.load(Ordering::Relaxed) - before) < least {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_millis(200);

    /// So many bytes pass in each tenth of the time that may be silent, fifty times.
    async fn passing(passed: &AtomicU64, bytes: u64) -> io::Result<()> {
        for _ in 0..50 {
            tokio::time::sleep(WAIT / 10).await;
            passed.fetch_add(bytes, Ordering::Relaxed);
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_slow_line_that_moves_is_not_silent() {
        // Should the machine stand still for so long itself, it is tried once more.
        for _ in 0..20 {
            let passed = AtomicU64::new(0);
            if while_it_moves(&passed, WAIT, passing(&passed, 50)).await.is_ok() {
                return;
            }
        }
        panic!("it was taken for silent");
    }

    #[test]
    fn what_takes_long_as_a_whole_must_come_at_a_rate() {
        let hour = Duration::from_hours(1);
        assert!(moves_as_a_whole(0, A_WHILE / 2), "nobody is in a hurry");
        assert!(!moves_as_a_whole(72, hour), "a byte every 50 seconds");
        assert!(!moves_as_a_whole(921_599, hour) && moves_as_a_whole(921_600, hour));
        assert!(moves_as_a_whole(62_000_000, hour * 24), "a large message over a very slow line");
    }

    #[tokio::test]
    async fn a_line_on_which_next_to_nothing_passes_is_silent() {
        for bytes in [0, 1] {
            let passed = AtomicU64::new(0);
            let error = while_it_moves(&passed, WAIT, passing(&passed, bytes)).await.expect_err("silent");
            assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{bytes} bytes at a time");
        }
    }
}
