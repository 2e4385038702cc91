//! What a run may still move, where a provider lets an account move only so much a day.
//!
//! Bodies alone are counted, as they pass: what is read ahead when the amount is used up is still stored, and the run
//! stops without losing anything. It goes on by itself when the amount is fresh again.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use mailferry_shared::finding::FindingCode;

use crate::port::{ConnectorError, Decision};

/// What may still pass in one direction of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Bytes.
    pub left_bytes: u64,
    /// True if nothing has been used: then even a message that is larger than all of it may pass.
    pub untouched: bool,
    /// When there is a fresh one.
    pub fresh_in: Duration,
}

/// What may still pass in each direction; `None` where a provider sets no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowances {
    /// Read from the source.
    pub from_source: Option<Allowance>,
    /// Written to the destination.
    pub to_destination: Option<Allowance>,
    /// Read back from the destination.
    pub from_destination: Option<Allowance>,
}

/// An allowance that is being used up by all lanes of a run.
#[derive(Debug)]
struct Gauge {
    allowance: Allowance,
    left_bytes: AtomicU64,
    since: Instant,
}

impl Gauge {
    fn new(allowance: Allowance) -> Self {
        Self { allowance, left_bytes: AtomicU64::new(allowance.left_bytes), since: Instant::now() }
    }

    /// Takes note of what has passed.
    fn passed(&self, size_bytes: u64) {
        let less = |left: u64| Some(left.saturating_sub(size_bytes));
        // Always succeeds: the closure never refuses.
        let _ = self.left_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Takes what is about to pass, if there is enough of it.
    fn take(&self, size_bytes: u64) -> Result<(), ConnectorError> {
        let whole = self.allowance.untouched.then_some(self.allowance.left_bytes);
        let less = |left: u64| match left.checked_sub(size_bytes) {
            // Larger than all of a day: it would never pass.
            None if whole == Some(left) => Some(0),
            other => other,
        };
        match self.left_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
            Ok(_) => Ok(()),
            Err(_) => Err(self.used_up()),
        }
    }

    fn check(&self) -> Result<(), ConnectorError> {
        if self.left_bytes.load(Ordering::Relaxed) == 0 { Err(self.used_up()) } else { Ok(()) }
    }

    fn used_up(&self) -> ConnectorError {
        let wait = self.allowance.fresh_in.saturating_sub(self.since.elapsed());
        ConnectorError::new(FindingCode::DailyLimit, Decision::Postpone(wait), "moving a day's amount")
    }
}

/// Counts what passes, and says when it has to stop.
#[derive(Debug)]
pub(crate) struct Meter {
    from_source: Option<Gauge>,
    to_destination: Option<Gauge>,
    from_destination: Option<Gauge>,
}

impl Meter {
    pub(crate) fn new(allowances: Allowances) -> Self {
        Self {
            from_source: allowances.from_source.map(Gauge::new),
            to_destination: allowances.to_destination.map(Gauge::new),
            from_destination: allowances.from_destination.map(Gauge::new),
        }
    }

    /// True if any limit is set: else nobody needs to know what passes.
    pub(crate) fn counts(&self) -> bool {
        self.from_source.is_some() || self.to_destination.is_some() || self.from_destination.is_some()
    }

    /// The source has delivered so much.
    pub(crate) fn fetched(&self, size_bytes: u64) {
        self.from_source.iter().for_each(|gauge| gauge.passed(size_bytes));
    }

    /// The destination has delivered so much.
    pub(crate) fn read_back(&self, size_bytes: u64) {
        self.from_destination.iter().for_each(|gauge| gauge.passed(size_bytes));
    }

    /// Whether more may be asked for at the source.
    pub(crate) fn may_fetch(&self) -> Result<(), ConnectorError> {
        self.from_source.as_ref().map_or(Ok(()), Gauge::check)
    }

    /// Whether more may be asked for at the destination.
    pub(crate) fn may_read_back(&self) -> Result<(), ConnectorError> {
        self.from_destination.as_ref().map_or(Ok(()), Gauge::check)
    }

    /// Takes what is about to be sent.
    pub(crate) fn send(&self, size_bytes: u64) -> Result<(), ConnectorError> {
        self.to_destination.as_ref().map_or(Ok(()), |gauge| gauge.take(size_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(left_bytes: u64, untouched: bool) -> Meter {
        let allowance = Allowance { left_bytes, untouched, fresh_in: Duration::from_secs(3600) };
        Meter::new(Allowances {
            from_source: Some(allowance),
            to_destination: Some(allowance),
            ..Allowances::default()
        })
    }

    #[test]
    fn what_does_not_fit_into_the_day_waits_for_the_next() {
        let meter = meter(100, false);
        assert!(meter.send(60).is_ok());
        let error = meter.send(60).expect_err("60 of 40");
        assert!(meter.send(40).is_ok(), "something smaller still fits");
        assert_eq!(error.code, FindingCode::DailyLimit);
        assert!(matches!(error.decision, Decision::Postpone(wait) if wait > Duration::from_secs(3500)));
    }

    #[test]
    fn a_message_larger_than_a_whole_day_passes_alone() {
        let fresh = meter(100, true);
        assert!(fresh.send(160).is_ok());
        assert!(fresh.send(1).is_err());
        let begun = meter(100, false);
        assert!(begun.send(160).is_err(), "a day that has begun is not for it");
    }

    #[test]
    fn what_was_read_ahead_counts_and_nothing_more_is_asked_for() {
        let meter = meter(100, true);
        meter.fetched(99);
        assert!(meter.may_fetch().is_ok());
        meter.fetched(50);
        assert!(meter.may_fetch().is_err());
        assert!(meter.may_read_back().is_ok(), "where no limit is set, none is kept");
    }
}
