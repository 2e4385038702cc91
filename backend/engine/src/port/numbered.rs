//! Folders whose UIDs must mean what they did.

use mailferry_domain::{folder::FolderStatus, uid::UidValidity};
use mailferry_shared::finding::FindingCode;

use super::error::{ConnectorError, Decision};

/// A folder whose UIDs are known. If it was made anew or restored since, so that they are other messages' by now, it must be
/// listed anew: whatever is asked about them fails, and a later attempt makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbered<'a> {
    /// Its name on the wire.
    pub wire_name: &'a str,
    /// As it was when the UIDs were learnt.
    pub uid_validity: UidValidity,
}

impl Numbered<'_> {
    /// The folder was opened again, and stands like this.
    ///
    /// # Errors
    /// That it was renumbered, found by `server`.
    pub fn check(self, status: &FolderStatus, server: &str) -> Result<(), ConnectorError> {
        if status.uid_validity == self.uid_validity {
            return Ok(());
        }
        let context = format!("{server}: a folder was renumbered");
        Err(ConnectorError::new(FindingCode::ServerError, Decision::Retry, context))
    }
}
