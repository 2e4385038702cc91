//! When an order's link ends.

use chrono::{DateTime, Duration, Utc};

use super::{OrderLife, Terms};

/// An upgraded trial waits for its payment so much longer than it may be started: whoever is paying can end that.
const PAYING: Duration = Duration::days(1);

/// A delta that was started by hand does not prolong the link, but what came of it can be looked at for so long.
const LOOKING: Duration = Duration::days(1);

/// What the end of an order's link counts from, besides what belongs to its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When a draft is wished for, if it is.
    pub wished_start: Option<DateTime<Utc>>,
    /// When its very first run was started, a free trial's too.
    pub first_started_at: Option<DateTime<Utc>>,
    /// When its main run or trial, or the last delta that started by itself, ended; absent: with its last run.
    pub planned_end_at: Option<DateTime<Utc>>,
    /// When it was closed or cancelled.
    pub ended_at: Option<DateTime<Utc>>,
    /// A delta that starts by itself is still to come.
    pub delta_is_pending: bool,
}

impl OrderLife {
    /// When the link stops working: whatever else holds, so many days after the very first start. (A trial that has become
    /// a full migration goes on counting.)
    pub fn expires_at(self, marks: &Marks, terms: &Terms) -> DateTime<Utc> {
        let first = marks.first_started_at;
        let at = match self {
            Self::Draft => marks.wished_start.unwrap_or(marks.created_at).max(marks.created_at) + terms.draft_life,
            Self::AwaitingPayment { start } => {
                let most = start.earliest + terms.draft_life;
                // What is paid for must still have time to move.
                first.map_or(most, |first| most.min(terms.latest_start_after(first).max(start.earliest) + PAYING))
            }
            Self::Scheduled { start } => start.earliest + terms.draft_life,
            Self::Active(begun) | Self::Paused(begun) => begun.started_at + terms.link_after_start,
            Self::Completed(begun, _) if marks.delta_is_pending => begun.started_at + terms.link_after_start,
            Self::Completed(_, ended) => {
                let planned = marks.planned_end_at.unwrap_or(ended.finished_at) + terms.link_after_end;
                planned.max(ended.finished_at + LOOKING)
            }
            Self::Cancelled => marks.ended_at.unwrap_or(marks.created_at) + terms.link_after_end,
            Self::Closed => marks.ended_at.unwrap_or(marks.created_at),
        };
        match self {
            Self::Closed => at,
            _ => first.map_or(at, |first| at.min(first + terms.link_after_start)),
        }
    }
}
