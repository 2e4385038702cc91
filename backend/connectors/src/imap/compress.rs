//! When a session is worth compressing (COMPRESS=DEFLATE, RFC 4978): only where the line is slower than that costs.

use std::time::{Duration, Instant};

use mailferry_engine::port::ConnectorError;

use super::{refusal::Doing, session::Session};
use crate::net::Squeeze;

/// What must have gone over the line before anything is said about it.
const ENOUGH_BYTES: u64 = 1 << 20;
/// A line that is slower than this is worth it, bytes a second: a processor deflates many times as much.
const SLOW: u64 = 3 << 20;

/// What went over a line in one direction, and how long we waited for it.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Pace {
    bytes: u64,
    waited: Duration,
}

impl Pace {
    /// So much went over since `began`, when we began to wait for the line.
    pub(super) fn add(&mut self, bytes: u64, began: Instant) {
        self.bytes += bytes;
        self.waited += began.elapsed();
    }

    /// True if the line is known to be slow.
    fn is_slow(&self) -> bool {
        let most = u128::from(self.bytes) * 1000 / u128::from(SLOW);
        self.bytes >= ENOUGH_BYTES && self.waited.as_millis() > most
    }
}

impl Session {
    /// True if the session should be compressed before anything more is sent.
    pub(super) fn wants_compression(&self) -> bool {
        !self.compression_tried
            && self.can("COMPRESS=DEFLATE")
            && match self.squeeze {
                Squeeze::Never => false,
                Squeeze::SlowLines => self.pace.is_slow(),
                Squeeze::Always => true,
            }
    }

    /// Compresses everything from now on, where the server agrees. Nothing may be on the way.
    pub(super) async fn compress(&mut self) -> Result<(), ConnectorError> {
        self.compression_tried = true;
        self.guard().hold_behind_ok();
        match self.command("COMPRESS DEFLATE", Doing::Other).await {
            Ok(_) => {
                tracing::info!(session = %self.name, "compressed from now on");
                self.guard().deflate();
                Ok(())
            }
            Err(error) if self.broken => Err(error),
            // Then not.
            Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_that_is_known_to_be_slow_is_worth_it() {
        let pace = |bytes, millis| Pace { bytes, waited: Duration::from_millis(millis) };
        assert!(!pace(1 << 19, 60_000).is_slow(), "too little to tell");
        assert!(!pace(1 << 20, 100).is_slow());
        assert!(pace(1 << 20, 1_000).is_slow());
        assert!(!pace(400 << 20, 4_000).is_slow());
    }
}
