//! What earlier attempts and runs have stored tells as well what a destination makes of parts, if it is read back. That
//! costs a few small messages, and nothing is sent for it.

use std::{collections::HashMap, sync::Arc};

use mailferry_domain::{
    item::ItemMeta,
    uid::{Uid, UidValidity},
};

use crate::{
    job::FolderTask,
    keeps::oddities,
    listing::pages,
    lookalike::second_of,
    looks::Looks,
    port::{Account, Binding, Connector, ConnectorError, Fetched, Ledger, LedgerFolderId},
    portion::concerns_one_folder,
    present::{Read, read},
    run::{Shared, Stop},
    writer::Writer,
};

/// Folders that are looked into, and of which messages are read.
const FOLDERS: (usize, usize) = (32, 8);
/// Messages of a folder that are read at both sides.
const MESSAGES: usize = 8;
/// Larger ones are not read.
const LARGEST_BYTES: u64 = 128 << 10;

/// A folder of which something may have been stored before this process began.
#[derive(Debug, Clone)]
pub(crate) struct Former {
    id: LedgerFolderId,
    source: String,
    destination: String,
}

impl Former {
    /// Those of which this very run may have stored something come first.
    pub(crate) fn all(tasks: &[FolderTask]) -> Arc<[Self]> {
        let is_older = |binding: &Binding| binding.cursor.is_some() && !binding.finished_by_this_run;
        let mut all: Vec<(bool, Self)> =
            tasks.iter().filter_map(|task| Some((is_older(task.binding.as_ref()?), Self::of(task)?))).collect();
        all.sort_by_key(|(is_older, _)| *is_older);
        all.into_iter().map(|(_, former)| former).collect()
    }

    /// `None` of a folder that is new.
    fn of(task: &FolderTask) -> Option<Self> {
        let binding = task.binding.as_ref().filter(|binding| binding.destination == task.mapped.destination)?;
        let there = task.mapped.there.as_ref()?;
        let (source, destination) = (task.mapped.source.wire_name.clone(), there.wire_name.clone());
        Some(Self { id: binding.id, source, destination })
    }
}

/// Messages that were stored, and where.
struct Stored {
    uid_validity: UidValidity,
    /// By UID at the source; ascending.
    items: Vec<(Uid, u64)>,
    /// Their UIDs at the destination.
    there: HashMap<Uid, Uid>,
}

/// Reads some of what was stored before, at both sides. If more of it was changed than not, the destination is one that
/// changes what parts say: one alone may have been told apart wrongly. Otherwise nothing is known: it may change some only.
pub(crate) async fn look_back<C: Connector, L: Ledger>(
    source: &mut C::Source,
    writer: &mut Writer<'_, C, L>,
) -> Result<(), Stop> {
    let mut looked_into = 0;
    for former in writer.shared.former().iter().take(FOLDERS.0) {
        if looked_into == FOLDERS.1 {
            break;
        }
        match look_into(source, writer, former).await {
            Ok(None) => continue,
            Ok(Some((changed, kept))) if changed > kept => {
                writer.shared.has_kept(|kept| kept.has_shown_parts(true));
                break;
            }
            Ok(Some(_)) => {}
            Err(Stop::Connector(error)) if concerns_one_folder(&error) => {}
            Err(stop) => return Err(stop),
        }
        looked_into += 1;
    }
    Ok(())
}

/// How many messages of a folder say something else at the destination, and how many say the same; `None` if nothing can
/// be compared.
async fn look_into<C: Connector, L: Ledger>(
    source: &mut C::Source,
    writer: &mut Writer<'_, C, L>,
    former: &Former,
) -> Result<Option<(usize, usize)>, Stop> {
    writer.shared.obey()?;
    let Some(stored) = stored(source, writer.shared, former).await? else { return Ok(None) };
    writer.shared.meter.may_fetch()?;
    writer.shared.meter.may_read_back()?;
    let (sizes, folder) = (stored.items.clone(), (former.source.as_str(), stored.uid_validity));
    let here = read(source, folder, stored.items, plain).await?;
    let mut items: Vec<(Uid, u64)> = sizes.iter().map(|(uid, size)| (stored.there[uid], *size)).collect();
    items.sort_unstable();
    items.dedup_by_key(|(uid, _)| *uid);
    let status = writer.destination.open(&former.destination).await?;
    let there = read(writer.destination, (&former.destination, status.uid_validity), items, Read::of).await?;
    writer.has_read_both(sizes.iter().map(|(_, size_bytes)| size_bytes).sum());
    let there: HashMap<Uid, Looks> = there.into_iter().filter_map(|read| Some((read.uid, read.looks?))).collect();
    let (mut changed, mut kept) = (0, 0);
    for (uid, here) in here.into_iter().flatten() {
        let Some(there) = there.get(&stored.there[&uid]).filter(|there| here.marks.may_be(&there.marks)) else {
            continue;
        };
        let count = if here.says_the_same(there) { &mut kept } else { &mut changed };
        *count += 1;
    }
    Ok((changed + kept > 0).then_some((changed, kept)))
}

/// How a message looks, unless a server may have refused it as it is: then something else was sent.
fn plain(message: &Fetched) -> Result<Option<(Uid, Looks)>, ConnectorError> {
    let is_plain = oddities(&message.body)?.bits() == 0;
    let looks = Read::of(message)?.looks.filter(|_| is_plain);
    Ok(looks.map(|looks| (message.uid, looks)))
}

/// Small messages of the folder that are settled and whose UIDs at the destination are known, each the only one of its second.
async fn stored<C: Connector, L: Ledger>(
    source: &mut C::Source,
    shared: &Shared<C, L>,
    former: &Former,
) -> Result<Option<Stored>, Stop> {
    let status = source.open(&former.source).await?;
    for (first, last) in pages(1, status.uid_next.saturating_sub(1), status.messages) {
        let copied = shared.job.ledger.copied_flags(former.id, Uid(first), Uid(last)).await?;
        let there: HashMap<Uid, Uid> =
            copied.iter().map(|copied| (copied.source_uid, copied.destination_uid)).collect();
        if there.is_empty() {
            continue;
        }
        let items = smallest(&source.list(Uid(first), Uid(last)).await?, &there);
        if !items.is_empty() {
            return Ok(Some(Stored { uid_validity: status.uid_validity, items, there }));
        }
    }
    Ok(None)
}

fn smallest(listed: &[ItemMeta], there: &HashMap<Uid, Uid>) -> Vec<(Uid, u64)> {
    let mut seconds: HashMap<i64, usize> = HashMap::new();
    listed.iter().filter_map(second_of).for_each(|second| *seconds.entry(second).or_default() += 1);
    let is_alone = |item: &&ItemMeta| second_of(item).is_some_and(|second| seconds[&second] == 1);
    let fits = |item: &&ItemMeta| there.contains_key(&item.uid) && item.size_bytes <= LARGEST_BYTES;
    let mut items: Vec<(u64, Uid)> =
        listed.iter().filter(fits).filter(is_alone).map(|item| (item.size_bytes, item.uid)).collect();
    items.sort_unstable();
    items.truncate(MESSAGES);
    let mut items: Vec<(Uid, u64)> = items.into_iter().map(|(size_bytes, uid)| (uid, size_bytes)).collect();
    items.sort_unstable();
    items
}
