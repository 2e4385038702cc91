//! Both sides of folders, open and listed, and whether the listing is whole.

use mailferry_domain::{ledger::Cursor, mapping::MappedFolder, uid::Uid};
use mailferry_shared::finding::{Finding, FindingCode, FindingDetail};

use crate::{
    job::{FolderTask, Opened},
    port::{ConnectorError, ListRequest, Listing, Prepared, Source},
    portion::concerns_one_folder,
    refused::Refused,
    run::Stop,
};

/// A folder whose source is open and listed.
pub(crate) struct Sides {
    pub(crate) task: FolderTask,
    pub(crate) prepared: Result<Prepared, ConnectorError>,
    pub(crate) listing: Listing,
}

/// What became of folders that were to be opened.
pub(crate) struct Whole {
    pub(crate) opened: Vec<Opened>,
    pub(crate) refused: Vec<Refused>,
    /// Folders of which the source counts more messages than it lists, and what to say of it.
    pub(crate) short: Vec<(MappedFolder, Finding)>,
}

pub(crate) fn list_request(task: &FolderTask, cursor: Option<Cursor>) -> ListRequest {
    ListRequest {
        wire_name: task.mapped.source.wire_name.clone(),
        first: Uid(cursor.map_or(1, |cursor| cursor.source_uid_next)),
        messages: task.messages(),
        soon: false,
    }
}

/// A listing from a cursor on is good only if it explains every message that is there; other folders are listed anew. One
/// that is listed whole and lacks messages is listed once more: they may just have been deleted.
pub(crate) async fn whole_listings<S: Source>(source: &mut S, mut sides: Vec<Sides>) -> Result<Whole, Stop> {
    let cursors: Vec<Option<Cursor>> = sides.iter().map(good_cursor).collect();
    let distrusted = |at: &usize| sides[*at].task.cursor().is_some() && cursors[*at].is_none();
    let anew: Vec<usize> = (0..sides.len()).filter(distrusted).collect();
    list_anew(source, &mut sides, &anew).await?;
    let lacking: Vec<usize> =
        (0..sides.len()).filter(|&at| cursors[at].is_none() && lacks_messages(&sides[at])).collect();
    list_anew(source, &mut sides, &lacking).await?;
    let still = lacking.into_iter().filter(|&at| lacks_messages(&sides[at]));
    let short = still.map(|at| (sides[at].task.mapped.clone(), shortness(&sides[at]))).collect();
    let mut whole = Whole { opened: Vec::with_capacity(sides.len()), refused: Vec::new(), short };
    for (Sides { task, prepared, listing }, cursor) in sides.into_iter().zip(cursors) {
        let flags_since = prepared.as_ref().ok().and_then(|there| task.flags_since(&listing.status, &there.status));
        let mapped = task.mapped;
        match prepared {
            Ok(Prepared { wire_name, status: destination, max_message_bytes, not_subscribed }) => {
                whole.opened.push(Opened {
                    mapped,
                    wire_name,
                    destination,
                    listing,
                    cursor,
                    flags_since,
                    max_message_bytes,
                    not_subscribed: not_subscribed.is_some(),
                });
            }
            Err(error) if concerns_one_folder(&error) => {
                whole.refused.push(Refused::by_destination(mapped, listing, cursor, &error));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(whole)
}

async fn list_anew<S: Source>(source: &mut S, sides: &mut [Sides], which: &[usize]) -> Result<(), Stop> {
    if which.is_empty() {
        return Ok(());
    }
    let requests: Vec<ListRequest> = which.iter().map(|&at| list_request(&sides[at].task, None)).collect();
    for (&at, listing) in which.iter().zip(source.list_folders(&requests).await?) {
        sides[at].listing = listing?;
    }
    Ok(())
}

/// True if a listing of the whole folder lacks messages that the server counts.
fn lacks_messages(sides: &Sides) -> bool {
    // Of what lies in no other folder, the rest was taken out.
    !sides.task.mapped.only_unfiled && (sides.listing.items.len() as u64) < u64::from(sides.listing.status.messages)
}

fn shortness(sides: &Sides) -> Finding {
    let listing = &sides.listing;
    let detail = FindingDetail {
        messages: Some(listing.status.messages.into()),
        listed: Some(listing.items.len() as u64),
        ..FindingDetail::default()
    };
    Finding::new(FindingCode::ListingIncomplete).about(sides.task.mapped.source.path.to_string()).with(detail)
}

/// The folder's cursor, if both sides are still those it was written for and it explains every message.
fn good_cursor(sides: &Sides) -> Option<Cursor> {
    let Sides { task, prepared, listing } = sides;
    task.cursor().filter(|cursor| {
        cursor.source_uid_validity == listing.status.uid_validity
            && prepared.as_ref().map_or(true, |there| cursor.destination_uid_validity == there.status.uid_validity)
            && cursor.messages + listing.items.len() as u64 == u64::from(listing.status.messages)
    })
}
