//! What is copied, and how.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// One line of the folder mapping, by decoded names with `/` between the levels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FolderRule {
    /// The folder at the source; its children move along.
    #[cfg_attr(feature = "openapi", schema(example = "Gesendet"))]
    pub source: String,
    /// Its name at the destination.
    #[cfg_attr(feature = "openapi", schema(example = "Sent"))]
    pub destination: String,
}

/// What to copy and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct OrderOptions {
    /// Folders to leave out with their children, by decoded names with `/` between the levels.
    pub leave_out: Vec<String>,
    /// Copy the trash folder too.
    pub include_trash: bool,
    /// Copy the junk (spam) folder too.
    pub include_junk: bool,
    /// Larger messages are skipped and listed, bytes. Absent: the largest that is allowed here, which answers name.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_message_bytes: Option<u64>,
    /// Only messages whose internal date is on or after this day (UTC).
    #[serde(deserialize_with = "crate::time::read_day_opt", skip_serializing_if = "Option::is_none")]
    pub since: Option<NaiveDate>,
    /// Copy the newest messages of each folder first; the arrival order at the destination is then reversed.
    pub newest_first: bool,
    /// Deltas carry over what was read, flagged or answered at the old account meanwhile, unless it was changed at the new
    /// one.
    pub carry_flags: bool,
    /// Folders that get another name at the destination. A folder that has been copied stays where it is.
    pub folder_rules: Vec<FolderRule>,
    /// Show the subjects of messages that were left out, failed or stayed uncertain in the protocol. Unless this is on, no
    /// subject is read or kept; what was kept is erased when it is switched off.
    pub show_subjects: bool,
}

/// 50 MB: the largest message that is copied unless the service is set up otherwise.
pub const DEFAULT_MAX_MESSAGE_BYTES: u64 = 50_000_000;

impl OrderOptions {
    /// The largest message that is copied, bytes.
    #[must_use]
    pub fn largest_message(&self) -> u64 {
        self.max_message_bytes.unwrap_or(DEFAULT_MAX_MESSAGE_BYTES)
    }
}
