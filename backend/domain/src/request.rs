//! Requested migrations: when one may be wished for, and how a request goes from one state to the next.
//!
//! Until it is started a request has its own life: requested, accepted, declined, cancelled. From then on it follows its
//! order; once that is over, it is done or has expired.

use chrono::{DateTime, Datelike, Duration, FixedOffset, Utc, Weekday};
use mailferry_shared::{
    order::{OrderState, StartKind},
    request::{FARTHEST_WISH_DAYS, NOTICE_HOURS, RequestAction, RequestState, WEEKEND_NOTICE_HOURS},
};

use crate::order::OrderLife;

/// A migration cannot be wished for at this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WishError {
    /// The operator needs more notice.
    #[error("The wished start is at least {NOTICE_HOURS} hours ahead.")]
    TooSoon,
    /// The operator needs more notice, since it lies on a weekend.
    #[error(
        "A wished start on a Saturday or Sunday, in the time zone that it is written in, is at least \
         {WEEKEND_NOTICE_HOURS} hours ahead."
    )]
    WeekendTooSoon,
    /// Too far ahead.
    #[error("The wished start is at most {FARTHEST_WISH_DAYS} days ahead.")]
    TooFar,
}

/// Whether a migration may be wished for at `wished`: 24 hours ahead, 48 if that is a Saturday or Sunday where the
/// customer is, so that there is a working day for the operator to prepare it.
///
/// # Errors
/// [`WishError`].
pub fn may_wish(wished: DateTime<FixedOffset>, now: DateTime<Utc>) -> Result<(), WishError> {
    let ahead = wished.to_utc() - now;
    let weekend = matches!(wished.weekday(), Weekday::Sat | Weekday::Sun);
    if ahead < Duration::hours(NOTICE_HOURS.into()) {
        Err(if weekend { WishError::WeekendTooSoon } else { WishError::TooSoon })
    } else if weekend && ahead < Duration::hours(WEEKEND_NOTICE_HOURS.into()) {
        Err(WishError::WeekendTooSoon)
    } else if ahead > Duration::days(FARTHEST_WISH_DAYS.into()) {
        Err(WishError::TooFar)
    } else {
        Ok(())
    }
}

/// This is not possible in the request's present state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a request that is {from:?} cannot {action}")]
pub struct RequestTransitionError {
    /// Where it stands.
    pub from: RequestState,
    /// What was asked for, as a verb.
    pub action: &'static str,
}

/// The operator will do it.
///
/// # Errors
/// [`RequestTransitionError`] unless the operator has not answered yet.
pub fn accept(state: RequestState) -> Result<RequestState, RequestTransitionError> {
    match state {
        RequestState::Requested => Ok(RequestState::Accepted),
        from => Err(RequestTransitionError { from, action: "be accepted" }),
    }
}

/// The operator will not do it, even if that was said before.
///
/// # Errors
/// [`RequestTransitionError`] once it runs, or is over.
pub fn decline(state: RequestState) -> Result<RequestState, RequestTransitionError> {
    if state.is_open() { Ok(RequestState::Declined) } else { Err(error(state, "be declined")) }
}

/// The customer does not want it any more.
///
/// # Errors
/// [`RequestTransitionError`] once it runs (then the order itself can be cancelled), or is over.
pub fn cancel(state: RequestState) -> Result<RequestState, RequestTransitionError> {
    if state.is_open() { Ok(RequestState::Cancelled) } else { Err(error(state, "be cancelled")) }
}

/// The operator may schedule its order.
///
/// # Errors
/// [`RequestTransitionError`] unless it was accepted.
pub fn may_start(state: RequestState) -> Result<(), RequestTransitionError> {
    if state == RequestState::Accepted { Ok(()) } else { Err(error(state, "be started")) }
}

fn error(from: RequestState, action: &'static str) -> RequestTransitionError {
    RequestTransitionError { from, action }
}

/// Where a request stands now that its order is as it is; `delta_pending` is true until a delta that was planned at the
/// start has begun.
#[must_use]
pub fn follow(state: RequestState, order: OrderLife, delta_pending: bool) -> RequestState {
    use RequestState::{Accepted, Cancelled, Declined, Done, Expired, Requested, Running};
    match (state, order) {
        // What came after is the order's own affair.
        (Done | Declined | Cancelled | Expired, _) => state,
        (_, OrderLife::Active(_) | OrderLife::Paused(_)) => Running,
        (_, OrderLife::Completed(begun, _)) if begun.kind == StartKind::Main && !delta_pending => Done,
        (_, OrderLife::Completed(..)) => Running,
        (_, OrderLife::Cancelled) => Cancelled,
        (_, OrderLife::Closed) => Expired,
        (
            Requested | Accepted | Running,
            OrderLife::Draft | OrderLife::AwaitingPayment { .. } | OrderLife::Scheduled { .. },
        ) => state,
    }
}

/// What the operator can do now.
pub fn operator_actions(state: RequestState, order: OrderState) -> Vec<RequestAction> {
    use RequestAction::{Accept, Decline, Start};
    match (state, order) {
        (RequestState::Requested, _) => vec![Accept, Decline],
        (RequestState::Accepted, OrderState::Draft | OrderState::AwaitingPayment) => vec![Start, Decline],
        (RequestState::Accepted, _) => vec![Decline],
        _ => Vec::new(),
    }
}

/// What the customer can do now.
pub fn customer_actions(state: RequestState) -> Vec<RequestAction> {
    if state.is_open() { vec![RequestAction::Cancel] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;
    use crate::order::{Begun, Ended, Start};

    /// A time of the week of Monday, 23 November 2026, written with an offset of `hours`.
    fn at(day: u32, hour: u32, hours: i32) -> DateTime<FixedOffset> {
        let zone = FixedOffset::east_opt(hours * 3600).expect("an offset");
        zone.with_ymd_and_hms(2026, 11, 22 + day, hour, 0, 0).single().expect("a time")
    }

    const FRIDAY: u32 = 5;

    #[test]
    fn a_wish_is_24_hours_ahead_and_48_for_a_weekend() {
        let wish = |wished, now: DateTime<FixedOffset>| may_wish(wished, now.to_utc());
        assert_eq!(wish(at(FRIDAY, 9, 0), at(FRIDAY - 1, 9, 0)), Ok(()));
        assert_eq!(wish(at(FRIDAY, 9, 0), at(FRIDAY - 1, 10, 0)), Err(WishError::TooSoon));
        for weekend in [FRIDAY + 1, FRIDAY + 2] {
            assert_eq!(wish(at(weekend, 9, 0), at(weekend - 2, 9, 0)), Ok(()));
            assert_eq!(wish(at(weekend, 9, 0), at(weekend - 2, 10, 0)), Err(WishError::WeekendTooSoon));
            assert_eq!(wish(at(weekend, 9, 0), at(weekend, 8, 0)), Err(WishError::WeekendTooSoon));
        }
        assert_eq!(wish(at(FRIDAY + 3, 0, 0), at(FRIDAY + 2, 0, 0)), Ok(()), "Monday is no weekend");
        assert_eq!(wish(at(1, 9, 0), at(2, 9, 0)), Err(WishError::TooSoon), "the past");
        let last = at(1, 9, 0) + Duration::days(90);
        assert_eq!(wish(last, at(1, 9, 0)), Ok(()));
        assert_eq!(wish(last + Duration::minutes(1), at(1, 9, 0)), Err(WishError::TooFar));
    }

    #[test]
    fn the_weekend_is_where_the_customer_is() {
        // Friday evening in London is Saturday in Oslo and Friday noon in New York.
        let now = at(FRIDAY - 1, 12, 0).to_utc();
        let instant = at(FRIDAY, 23, 0);
        assert_eq!(may_wish(instant, now), Ok(()));
        let oslo = instant.with_timezone(&FixedOffset::east_opt(3600).expect("an offset"));
        assert_eq!(may_wish(oslo, now), Err(WishError::WeekendTooSoon));
        let new_york = instant.with_timezone(&FixedOffset::west_opt(5 * 3600).expect("an offset"));
        assert_eq!(may_wish(new_york, now), Ok(()));
        assert!(WishError::WeekendTooSoon.to_string().contains("48 hours"));
    }

    #[test]
    fn an_answer_is_given_while_it_waits_and_not_after() {
        use RequestState::{Accepted, Cancelled, Declined, Done, Expired, Requested, Running};
        assert_eq!(accept(Requested), Ok(Accepted));
        assert_eq!((decline(Requested), decline(Accepted)), (Ok(Declined), Ok(Declined)));
        assert_eq!((cancel(Requested), cancel(Accepted)), (Ok(Cancelled), Ok(Cancelled)));
        assert!(may_start(Accepted).is_ok() && may_start(Requested).is_err());
        for over in [Running, Done, Declined, Cancelled, Expired] {
            assert!(accept(over).is_err() && decline(over).is_err() && cancel(over).is_err(), "{over:?}");
            assert!(may_start(over).is_err() && customer_actions(over).is_empty(), "{over:?}");
            assert!(operator_actions(over, OrderState::Active).is_empty(), "{over:?}");
        }
        assert_eq!(accept(Accepted).expect_err("twice").to_string(), "a request that is Accepted cannot be accepted");
    }

    #[test]
    fn a_request_follows_its_order_until_everything_planned_is_done() {
        use RequestState::{Accepted, Cancelled, Declined, Done, Expired, Requested, Running};
        let time = DateTime::UNIX_EPOCH;
        let begun = |kind| Begun { kind, started_at: time };
        let (main, trial) = (begun(StartKind::Main), begun(StartKind::Trial));
        let start = Start { kind: StartKind::Main, earliest: time, delta: None };
        let ended = Ended { finished_at: time };
        for (state, order, pending, then) in [
            (Requested, OrderLife::Draft, false, Requested),
            (Accepted, OrderLife::AwaitingPayment { start }, false, Accepted),
            (Accepted, OrderLife::Scheduled { start }, true, Accepted),
            (Accepted, OrderLife::Active(main), true, Running),
            (Running, OrderLife::Paused(main), true, Running),
            (Running, OrderLife::Completed(main, ended), true, Running),
            (Running, OrderLife::Active(main), false, Running),
            (Running, OrderLife::Completed(main, ended), false, Done),
            (Running, OrderLife::Completed(trial, ended), false, Running),
            (Running, OrderLife::Scheduled { start }, false, Running),
            (Done, OrderLife::Active(main), false, Done),
            (Done, OrderLife::Closed, false, Done),
            (Requested, OrderLife::Closed, false, Expired),
            (Running, OrderLife::Closed, true, Expired),
            (Expired, OrderLife::Closed, false, Expired),
            (Running, OrderLife::Cancelled, false, Cancelled),
            (Declined, OrderLife::Cancelled, false, Declined),
        ] {
            assert_eq!(follow(state, order, pending), then, "{state:?} with {order:?}");
        }
    }

    #[test]
    fn what_is_offered_can_be_done() {
        for (state, order) in [
            (RequestState::Requested, OrderState::Draft),
            (RequestState::Accepted, OrderState::Draft),
            (RequestState::Accepted, OrderState::AwaitingPayment),
            (RequestState::Accepted, OrderState::Scheduled),
        ] {
            let offered = operator_actions(state, order);
            assert_eq!(offered.contains(&RequestAction::Accept), accept(state).is_ok());
            assert_eq!(offered.contains(&RequestAction::Decline), decline(state).is_ok());
            let startable = may_start(state).is_ok() && order != OrderState::Scheduled;
            assert_eq!(offered.contains(&RequestAction::Start), startable);
            assert_eq!(customer_actions(state), [RequestAction::Cancel]);
        }
    }
}
