//! Live progress, polled with ETag / 304.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{OrderId, PairId},
    order::{OrderAction, OrderState},
    run::{Counts, RunSummary},
};

/// Progress of one account pair: its latest run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PairProgress {
    /// The pair.
    pub pair_id: PairId,
    /// The old account's name.
    pub source: String,
    /// The new account's name.
    pub destination: String,
    /// Its latest run; absent before the first. While it is under way, and if it failed, `listed` is what the survey counted,
    /// if that is more than the run has listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunSummary>,
    /// True while its latest run is open and what it has to copy was not counted beforehand: its `listed` is less than that.
    #[serde(default)]
    pub uncounted: bool,
    /// How many runs it has had, the latest included.
    pub runs: u32,
}

/// Progress of an order. `counts` adds up the latest run of every pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Progress {
    /// The order.
    pub order_id: OrderId,
    /// Where it stands.
    pub state: OrderState,
    /// Sums over the latest run of every pair.
    pub counts: Counts,
    /// Messages settled per second since the latest start, averaged; absent when nothing moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages_per_second: Option<u64>,
    /// Bytes settled per second since the latest start, averaged; absent when nothing moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_second: Option<u64>,
    /// When the current runs will have ended, if that can be told.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub estimated_finish: Option<DateTime<Utc>>,
    /// True while a pair is `uncounted`: the total, and the time until the end, are at least what is told here.
    #[serde(default)]
    pub at_least: bool,
    /// A row per ticked pair.
    pub pairs: Vec<PairProgress>,
    /// What can be done with the order now.
    pub actions: Vec<OrderAction>,
    /// When to ask again, milliseconds: 2000 while something moves, more when nothing does.
    pub poll_after_ms: u32,
}
