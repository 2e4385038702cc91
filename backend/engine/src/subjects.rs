//! Subjects of messages that were not simply stored, for owners who want to see them in the protocol. Unless they do,
//! nothing is read for it, and nothing kept.

use mailferry_domain::uid::Uid;

use crate::{
    port::{Account, Connector, Decision, Entry, Ledger, LedgerFolderId, Numbered},
    run::{Shared, Stop},
    writer::Writer,
};

/// Messages that one question is about.
const ASKED: usize = 500;

/// Reads and keeps the subjects of what was not simply stored of a portion, whose outcomes are written.
pub(crate) async fn tell<C: Connector, L: Ledger>(
    source: &mut C::Source,
    writer: &mut Writer<'_, C, L>,
) -> Result<(), Stop> {
    for job in &mut writer.jobs {
        let uids = std::mem::take(&mut job.not_stored);
        tell_of(writer.shared, source, (job.id, job.opened.source()), &uids).await?;
    }
    Ok(())
}

/// The same of messages of one folder. What they are about is no reason to leave a folder unfinished: after the first
/// failure no more subjects are asked for.
pub(crate) async fn tell_of<C: Connector, L: Ledger>(
    shared: &Shared<C, L>,
    source: &mut C::Source,
    (id, folder): (LedgerFolderId, Numbered<'_>),
    uids: &[Uid],
) -> Result<(), Stop> {
    for part in uids.chunks(ASKED) {
        if !shared.wants_subjects() {
            return Ok(());
        }
        match source.subjects(folder, &part.iter().copied().collect()).await {
            Ok(subjects) if subjects.is_empty() => {}
            Ok(subjects) => shared.job.ledger.write(vec![Entry::Subjects(id, subjects)]).await?,
            Err(error) => {
                tracing::info!(error = %error, cause = ?error.source, "subjects cannot be read");
                shared.want_no_more_subjects();
                // A broken line has to be renewed.
                if !matches!(error.decision, Decision::Skip | Decision::Permanent) {
                    return Err(error.into());
                }
            }
        }
    }
    Ok(())
}
