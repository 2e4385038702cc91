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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::days(day)
    }

    const NEW: Marks = Marks {
        created_at: DateTime::UNIX_EPOCH,
        wished_start: None,
        first_started_at: None,
        planned_end_at: None,
        ended_at: None,
        delta_is_pending: false,
    };

    fn ends(life: OrderLife, marks: Marks) -> i64 {
        (life.expires_at(&marks, &Terms::default()) - DateTime::UNIX_EPOCH).num_days()
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
    fn a_start_can_be_taken_back_until_it_has_come() {
        let scheduled = OrderLife::Draft.start(main_start(), true).expect("draft");
        assert!(scheduled.actions().contains(&OrderAction::Unschedule));
        assert_eq!(scheduled.unschedule(None), Ok(OrderLife::Draft));
        let ended = Ended { finished_at: at(2) };
        let trial = OrderLife::Completed(Begun { kind: StartKind::Trial, started_at: at(1) }, ended);
        let upgraded = trial.start(main_start(), true).expect("a trial");
        assert_eq!(upgraded.unschedule(Some((at(1), ended))), Ok(trial));
        let active = scheduled.begin(at(1)).expect("begins");
        assert!(active.unschedule(None).is_err() && !active.actions().contains(&OrderAction::Unschedule));
    }

    #[test]
    fn the_whole_way_with_a_pause_and_a_delta() {
        let life = OrderLife::Draft.start(main_start(), true).and_then(|o| o.begin(at(1))).expect("begins");
        let life = life.pause().and_then(|o| o.resume(false)).and_then(|o| o.complete(at(2))).expect("completes");
        assert_eq!(life.actions()[0], OrderAction::StartDelta);
        let life = life.start_delta().and_then(|o| o.complete(at(9))).expect("delta completes");
        assert_eq!(ends(life, NEW), 23);
        assert_eq!(life.close().state(), OrderState::Closed);
    }

    #[test]
    fn options_can_be_changed_between_two_runs_and_nothing_else_about_what_is_copied() {
        for kind in [StartKind::Main, StartKind::Trial] {
            let ended = OrderLife::Completed(Begun { kind, started_at: at(1) }, Ended { finished_at: at(2) });
            let actions = ended.actions();
            assert!(actions.contains(&OrderAction::ChangeOptions) && !actions.contains(&OrderAction::Change));
        }
        let active = OrderLife::Active(Begun { kind: StartKind::Main, started_at: at(1) });
        assert!(!active.actions().contains(&OrderAction::ChangeOptions));
    }

    #[test]
    fn the_link_works_14_days_after_the_end_and_never_outlives_45_days_from_the_first_start() {
        let begun = Begun { kind: StartKind::Main, started_at: at(0) };
        let marks = Marks { first_started_at: Some(at(0)), ..NEW };
        let ended = |day| OrderLife::Completed(begun, Ended { finished_at: at(day) });
        assert_eq!(ends(ended(2), marks), 16);
        assert_eq!(ends(ended(40), marks), 45);
        assert_eq!(ends(OrderLife::Paused(begun), marks), 45);
        assert_eq!(
            ends(ended(2), Marks { delta_is_pending: true, ..marks }),
            45,
            "a delta that was planned is not lost"
        );
        let upgraded = Begun { kind: StartKind::Main, started_at: at(30) };
        assert_eq!(ends(OrderLife::Active(upgraded), marks), 45, "from the very first start");
    }

    #[test]
    fn a_delta_started_by_hand_does_not_prolong_the_link_but_can_be_looked_at() {
        let begun = Begun { kind: StartKind::Main, started_at: at(0) };
        let marks = Marks { first_started_at: Some(at(0)), planned_end_at: Some(at(2)), ..NEW };
        let ended = |day| OrderLife::Completed(begun, Ended { finished_at: at(day) });
        assert_eq!([ended(2), ended(9), ended(15)].map(|life| ends(life, marks)), [16; 3]);
        assert_eq!(ends(ended(16), marks), 17, "it was under way when the link would have ended");
        let scheduled = Marks { planned_end_at: Some(at(9)), ..marks };
        assert_eq!(ends(ended(9), scheduled), 23, "one that started by itself counts");
    }

    #[test]
    fn a_draft_lives_for_30_days_and_from_its_wished_start_if_that_is_later() {
        assert_eq!(ends(OrderLife::Draft, NEW), 30);
        assert_eq!(ends(OrderLife::Draft, Marks { wished_start: Some(at(60)), ..NEW }), 90);
    }

    #[test]
    fn an_order_that_waits_for_payment_lives_for_30_days_from_its_earliest_start() {
        let waiting = |day| OrderLife::AwaitingPayment { start: Start { earliest: at(day), ..main_start() } };
        assert_eq!(ends(waiting(29), NEW), 59, "whatever its draft was");
        assert_eq!(ends(waiting(60), NEW), 90, "until it may start at all");
        let trial = Marks { first_started_at: Some(at(40)), ..NEW };
        assert_eq!(
            ends(waiting(45), trial),
            72,
            "a trial may start as a full migration until day 71, and be paid a day later"
        );
        assert_eq!(ends(waiting(71), trial), 72);
    }

    #[test]
    fn the_link_of_what_was_cancelled_works_14_days_from_then() {
        let cancelled = Marks { ended_at: Some(at(40)), ..NEW };
        assert_eq!(ends(OrderLife::Cancelled, cancelled), 54, "however old the order is");
        assert_eq!(ends(OrderLife::Cancelled, Marks { first_started_at: Some(at(0)), ..cancelled }), 45);
        assert_eq!(ends(OrderLife::Closed, cancelled), 40);
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
