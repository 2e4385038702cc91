//! When the operator can be asked to begin: some notice is needed, and more for a weekend. The service decides; the page
//! says it before somebody has to be refused.

use chrono::{DateTime, Datelike, Duration, FixedOffset, Timelike, Weekday};
use mailferry_shared::request::{FARTHEST_WISH_DAYS, NOTICE_HOURS, WEEKEND_NOTICE_HOURS};

/// Why a time cannot be wished for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// The operator needs [`NOTICE_HOURS`].
    TooSoon,
    /// It lies on a Saturday or Sunday: [`WEEKEND_NOTICE_HOURS`].
    WeekendTooSoon,
    /// More than [`FARTHEST_WISH_DAYS`] ahead.
    TooFar,
}

/// Minutes that pass while the form is sent.
const ON_THE_WAY: i64 = 5;
/// The hour of the evening that is proposed.
const EVENING: u32 = 20;

fn is_weekend(time: DateTime<FixedOffset>) -> bool {
    matches!(time.weekday(), Weekday::Sat | Weekday::Sun)
}

/// Whether the operator can be asked at `now` to begin at `wished`, both by the clock of whoever asks.
///
/// # Errors
/// [`Unfit`].
pub fn check(wished: DateTime<FixedOffset>, now: DateTime<FixedOffset>) -> Result<(), Unfit> {
    let ahead = wished - now;
    let (notice, unfit) =
        if is_weekend(wished) { (WEEKEND_NOTICE_HOURS, Unfit::WeekendTooSoon) } else { (NOTICE_HOURS, Unfit::TooSoon) };
    if ahead < Duration::hours(notice.into()) {
        Err(unfit)
    } else if ahead > Duration::days(FARTHEST_WISH_DAYS.into()) {
        Err(Unfit::TooFar)
    } else {
        Ok(())
    }
}

/// The first full hour that can be wished for.
pub fn earliest(now: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
    let from = now + Duration::minutes(ON_THE_WAY);
    let hours = (i64::from(NOTICE_HOURS)..).map(|hours| full_hour(from) + Duration::hours(hours + 1));
    let mut fitting = hours.filter(|time| check(*time, from).is_ok());
    // Some hour of the next week is none of a weekend.
    fitting.next().unwrap_or(from)
}

/// What is proposed: the first evening of a working day.
pub fn proposed(now: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
    let mut hours = (0..24 * 7).map(|hours| earliest(now) + Duration::hours(hours));
    hours.find(|time| time.hour() == EVENING && !is_weekend(*time)).unwrap_or_else(|| earliest(now))
}

fn full_hour(time: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
    time - Duration::minutes(time.minute().into())
        - Duration::seconds(time.second().into())
        - Duration::nanoseconds(time.nanosecond().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<FixedOffset> {
        text.parse().expect("a time")
    }

    #[test]
    fn a_day_of_notice_is_enough_on_working_days_and_two_are_needed_for_a_weekend() {
        // A Wednesday.
        let now = at("2026-11-25T19:00:00+01:00");
        assert_eq!(check(at("2026-11-26T18:59:00+01:00"), now), Err(Unfit::TooSoon));
        assert_eq!(check(at("2026-11-26T19:00:00+01:00"), now), Ok(()));
        // A Thursday.
        let now = at("2026-11-26T19:00:00+01:00");
        assert_eq!(check(at("2026-11-28T18:00:00+01:00"), now), Err(Unfit::WeekendTooSoon));
        assert_eq!(check(at("2026-11-28T19:00:00+01:00"), now), Ok(()));
        assert_eq!(check(at("2027-02-25T19:00:00+01:00"), now), Err(Unfit::TooFar));
    }

    #[test]
    fn the_weekend_is_that_of_whoever_asks() {
        let now = at("2026-11-26T19:00:00Z");
        let saturday = at("2026-11-28T00:30:00+10:00");
        assert_eq!(check(saturday, now), Err(Unfit::WeekendTooSoon));
        assert_eq!(check(saturday.with_timezone(&at("2026-11-28T00:30:00Z").timezone()), now), Err(Unfit::TooSoon));
    }

    #[test]
    fn what_is_proposed_can_be_wished_for_at_any_time_of_any_day() {
        let start = at("2026-11-23T00:17:42+01:00");
        for hours in 0..24 * 8 {
            let now = start + Duration::hours(hours);
            let (first, evening) = (earliest(now), proposed(now));
            assert_eq!(check(first, now), Ok(()), "{now}");
            assert_eq!((first.minute(), first.second()), (0, 0));
            assert!(first - now <= Duration::hours(50), "{now}: {first}");
            assert_eq!(check(evening, now), Ok(()), "{now}");
            assert_eq!((evening.hour(), is_weekend(evening)), (20, false));
        }
    }
}
