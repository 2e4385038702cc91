//! Services that show one message in several folders (Gmail's labels): every folder is copied as it is, and of the
//! folder that shows all messages only those that lie in no other, told by the service's own numbers (X-GM-MSGID).

use std::collections::HashSet;

use mailferry_domain::{folder::RemoteFolder, item::ItemMeta, special_use::SpecialUse, uid::Uid};

use crate::port::{Account, ConnectorError, Decision};

/// Numbers of the messages that lie in a folder of their own; views do not count. A folder counts also if its owner
/// left it out: what lies in there was not forgotten.
pub(crate) async fn filed<A: Account>(account: &mut A) -> Result<HashSet<u64>, ConnectorError> {
    let folders = account.folders().await?;
    let mut filed = HashSet::new();
    for folder in folders.iter().filter(|folder| is_place(folder)) {
        match account.numbers(&folder.wire_name).await {
            Ok(numbers) => filed.extend(numbers.into_iter().map(|(_, number)| number)),
            // It is named as unreadable where it is copied.
            Err(error) if error.decision == Decision::Skip => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filed)
}

fn is_place(folder: &RemoteFolder) -> bool {
    folder.selectable && !folder.special_use.is_some_and(SpecialUse::is_view)
}

/// Leaves only those items of a folder whose messages lie in no other. One without a number stays: rather twice than
/// not at all.
pub(crate) async fn keep_unfiled<A: Account>(
    account: &mut A,
    wire_name: &str,
    items: &mut Vec<ItemMeta>,
    filed: &HashSet<u64>,
) -> Result<(), ConnectorError> {
    let numbers = account.numbers(wire_name).await?;
    let elsewhere: HashSet<Uid> =
        numbers.into_iter().filter(|(_, number)| filed.contains(number)).map(|(uid, _)| uid).collect();
    items.retain(|item| !elsewhere.contains(&item.uid));
    Ok(())
}

/// Messages and bytes of `wire_name`, which shows all messages, that lie in no other folder.
pub(crate) async fn measure_unfiled<A: Account>(
    account: &mut A,
    wire_name: &str,
) -> Result<(u64, u64), ConnectorError> {
    let filed = filed(account).await?;
    let status = account.open(wire_name).await?;
    let mut items = crate::listing::list_from(account, &status, Uid(1)).await?;
    keep_unfiled(account, wire_name, &mut items, &filed).await?;
    Ok((items.len() as u64, items.iter().map(|item| item.size_bytes).sum()))
}
