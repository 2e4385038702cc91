//! Parts of long lists.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::value::{Arg, args};

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

/// Which way a list goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The oldest, or the first, comes first.
    Up,
    /// The latest comes first.
    Down,
}

impl Part {
    /// All of a list.
    pub const ALL: Self = Self { after: None, limit: u32::MAX };

    /// What a statement goes on with behind its condition to read this part alone, in the order of these columns (time or
    /// number, and id); `args` are those that it has already.
    pub(crate) fn clause(&self, [at, id]: [&str; 2], way: Way, args: &mut Vec<Arg>) -> String {
        let first = args.len() + 1;
        args.extend(args![self.after.map(|after| after.at), self.after.map(|after| after.id), self.limit]);
        let (sign, word) = match way {
            Way::Up => ('>', "ASC"),
            Way::Down => ('<', "DESC"),
        };
        let (second, third) = (first + 1, first + 2);
        format!(
            " AND (${first} IS NULL OR ({at}, {id}) {sign} (${first}, ${second}))
             ORDER BY {at} {word}, {id} {word} LIMIT ${third}"
        )
    }
}
