//! Folders that one side refuses. No message is forgotten: what can be listed is counted as failed, for the folder's
//! reason, and a later run tries it again.

use mailferry_domain::{
    item::ItemMeta,
    ledger::{Cursor, Outcome, Settlement},
    mapping::MappedFolder,
    plan::ItemFilter,
    uid::Uid,
};
use mailferry_shared::finding::{Finding, FindingCode, FindingDetail};

use crate::{
    job::{FolderTask, Opened, Planned, report, settlement, start, vanished},
    lane::Lane,
    port::{
        Account, Connector, ConnectorError, Entry, FolderBinding, Ledger, LedgerFolderId, Listing, Numbered,
        ProgressEvent, Step,
    },
    run::{Shared, Stop},
    subjects,
    writer::counted,
};

/// Outcomes of one commit.
const OUTCOMES: usize = 2_000;

/// A folder that is listed and cannot be copied.
pub(crate) struct Refused {
    pub(crate) mapped: MappedFolder,
    listing: Listing,
    /// Where the listing begins.
    cursor: Option<Cursor>,
    reason: FindingCode,
}

impl Refused {
    pub(crate) fn by_destination(
        mapped: MappedFolder,
        listing: Listing,
        cursor: Option<Cursor>,
        error: &ConnectorError,
    ) -> Self {
        tracing::info!(folder = %mapped.source.path, error = %error, cause = ?error.source, "a folder was refused");
        let reason = match error.code {
            // Of the source one would say that it cannot be read.
            FindingCode::FolderUnreadable => FindingCode::FolderRefused,
            code => code,
        };
        Self { mapped, listing, cursor, reason }
    }

    /// A folder that was closed while it was being copied.
    pub(crate) fn by_either_side(opened: Opened, error: &ConnectorError) -> Self {
        let Opened { mapped, listing, cursor, .. } = opened;
        tracing::info!(folder = %mapped.source.path, error = %error, cause = ?error.source, "a folder was given up");
        Self { mapped, listing, cursor, reason: error.code }
    }
}

/// Notes a source folder that cannot be opened. Its messages cannot be listed; how many there are, the server may tell.
pub(crate) async fn unreadable<C: Connector, L: Ledger>(
    lane: &mut Lane<C, L>,
    task: &FolderTask,
    error: &ConnectorError,
) -> Result<(), Stop> {
    let source = &task.mapped.source;
    tracing::info!(folder = %source.path, error = %error, cause = ?error.source, "a folder cannot be read");
    let messages = match task.messages() {
        Some(messages) => Some(messages),
        None => {
            let told = lane.source.statuses(std::slice::from_ref(&source.wire_name)).await?;
            told.into_iter().next().flatten().map(|status| status.messages)
        }
    };
    let note = error.finding().about(source.path.to_string());
    let note = match messages {
        Some(messages) => note.with(FindingDetail { messages: Some(messages.into()), ..FindingDetail::default() }),
        None => note,
    };
    Ok(lane.shared.give_up(&task.mapped, note).await?)
}

/// Gives a folder up, and each of its messages that is not at the destination an outcome.
pub(crate) async fn count<C: Connector, L: Ledger>(
    shared: &Shared<C, L>,
    source: &mut C::Source,
    refused: Refused,
    filter: &ItemFilter,
) -> Result<(), Stop> {
    let Refused { mapped, listing, cursor, reason } = refused;
    let binding = FolderBinding {
        source: mapped.source.path.clone(),
        destination: mapped.destination.clone(),
        source_uid_validity: listing.status.uid_validity,
        destination_uid_validity: None,
    };
    let Some((id, state)) = shared.job.ledger.open_folders(&[binding]).await?.pop() else { return Ok(()) };
    let Planned { plan, gone, mut counts } = Planned::new(&listing, cursor.as_ref(), &state, filter);
    shared.job.progress.event(ProgressEvent::Listed(&mapped.source.path, &counts));
    shared.job.ledger.write(vec![Entry::Start(id, start(&plan, &state, &counts))]).await?;
    shared.job.fault.reach(Step::Planned)?;
    let undecided: Vec<ItemMeta> =
        plan.resolve.iter().map(|(item, _)| *item).chain(gone.iter().map(vanished)).collect();
    let outcomes = plan
        .skip
        .iter()
        .map(|(item, reason)| settlement(item, None, Outcome::Skipped(*reason)))
        .chain(plan.copy.iter().map(|item| settlement(item, None, Outcome::Failed(reason))))
        // What may have been sent must be looked for before it is sent again.
        .chain(undecided.iter().map(|item| settlement(item, None, Outcome::Uncertain)));
    let outcomes: Vec<Settlement> = outcomes.collect();
    for part in outcomes.chunks(OUTCOMES) {
        settle(shared, id, &mapped, part).await?;
        counts.add(&counted(part));
    }
    let uids: Vec<Uid> = outcomes.iter().map(|settlement| settlement.source_uid).collect();
    let folder = Numbered { wire_name: &mapped.source.wire_name, uid_validity: listing.status.uid_validity };
    subjects::tell_of(shared, source, (id, folder), &uids).await?;
    shared.report(report(&mapped, counts));
    shared.job.progress.event(ProgressEvent::FolderDone(&mapped.source.path));
    let note = Finding::new(reason).about(mapped.source.path.to_string());
    Ok(shared.give_up(&mapped, note).await?)
}

async fn settle<C: Connector, L: Ledger>(
    shared: &Shared<C, L>,
    id: LedgerFolderId,
    mapped: &MappedFolder,
    outcomes: &[Settlement],
) -> Result<(), Stop> {
    shared.obey()?;
    shared.job.ledger.write(vec![Entry::Settle(id, outcomes.to_vec())]).await?;
    shared.job.progress.event(ProgressEvent::Settled(&mapped.source.path, &counted(outcomes)));
    shared.job.fault.reach(Step::AfterSettle)?;
    Ok(())
}
