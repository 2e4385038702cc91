//! An order's life: Draft → AwaitingPayment → Scheduled → Active ⇄ Paused → Completed → (a delta: Active again) →
//! Closed; Cancelled from all but Closed. Transitions consume the state and name what is not possible.

use chrono::{DateTime, Duration, Utc};
use mailferry_shared::{
    order::{OrderAction, OrderState, StartKind},
    schedule::DeltaSchedule,
};

/// How long things last; every one is a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The link works this long after the end of the main run or the last delta.
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

/// Where an order stands, with what belongs to that state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderLife {
    /// Being filled in.
    Draft,
    /// Start was asked for; payment is missing.
    AwaitingPayment {
        /// What was asked for.
        start: Start,
    },
    /// Waits for its earliest start.
    Scheduled {
        /// What was asked for.
        start: Start,
    },
    /// Runs are queued or running.
    Active(Begun),
    /// Stopped by its owner.
    Paused(Begun),
    /// All runs have ended.
    Completed(Begun, Ended),
    /// The link has expired.
    Closed,
    /// Stopped for good.
    Cancelled,
}

/// What a start was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Full migration or free trial.
    pub kind: StartKind,
    /// Not before this time.
    pub earliest: DateTime<Utc>,
    /// The delta that follows by itself, if one does.
    pub delta: Option<DeltaSchedule>,
}

/// An order that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// Full migration or free trial.
    pub kind: StartKind,
    /// When the first run was started.
    pub started_at: DateTime<Utc>,
}

/// When its last run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// End of the last run.
    pub finished_at: DateTime<Utc>,
}

/// This is not possible in the order's present state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {from:?} cannot {action}")]
pub struct OrderTransitionError {
    /// Where it stands.
    pub from: OrderState,
    /// What was asked for, as a verb.
    pub action: &'static str,
}

impl OrderLife {
    /// The state alone, as the API shows it.
    pub fn state(self) -> OrderState {
        match self {
            Self::Draft => OrderState::Draft,
            Self::AwaitingPayment { .. } => OrderState::AwaitingPayment,
            Self::Scheduled { .. } => OrderState::Scheduled,
            Self::Active(_) => OrderState::Active,
            Self::Paused(_) => OrderState::Paused,
            Self::Completed(..) => OrderState::Completed,
            Self::Closed => OrderState::Closed,
            Self::Cancelled => OrderState::Cancelled,
        }
    }

    fn refuse<T>(self, action: &'static str) -> Result<T, OrderTransitionError> {
        Err(OrderTransitionError { from: self.state(), action })
    }

    /// The owner asks to start. A completed trial can be started again as a full migration.
    ///
    /// # Errors
    /// [`OrderTransitionError`] unless the order is a draft, awaits payment, or is a completed trial.
    pub fn start(self, start: Start, paid: bool) -> Result<Self, OrderTransitionError> {
        match self {
            Self::Draft | Self::AwaitingPayment { .. } => {}
            Self::Completed(begun, _) if begun.kind == StartKind::Trial && start.kind == StartKind::Main => {}
            _ => return self.refuse("be started"),
        }
        Ok(if paid || start.kind == StartKind::Trial {
            Self::Scheduled { start }
        } else {
            Self::AwaitingPayment { start }
        })
    }

    /// Payment has arrived; an order that waits for it goes on, any other stays.
    #[must_use]
    pub fn paid(self) -> Self {
        match self {
            Self::AwaitingPayment { start } => Self::Scheduled { start },
            other => other,
        }
    }

    /// The earliest start has come.
    ///
    /// # Errors
    /// [`OrderTransitionError`] unless the order is scheduled.
    pub fn begin(self, now: DateTime<Utc>) -> Result<Self, OrderTransitionError> {
        match self {
            Self::Scheduled { start } => Ok(Self::Active(Begun { kind: start.kind, started_at: now })),
            _ => self.refuse("begin"),
        }
    }

    /// The owner pauses.
    ///
    /// # Errors
    /// [`OrderTransitionError`] unless the order is active.
    pub fn pause(self) -> Result<Self, OrderTransitionError> {
        match self {
            Self::Active(begun) => Ok(Self::Paused(begun)),
            _ => self.refuse("be paused"),
        }
    }

    /// The owner resumes.
    ///
    /// # Errors
    /// [`OrderTransitionError`] unless the order is paused.
    pub fn resume(self) -> Result<Self, OrderTransitionError> {
        match self {
            Self::Paused(begun) => Ok(Self::Active(begun)),
            _ => self.refuse("be resumed"),
        }
    }

    /// The last run has ended.
    ///
    /// # Errors
    /// [`OrderTransitionError`] unless the order is active or paused.
    pub fn complete(self, now: DateTime<Utc>) -> Result<Self, OrderTransitionError> {
        match self {
            Self::Active(begun) | Self::Paused(begun) => Ok(Self::Completed(begun, Ended { finished_at: now })),
            _ => self.refuse("be completed"),
        }
    }

    /// The owner starts a delta.
    ///
    /// # Errors
    /// [`OrderTransitionError`] unless a full migration is completed.
    pub fn start_delta(self) -> Result<Self, OrderTransitionError> {
        match self {
            Self::Completed(begun, _) if begun.kind == StartKind::Main => Ok(Self::Active(begun)),
            _ => self.refuse("start a delta"),
        }
    }

    /// The owner has what failed tried again.
    ///
    /// # Errors
    /// [`OrderTransitionError`] unless the order is completed.
    pub fn retry(self) -> Result<Self, OrderTransitionError> {
        match self {
            Self::Completed(begun, _) => Ok(Self::Active(begun)),
            _ => self.refuse("try again what failed"),
        }
    }

    /// The owner cancels; what was copied stays.
    ///
    /// # Errors
    /// [`OrderTransitionError`] if the order is closed or cancelled already.
    pub fn cancel(self) -> Result<Self, OrderTransitionError> {
        match self {
            Self::Closed | Self::Cancelled => self.refuse("be cancelled"),
            _ => Ok(Self::Cancelled),
        }
    }

    /// The link has expired; runs that are still under way stop.
    #[must_use]
    pub fn close(self) -> Self {
        match self {
            Self::Cancelled => self,
            _ => Self::Closed,
        }
    }

    /// When the link stops working; `since` tells since when it is a draft, or over.
    pub fn expires_at(self, since: DateTime<Utc>, terms: &Terms) -> DateTime<Utc> {
        match self {
            Self::Active(begun) | Self::Paused(begun) => begun.started_at + terms.link_after_start,
            Self::Completed(begun, ended) => {
                (ended.finished_at + terms.link_after_end).min(begun.started_at + terms.link_after_start)
            }
            // Nobody asks for a start in the past: whoever pays late has this time again.
            Self::AwaitingPayment { start } | Self::Scheduled { start } => start.earliest + terms.draft_life,
            Self::Draft => since + terms.draft_life,
            Self::Closed | Self::Cancelled => since + terms.link_after_end,
        }
    }

    /// What the owner can do now.
    pub fn actions(self) -> Vec<OrderAction> {
        use OrderAction::{Cancel, Change, Delete, Pause, Resume, Start, StartDelta};
        match self {
            Self::Draft | Self::AwaitingPayment { .. } => vec![Change, Start, Cancel, Delete],
            Self::Scheduled { .. } => vec![Cancel],
            Self::Active(_) => vec![Pause, Cancel],
            Self::Paused(_) => vec![Resume, Cancel],
            Self::Completed(begun, _) if begun.kind == StartKind::Trial => vec![Start, Delete],
            Self::Completed(..) => vec![StartDelta, Delete],
            Self::Closed | Self::Cancelled => vec![Delete],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::days(day)
    }

    fn main_start() -> Start {
        Start { kind: StartKind::Main, earliest: at(1), delta: None }
    }

    #[test]
    fn a_full_migration_waits_for_payment_and_a_trial_does_not() {
        let waiting = OrderLife::Draft.start(main_start(), false).expect("draft");
        assert_eq!(waiting.state(), OrderState::AwaitingPayment);
        assert_eq!(waiting.paid().state(), OrderState::Scheduled);
        let trial = OrderLife::Draft.start(Start { kind: StartKind::Trial, ..main_start() }, false).expect("draft");
        assert_eq!(trial.state(), OrderState::Scheduled);
    }

    #[test]
    fn the_whole_way_with_a_pause_and_a_delta() {
        let life = OrderLife::Draft.start(main_start(), true).and_then(|o| o.begin(at(1))).expect("begins");
        let life = life.pause().and_then(OrderLife::resume).and_then(|o| o.complete(at(2))).expect("completes");
        assert_eq!(life.actions()[0], OrderAction::StartDelta);
        let life = life.start_delta().and_then(|o| o.complete(at(9))).expect("delta completes");
        assert_eq!(life.expires_at(at(0), &Terms::default()), at(23));
        assert_eq!(life.close().state(), OrderState::Closed);
    }

    #[test]
    fn who_waits_for_payment_has_time_from_the_start_and_who_cancels_can_still_read() {
        let terms = Terms::default();
        let waiting = OrderLife::AwaitingPayment { start: Start { earliest: at(50), ..main_start() } };
        assert_eq!(waiting.expires_at(at(0), &terms), at(80), "however long ago it was created");
        assert_eq!(OrderLife::Cancelled.expires_at(at(50), &terms), at(64));
        assert_eq!(OrderLife::Draft.expires_at(at(50), &terms), at(80));
    }

    #[test]
    fn the_link_never_outlives_45_days_from_the_first_start() {
        let begun = Begun { kind: StartKind::Main, started_at: at(0) };
        let late = OrderLife::Completed(begun, Ended { finished_at: at(40) });
        assert_eq!(late.expires_at(at(0), &Terms::default()), at(45));
    }

    #[test]
    fn a_trial_has_no_delta_but_becomes_a_full_migration() {
        let begun = Begun { kind: StartKind::Trial, started_at: at(1) };
        let done = OrderLife::Completed(begun, Ended { finished_at: at(2) });
        assert_eq!(
            done.start_delta(),
            Err(OrderTransitionError { from: OrderState::Completed, action: "start a delta" })
        );
        assert_eq!(done.start(main_start(), true).expect("upgrade").state(), OrderState::Scheduled);
    }

    #[test]
    fn what_is_not_possible_says_so() {
        let error = OrderLife::Closed.cancel().expect_err("closed");
        assert_eq!(error.to_string(), "an order that is Closed cannot be cancelled");
        assert!(
            OrderLife::Active(Begun { kind: StartKind::Main, started_at: at(0) }).start(main_start(), true).is_err()
        );
    }
}
