//! IMAP cannot fence a stale writer: a worker that was stopped (SIGSTOP, a machine that was paused) must not go on
//! sending when it wakes up, since another one may have sent the same by then.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

/// Ticks in `limit`, so that waiting for a slow server is told from standing still.
const TICKS: u32 = 8;

/// Goes on with `sending` unless this process stood still for longer than `limit`, since `awake` or in between; then
/// `sending` is dropped without another byte, and `None` comes back.
pub(crate) async fn unless_it_stood_still<T>(
    mut awake: Instant,
    limit: Duration,
    sending: impl Future<Output = T>,
) -> Option<T> {
    let mut sending = pin!(sending);
    let mut tick = tokio::time::interval((limit / TICKS).max(Duration::from_millis(1)));
    poll_fn(|context| {
        // By the clock, not by the timer: whoever wakes up may see the connection's event first.
        if awake.elapsed() > limit {
            return Poll::Ready(None);
        }
        while tick.poll_tick(context).is_ready() {
            awake = Instant::now();
        }
        sending.as_mut().poll(context).map(Some)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(200);

    /// A loaded machine lets any process stand still now and then: that is no fault, and it is tried again.
    const TRIES: usize = 100;

    #[tokio::test]
    async fn a_slow_server_is_waited_for() {
        for _ in 0..TRIES {
            let slow = tokio::time::sleep(3 * LIMIT);
            if unless_it_stood_still(Instant::now(), LIMIT, slow).await == Some(()) {
                return;
            }
        }
        panic!("never waited for");
    }

    #[tokio::test]
    async fn who_stood_still_sends_nothing_more() {
        let mut sent = 0;
        for _ in 0..TRIES {
            let sending = async {
                sent += 1;
                tokio::time::sleep(LIMIT / 10).await;
                // The whole process stands still.
                std::thread::sleep(2 * LIMIT);
                tokio::task::yield_now().await;
                sent += 2;
            };
            assert_eq!(unless_it_stood_still(Instant::now(), LIMIT, sending).await, None);
            if sent > 0 {
                break;
            }
        }
        assert_eq!(sent, 1);
        let long_ago = Instant::now().checked_sub(2 * LIMIT).expect("a time");
        assert_eq!(unless_it_stood_still(long_ago, LIMIT, async { sent += 1 }).await, None);
        assert_eq!(sent, 1);
    }
}
