//! Which test host is met, from which side, and what it does then.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mailferry_shared::{account::SideName, sandbox::TestHost};

use crate::mailbox::Mailbox;

/// What the destination `quota-full` has room for: a part of the sample.
const LITTLE_ROOM_BYTES: u64 = 16 << 10;
/// How long `throttled` wants to be left alone.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);
/// What `slow` takes for each portion.
const SLOWLY: Duration = Duration::from_secs(1);

/// Where a connection has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The host.
    pub host: TestHost,
    /// As which side of an account pair.
    pub side: SideName,
    /// What a mailbox has room for, unless the host's behaviour is to have less.
    pub room_bytes: u64,
}

impl Place {
    /// What this mailbox has room for.
    pub(crate) fn room_bytes(&self) -> u64 {
        match (self.host, self.side) {
            (TestHost::QuotaFull, SideName::Destination) => LITTLE_ROOM_BYTES,
            _ => self.room_bytes,
        }
    }

    pub(crate) fn takes_logins(&self) -> bool {
        self.host != TestHost::BadPassword
    }

    /// How long it takes to answer where messages are read or written.
    pub(crate) fn pause(&self) -> Option<Duration> {
        (self.host == TestHost::Slow).then_some(SLOWLY)
    }

    /// For how long messages are neither read nor written, if that is so: the first time sets it.
    pub(crate) fn wait(&self, mailbox: &mut Mailbox, now: DateTime<Utc>) -> Option<Wait> {
        if self.host != TestHost::Throttled {
            return None;
        }
        let changed = mailbox.throttled_until.is_none();
        let until = *mailbox.throttled_until.get_or_insert(now + PATIENCE);
        // A clock that was set back must not make the wait longer than it ever was.
        let left = (until - now).min(PATIENCE);
        (left > TimeDelta::zero()).then(|| Wait { millis: left.num_milliseconds().max(1), changed })
    }
}

/// A wait that is asked for.
pub(crate) struct Wait {
    pub(crate) millis: i64,
    /// True if the mailbox remembers it from now on.
    pub(crate) changed: bool,
}
