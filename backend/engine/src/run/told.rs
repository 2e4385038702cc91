//! What a run tells in the end.

use std::{collections::BTreeMap, time::Duration};

use mailferry_domain::{folder::FolderPath, mapping::LeftOut};
use mailferry_shared::{
    finding::{Finding, FindingCode},
    run::{Counts, RunState},
};

use super::stop::Stop;
use crate::port::{Command, ConnectorError, Decision, Interrupted, LedgerError};

/// How a run ended.
#[derive(Debug)]
pub enum RunEnd {
    /// It came to its end: Succeeded or Partial.
    Done(RunState),
    /// It could not work at all.
    Failed(ConnectorError),
    /// It came to its end, but folders were left on a line that was lost again and again: the same later will
    /// probably bring them. [`RunReport::unfinished`] names them.
    Unfinished(ConnectorError),
    /// It goes on by itself after this long: a provider asked for a long wait, or the day's amount is used up.
    Postponed(ConnectorError, Duration),
    /// It waits until its owner has mended something.
    Parked(ConnectorError),
    /// It was told to stop: pause, cancel, hand over or abandon.
    Stopped(Command),
    /// The ledger cannot be written, or another worker holds the lease.
    Ledger(LedgerError),
    /// A test stopped it.
    Interrupted(Interrupted),
}

/// What became of one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderReport {
    /// At the source.
    pub source: FolderPath,
    /// At the destination.
    pub destination: FolderPath,
    /// What became of its messages in this process; of a dry run, what would.
    pub counts: Counts,
    /// True if it was, or would be, made at the destination.
    pub created: bool,
    /// True if the destination cannot take the name as it is.
    pub renamed: bool,
    /// Of a dry run: how many messages would be left out for which reason, and their bytes.
    pub skips: BTreeMap<FindingCode, (u64, u64)>,
}

/// What a run did.
#[derive(Debug)]
pub struct RunReport {
    /// How it ended.
    pub end: RunEnd,
    /// The run's totals by the ledger; of a dry run, what would be done.
    pub counts: Counts,
    /// Per folder, in the order of the mapping.
    pub folders: Vec<FolderReport>,
    /// Folders left out, with the reason.
    pub left_out: Vec<(FolderPath, LeftOut)>,
    /// Of a dry run: how many messages lie in those that could be counted.
    pub left_out_messages: BTreeMap<FolderPath, u64>,
    /// What concerns folders or the whole run.
    pub notes: Vec<Finding>,
    /// Folders that were left for another attempt, with the reason. They are no notes yet: whoever makes no further
    /// attempt records them.
    pub unfinished: Vec<Finding>,
}

impl From<Stop> for RunEnd {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Connector(error) => match error.decision {
                Decision::Park => Self::Parked(error),
                Decision::Postpone(wait) => Self::Postponed(error, wait),
                Decision::Retry | Decision::Wait(_) | Decision::Skip | Decision::Permanent => Self::Failed(error),
            },
            Stop::Ledger(error) => Self::Ledger(error),
            Stop::Command(command) => Self::Stopped(command),
            Stop::Interrupted(interrupted) => Self::Interrupted(interrupted),
        }
    }
}
