//! The protocol: the log of a run that people read. Never a body, and a subject only where the owner wants to see it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    finding::{Finding, FindingCode},
    run::{Counts, RunSummary},
};

/// What became of one folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FolderProtocol {
    /// Name at the source, decoded, `/` between the levels.
    pub source: String,
    /// Name at the destination.
    pub destination: String,
    /// What became of its messages.
    pub counts: Counts,
}

/// What became of one message that was not simply copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ItemOutcome {
    /// It was at the destination before.
    Duplicate,
    /// It was left out; the code says why.
    Skipped,
    /// It failed; the code says why.
    Failed,
    /// It could not be decided.
    Uncertain,
}

/// One message that was not simply copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemProtocol {
    /// What became of it.
    pub outcome: ItemOutcome,
    /// Folder at the source.
    pub folder: String,
    /// UID at the source (RFC 9051 section 2.3.1.1).
    pub uid: u32,
    /// Size in bytes as the source states it.
    pub size_bytes: u64,
    /// Internal date, when known.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub date: Option<DateTime<Utc>>,
    /// Message-ID, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Subject, decoded, at most 250 characters; only if the order's option `show_subjects` is on, and the server told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Cause or reason; absent for a duplicate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<FindingCode>,
}

/// The protocol of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Protocol {
    /// The run in brief.
    pub run: RunSummary,
    /// The old account.
    pub source: String,
    /// The new account.
    pub destination: String,
    /// Per folder, in the order they were copied.
    pub folders: Vec<FolderProtocol>,
    /// General errors and notes: what concerns a folder or the whole run.
    pub notes: Vec<Finding>,
    /// Messages that were duplicates, skipped, failed or uncertain; at most 1000, failed ones first; listProtocolItems has
    /// all of them.
    pub items: Vec<ItemProtocol>,
    /// How many such messages there are in all.
    pub items_total: u64,
}

/// One page of a protocol's messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProtocolItemPage {
    /// The messages: failed, uncertain, skipped, duplicate.
    pub items: Vec<ItemProtocol>,
    /// To be sent as `cursor` for the next page, with the same filter; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// The runs of a pair, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunList {
    /// The runs.
    pub items: Vec<RunSummary>,
    /// The cursor of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use crate::run::Counts;

    #[test]
    fn what_is_done_is_the_sum_of_the_outcomes() {
        let counts = Counts {
            listed: 15,
            stored: 5,
            present: 4,
            duplicates: 2,
            skipped: 3,
            failed: 2,
            uncertain: 1,
            ..Counts::default()
        };
        assert_eq!(counts.done(), 15);
    }
}
