//! An order's life: Draft → AwaitingPayment → Scheduled → Active ⇄ Paused → Completed → (a delta: Active again) →
//! Closed; Cancelled from all but Closed. Transitions consume the state and name what is not possible.

use chrono::{DateTime, Utc};
use mailferry_shared::{
    order::{OrderAction, OrderState, StartKind},
    schedule::DeltaSchedule,
};

mod link;
mod terms;
#[cfg(test)]
mod tests;

pub use link::Marks;
pub use terms::{DelayHours, Terms};

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

    /// The owner takes the start back: the order is a draft again, or the completed trial that it was.
    ///
    /// # Errors
    /// [`OrderTransitionError`] unless the order waits for its earliest start.
    pub fn unschedule(self, trial: Option<(DateTime<Utc>, Ended)>) -> Result<Self, OrderTransitionError> {
        match (self, trial) {
            (Self::Scheduled { .. }, None) => Ok(Self::Draft),
            (Self::Scheduled { .. }, Some((started_at, ended))) => {
                Ok(Self::Completed(Begun { kind: StartKind::Trial, started_at }, ended))
            }
            _ => self.refuse("take its start back"),
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

    /// The owner resumes: a paused order, or runs that were `parked` until something was mended while others went on.
    ///
    /// # Errors
    /// [`OrderTransitionError`] unless the order is paused, or active with parked runs.
    pub fn resume(self, parked: bool) -> Result<Self, OrderTransitionError> {
        match self {
            Self::Paused(begun) => Ok(Self::Active(begun)),
            Self::Active(_) if parked => Ok(self),
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

    /// What the owner can do now.
    pub fn actions(self) -> Vec<OrderAction> {
        use OrderAction::{Cancel, Change, ChangeOptions, Delete, Pause, Resume, Start, StartDelta, Unschedule};
        match self {
            Self::Draft | Self::AwaitingPayment { .. } => vec![Change, Start, Cancel, Delete],
            Self::Scheduled { .. } => vec![Cancel, Unschedule],
            Self::Active(_) => vec![Pause, Cancel],
            Self::Paused(_) => vec![Resume, Cancel],
            Self::Completed(begun, _) if begun.kind == StartKind::Trial => vec![Start, ChangeOptions, Delete],
            Self::Completed(..) => vec![StartDelta, ChangeOptions, Delete],
            Self::Closed | Self::Cancelled => vec![Delete],
        }
    }

    /// The same where some runs may be `parked` until their owner has mended something: those can be resumed while others
    /// go on.
    pub fn actions_while(self, parked: bool) -> Vec<OrderAction> {
        let mut actions = self.actions();
        if parked && matches!(self, Self::Active(_)) {
            actions.insert(1, OrderAction::Resume);
        }
        actions
    }
}
