//! How long things last.

use chrono::{DateTime, Duration, Utc};

/// How long things last; every one is a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The link works this long after the end of the main run or the last delta that started by itself.
    pub link_after_end: Duration,
    /// And at most this long after the first start.
    pub link_after_start: Duration,
    /// A draft that nobody starts is closed after this time.
    pub draft_life: Duration,
    /// The mail about the link's end is sent this long before it.
    pub link_warning: Duration,
    /// The personal data of an order is deleted this long after it was closed or cancelled.
    pub purge_after_end: Duration,
    /// The delay of a delta that starts by itself, hours: unless another is asked for, the least, the most.
    pub delta_delay_hours: DelayHours,
    /// Orders at work at once for each member or API key, unless their tenant has a limit of its own.
    pub active_orders: u32,
}

impl Terms {
    /// The latest time at which a full migration may start after a free trial whose run was started `first`: its link must
    /// still work for as long as after any end.
    pub fn latest_start_after(&self, first: DateTime<Utc>) -> DateTime<Utc> {
        first + self.link_after_start - self.link_after_end
    }
}

/// The delay of a delta that starts by itself, hours from the end of the first run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelayHours {
    /// Unless another is asked for.
    pub usual: u32,
    /// At least.
    pub least: u32,
    /// At most.
    pub most: u32,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            link_after_end: Duration::days(14),
            link_after_start: Duration::days(45),
            draft_life: Duration::days(30),
            link_warning: Duration::days(3),
            purge_after_end: Duration::days(30),
            delta_delay_hours: DelayHours { usual: 8, least: 4, most: 23 },
            active_orders: 10,
        }
    }
}
