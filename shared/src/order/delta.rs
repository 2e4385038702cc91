//! Deltas: what has arrived at the old account since.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{DeltaId, OrderId, PairId},
    run::{Counts, RunSummary},
};

/// Starts a delta.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct DeltaCreate {
    /// Only these pairs; empty: every pair that has had its main run.
    pub pair_ids: Vec<PairId>,
}

/// A delta with its runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delta {
    /// Its id.
    pub id: DeltaId,
    /// The order it belongs to.
    pub order_id: OrderId,
    /// When it was asked for.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// True once all its runs have ended.
    pub finished: bool,
    /// What it did, over all its runs.
    pub counts: Counts,
    /// One run a pair.
    pub runs: Vec<RunSummary>,
}

/// The deltas of an order, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeltaList {
    /// The deltas.
    pub items: Vec<Delta>,
    /// The cursor of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
