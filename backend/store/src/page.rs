//! Parts of long lists.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Where a part of a list ends, by what the list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The last item's time as microseconds since 1970, or its number in the list.
    pub at: i64,
    /// The last item's id: it decides between items of one time.
    pub id: Uuid,
}

impl Position {
    /// The position of an item in a list that is sorted by time.
    pub fn new(time: DateTime<Utc>, id: Uuid) -> Self {
        Self { at: time.timestamp_micros(), id }
    }

    /// Time and id, if the time can be one.
    pub fn time_and_id(self) -> Option<(DateTime<Utc>, Uuid)> {
        Some((DateTime::from_timestamp_micros(self.at)?, self.id))
    }
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// What comes after this; `None`: from the beginning.
    pub after: Option<Position>,
    /// At most so many.
    pub limit: u32,
}
