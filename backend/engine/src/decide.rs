//! What became of messages that may have been sent before, and whether anything arrived twice.

use std::collections::HashSet;

use mailferry_domain::{ledger::Outcome, uid::Uid};
use mailferry_shared::finding::{Finding, FindingCode, FindingDetail};

use crate::{
    job::settlement,
    lane::pause,
    port::{Account, Connector, Ledger},
    present::Clues,
    run::Stop,
    writer::Writer,
};

/// Looks at the destinations for what is there already. Messages that may have been sent and are there are adopted;
/// the others are sent again, after two looks an append time-out apart have agreed.
pub(crate) async fn before_sending<C: Connector, L: Ledger>(writer: &mut Writer<'_, C, L>) -> Result<(), Stop> {
    for at in 0..writer.jobs.len() {
        let clues = writer.jobs[at].clues();
        if !clues.sizes.is_empty() {
            let status = writer.jobs[at].opened.destination;
            look(writer, at, Some(status), &clues).await?;
            writer.adopt(at);
        }
    }
    while writer.jobs.iter().any(|job| !job.open.is_empty()) {
        writer.commit().await?;
        pause(writer.shared, writer.shared.longest_append()).await?;
        let mut news = false;
        for at in 0..writer.jobs.len() {
            if !writer.jobs[at].open.is_empty() {
                let clues = writer.jobs[at].clues();
                news |= look(writer, at, None, &clues).await?;
                writer.adopt(at);
            }
        }
        if !news {
            break;
        }
    }
    for at in 0..writer.jobs.len() {
        send_again(writer, at).await?;
    }
    Ok(())
}

/// Looks at what has come to a folder; tells whether anything was read. With a `status` that shows nothing new, the
/// server is not asked.
async fn look<C: Connector, L: Ledger>(
    writer: &mut Writer<'_, C, L>,
    at: usize,
    status: Option<mailferry_domain::folder::FolderStatus>,
    clues: &Clues,
) -> Result<bool, Stop> {
    let meter = &writer.shared.meter;
    let job = &mut writer.jobs[at];
    if status.is_some_and(|status| !job.pool.has_news(&status, &job.state.claimed)) {
        return Ok(false);
    }
    meter.may_read_back()?;
    let status = writer.destination.open(&job.opened.wire_name).await?;
    Ok(job.pool.look(writer.destination, (&job.opened.wire_name, &status), &job.state.claimed, clues).await?)
}

/// What was not found is sent again, unless it is at the source no more.
async fn send_again<C: Connector, L: Ledger>(writer: &mut Writer<'_, C, L>, at: usize) -> Result<(), Stop> {
    let listed: HashSet<Uid> = writer.jobs[at].plan.resolve.iter().map(|(item, _)| item.uid).collect();
    for (item, intent) in std::mem::take(&mut writer.jobs[at].open) {
        if listed.contains(&item.uid) {
            writer.jobs[at].resent.push((item, intent));
        } else {
            let outcome = Outcome::Skipped(FindingCode::MessageVanished);
            writer.settle_later(at, settlement(&item, None, outcome)).await?;
        }
    }
    look_for_rewritten(writer, at).await
}

/// A destination that rewrites what it stores has none of our bytes: before anything is sent again, what else has come
/// meanwhile is looked at.
async fn look_for_rewritten<C: Connector, L: Ledger>(writer: &mut Writer<'_, C, L>, at: usize) -> Result<(), Stop> {
    let job = &mut writer.jobs[at];
    let Some(from) = job.resent.iter().map(|(_, intent)| intent.destination_uid_next).min() else { return Ok(()) };
    let dates = job.resent.iter().filter_map(|(item, _)| Some(item.internal_date?.timestamp())).collect();
    let status = writer.destination.open(&job.opened.wire_name).await?;
    let folder = (job.opened.wire_name.as_str(), &status);
    job.pool.look_at_faces(writer.destination, folder, &job.state.claimed, (from, dates)).await?;
    Ok(())
}

/// After messages were sent again, looks once more whether the first sending arrived after all. Nothing is deleted:
/// a surplus is reported.
pub(crate) async fn after_sending<C: Connector, L: Ledger>(writer: &mut Writer<'_, C, L>) -> Result<(), Stop> {
    for at in 0..writer.jobs.len() {
        let job = &mut writer.jobs[at];
        // Without told UIDs, ours cannot be told from another's.
        if job.resent.is_empty() || job.stored_untold {
            continue;
        }
        let sizes = job.resent.iter().map(|(_, intent)| intent.sent_key().size_bytes).collect();
        let clues = Clues { sizes, ..Clues::default() };
        let ours = job.ours();
        let status = writer.destination.open(&job.opened.wire_name).await?;
        job.pool.look(writer.destination, (&job.opened.wire_name, &status), &ours, &clues).await?;
        let from = job.opened.destination.uid_next;
        let surplus =
            job.resent.iter().filter(|(_, intent)| job.pool.take_from(&intent.sent_key(), from).is_some()).count();
        if surplus > 0 {
            let doubled = Finding::new(FindingCode::MessageDoubled).about(job.opened.mapped.destination.to_string());
            let detail = FindingDetail { messages: Some(surplus as u64), ..FindingDetail::default() };
            writer.shared.note(doubled.with(detail)).await?;
        }
    }
    Ok(())
}
