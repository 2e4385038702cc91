//! Messages that the source was asked for and did not deliver: some are there no more, others cannot be read.

use std::collections::HashSet;

use mailferry_domain::{item::ItemMeta, ledger::Outcome, uid::Uid};
use mailferry_shared::finding::FindingCode;

use crate::{
    job::settlement,
    port::{Connector, ConnectorError, Ledger, Numbered, Source},
    run::Stop,
    writer::Writer,
};

/// Messages that one question is about.
const ASKED: usize = 500;

/// Gives every message that has not come an outcome: what is still there has failed, whatever the server answered.
pub(crate) async fn settle<C: Connector, L: Ledger>(
    source: &mut C::Source,
    writer: &mut Writer<'_, C, L>,
) -> Result<(), Stop> {
    for at in 0..writer.jobs.len() {
        let job = &writer.jobs[at];
        let missing: Vec<ItemMeta> = job.items().into_iter().filter(|item| !job.seen.contains(item.uid)).collect();
        if missing.is_empty() {
            continue;
        }
        let there = still_there(source, job.opened.source(), &missing).await?;
        for item in missing {
            let outcome = if there.contains(&item.uid) {
                let folder = &writer.jobs[at].opened.mapped.source.path;
                tracing::info!(%folder, uid = %item.uid, "a message is not delivered");
                writer.shared.remember_failed(folder, item.uid, FindingCode::MessageUnreadable);
                Outcome::Failed(FindingCode::MessageUnreadable)
            } else {
                Outcome::Skipped(FindingCode::MessageVanished)
            };
            writer.settle_later(at, settlement(&item, None, outcome)).await?;
        }
    }
    Ok(())
}

async fn still_there<S: Source>(
    source: &mut S,
    folder: Numbered<'_>,
    missing: &[ItemMeta],
) -> Result<HashSet<Uid>, ConnectorError> {
    let mut there = HashSet::new();
    for part in missing.chunks(ASKED) {
        let uids = part.iter().map(|item| item.uid).collect();
        there.extend(source.flags(folder, &uids).await?.into_iter().map(|(uid, _)| uid));
    }
    Ok(there)
}
