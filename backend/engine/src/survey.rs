//! Counting what lies in an account, without reading a message.

use mailferry_domain::{folder::RemoteFolder, mapping, special_use::SpecialUse};
use mailferry_shared::account::{MailAmount, Survey};

use crate::{
    labels,
    port::{Account, ConnectorError},
};

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// All of it.
    pub survey: Survey,
    /// The folder with the most messages, as people read it, and how many; `None` if all are empty.
    pub largest: Option<(String, u64)>,
}

/// Counts folders, messages and bytes, and asks for the free space.
///
/// # Errors
/// [`ConnectorError`] if the line is lost; a folder that cannot be measured counts as empty.
pub async fn survey<A: Account>(account: &mut A) -> Result<Counted, ConnectorError> {
    let folders: Vec<_> = account.folders().await?.into_iter().filter(|folder| folder.selectable).collect();
    let mut survey = Survey { folders: folders.len() as u64, ..Survey::default() };
    // As a run leaves them out: by name too, where the server tells no use, and with all that is below.
    let uses = mapping::uses(&folders);
    let mut largest = None::<(String, u64)>;
    let within =
        |folder: &RemoteFolder, special_use| uses.get(&special_use).is_some_and(|top| folder.path.is_within(top));
    let counted: Vec<_> =
        folders.iter().filter(|folder| !folder.special_use.is_some_and(SpecialUse::is_view)).collect();
    let names: Vec<String> = counted.iter().map(|folder| folder.wire_name.clone()).collect();
    for (folder, measured) in counted.iter().zip(account.measure_all(&names).await?) {
        match measured {
            Ok((messages, size_bytes)) => {
                survey.messages += messages;
                survey.size_bytes += size_bytes;
                if messages > largest.as_ref().map_or(0, |(_, most)| *most) {
                    largest = Some((folder.path.to_string(), messages));
                }
                let amount = if within(folder, SpecialUse::Trash) {
                    &mut survey.trash
                } else if within(folder, SpecialUse::Junk) {
                    &mut survey.junk
                } else {
                    continue;
                };
                *amount =
                    MailAmount { messages: amount.messages + messages, size_bytes: amount.size_bytes + size_bytes };
            }
            Err(error) => tracing::debug!(folder = %folder.wire_name, error = %error, "a folder could not be measured"),
        }
    }
    let all = folders.iter().find(|folder| folder.special_use == Some(SpecialUse::All));
    if let Some(all) = all.filter(|_| account.has_labels()) {
        let (messages, size_bytes) = labels::measure_unfiled(account, &all.wire_name).await?;
        survey.messages += messages;
        survey.size_bytes += size_bytes;
    }
    survey.free_bytes = account.quota().await?.map(|quota| quota.limit_bytes.saturating_sub(quota.used_bytes));
    Ok(Counted { survey, largest })
}
