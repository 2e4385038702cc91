//! Runs: one execution for one account pair.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    finding::Finding,
    ids::{PairId, RunId},
};

/// What a run covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Mail of the last 10 days, free of charge.
    Trial,
    /// Everything.
    Main,
    /// What has arrived since, and what failed before.
    Delta,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Waits for a worker.
    Queued,
    /// A worker is at it.
    Running,
    /// Stopped by the owner, or parked until something is mended (the finding says what).
    Paused,
    /// Every message was copied, was there, or was left out by an option.
    Succeeded,
    /// Some messages or folders failed or are uncertain.
    Partial,
    /// It could not work at all.
    Failed,
    /// Cancelled by the owner.
    Cancelled,
}

impl RunState {
    /// True if the run will do nothing more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Partial | Self::Failed | Self::Cancelled)
    }
}

/// What became of the source's messages. `listed` is the sum of `stored`, `present`, `skipped`, `failed`,
/// `uncertain` once the run has ended; `duplicates` is a part of `present`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Counts {
    /// Messages found at the source.
    pub listed: u64,
    /// Their size in bytes.
    pub listed_bytes: u64,
    /// Copied by this run.
    pub stored: u64,
    /// Bytes copied by this run.
    pub stored_bytes: u64,
    /// Already at the destination: copied by an earlier run, or there before.
    pub present: u64,
    /// Bytes of those.
    pub present_bytes: u64,
    /// Of `present`, those at the destination without us.
    pub duplicates: u64,
    /// Left out, each with its reason.
    pub skipped: u64,
    /// Bytes of those.
    pub skipped_bytes: u64,
    /// Failed, each with its cause.
    pub failed: u64,
    /// Bytes of those.
    pub failed_bytes: u64,
    /// Could not be decided.
    pub uncertain: u64,
    /// Bytes of those.
    pub uncertain_bytes: u64,
}

impl Counts {
    /// Messages that have an outcome.
    pub fn done(&self) -> u64 {
        self.stored + self.present + self.skipped + self.failed + self.uncertain
    }

    /// Bytes of messages that have an outcome.
    pub fn done_bytes(&self) -> u64 {
        self.stored_bytes + self.present_bytes + self.skipped_bytes + self.failed_bytes + self.uncertain_bytes
    }

    /// Messages that are at the destination: copied by this run, or there before.
    pub fn arrived(&self) -> u64 {
        self.stored + self.present
    }

    /// Bytes of those.
    pub fn arrived_bytes(&self) -> u64 {
        self.stored_bytes + self.present_bytes
    }

    /// Adds `other`, field by field.
    pub fn add(&mut self, other: &Self) {
        self.listed += other.listed;
        self.listed_bytes += other.listed_bytes;
        self.stored += other.stored;
        self.stored_bytes += other.stored_bytes;
        self.present += other.present;
        self.present_bytes += other.present_bytes;
        self.duplicates += other.duplicates;
        self.skipped += other.skipped;
        self.skipped_bytes += other.skipped_bytes;
        self.failed += other.failed;
        self.failed_bytes += other.failed_bytes;
        self.uncertain += other.uncertain;
        self.uncertain_bytes += other.uncertain_bytes;
    }
}

/// A run in brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunSummary {
    /// Its id.
    pub id: RunId,
    /// The pair it is for.
    pub pair_id: PairId,
    /// 1 for the pair's first run (*Log 1*), and so on.
    pub number: u32,
    /// What it covers.
    pub kind: RunKind,
    /// Where it stands.
    pub state: RunState,
    /// When it was asked for.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// When a worker first took it.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
    /// What became of the messages so far.
    pub counts: Counts,
    /// Why it is parked or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
}
