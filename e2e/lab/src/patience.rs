//! Waits for a condition, never for a time.

use std::{
    io, thread,
    time::{Duration, Instant},
};

/// Asks again and again until there is an answer; fails with `what` after `limit`.
pub(crate) fn until<T>(
    limit: Duration,
    what: &str,
    mut answer: impl FnMut() -> io::Result<Option<T>>,
) -> io::Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = answer()? {
            return Ok(answer);
        }
        if Instant::now() >= deadline {
            return Err(crate::failed(format!("{what}, after {limit:?}")));
        }
        thread::sleep(Duration::from_millis(20));
    }
}
