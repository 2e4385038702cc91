//! How much of what a server claims is believed.

use mailferry_domain::folder::FolderStatus;
use mailferry_engine::port::{ConnectorError, Decision};
use mailferry_shared::finding::FindingCode;

/// Messages of one folder: ten times what the largest that anybody has told of hold.
const MOST_MESSAGES: u32 = 20_000_000;

/// Refuses a folder that claims to hold more messages than any does: to list it would take hours and gigabytes.
pub(super) fn believable(status: FolderStatus, name: &str) -> Result<FolderStatus, ConnectorError> {
    if status.messages <= MOST_MESSAGES {
        return Ok(status);
    }
    let context =
        format!("{name}: a folder claims {} messages, and no more than {MOST_MESSAGES} are believed", status.messages);
    Err(ConnectorError::new(FindingCode::FolderUnreadable, Decision::Skip, context))
}
