//! Counting what lies in an account, without reading a message.

use mailferry_domain::special_use::SpecialUse;
use mailferry_shared::account::Survey;

use crate::port::{Account, ConnectorError};

/// Counts folders, messages and bytes, and asks for the free space.
///
/// # Errors
/// [`ConnectorError`] if the line is lost; a folder that cannot be measured counts as empty.
pub async fn survey<A: Account>(account: &mut A) -> Result<Survey, ConnectorError> {
    let folders: Vec<_> = account.folders().await?.into_iter().filter(|folder| folder.selectable).collect();
    let mut survey = Survey { folders: folders.len() as u64, messages: 0, size_bytes: 0, free_bytes: None };
    for folder in folders.iter().filter(|folder| !folder.special_use.is_some_and(SpecialUse::is_view)) {
        match account.measure(&folder.wire_name).await {
            Ok((messages, size_bytes)) => {
                survey.messages += messages;
                survey.size_bytes += size_bytes;
            }
            Err(error) if error.decision == crate::port::Decision::Skip => {
                tracing::debug!(folder = %folder.path, error = %error, "a folder could not be measured");
            }
            Err(error) => return Err(error),
        }
    }
    survey.free_bytes = account.quota().await?.map(|quota| quota.limit_bytes.saturating_sub(quota.used_bytes));
    Ok(survey)
}
