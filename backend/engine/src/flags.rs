//! Changes of flags, carried over by a delta.

use std::collections::{BTreeMap, HashMap};

use mailferry_domain::{
    flags::{FlagStep, flag_step},
    item::Flags,
    ledger::CopiedFlags,
    uid::{Uid, UidSet},
};
use mailferry_shared::finding::{Finding, FindingCode};

use crate::{
    listing::pages,
    port::{Account, Connector, Destination, Entry, FlagChange, Ledger, Numbered, Step},
    portion::concerns_one_folder,
    run::Stop,
    writer::Writer,
};

/// Messages whose flags are changed together.
const MESSAGES: usize = 500;
/// Messages whose flags are compared together.
const PAGE: usize = 5_000;

/// Carries over what has changed at the source since the messages were copied. A server that keeps HIGHESTMODSEQ tells
/// what has changed, and a folder where it stands as it stood is not looked at. (QRESYNC would only add which messages
/// are gone, and nothing follows from that.)
pub(crate) async fn carry<C: Connector, L: Ledger>(
    source: &mut C::Source,
    writer: &mut Writer<'_, C, L>,
) -> Result<(), Stop> {
    for at in 0..writer.jobs.len() {
        let job = &writer.jobs[at];
        // What has just been copied has its flags.
        if job.flags_carried {
            continue;
        }
        let told = match (job.opened.flags_since, job.opened.listing.status.highest_modseq) {
            (Some(then), Some(now)) if then == now => Some(Vec::new()),
            (Some(then), Some(_)) => source.flags_since(job.opened.source(), then).await?,
            (None, _) | (_, None) => None,
        };
        let refused = match told {
            Some(told) => carry_told(writer, at, told).await?,
            None => carry_all(source, writer, at).await?,
        };
        writer.jobs[at].flags_carried = !refused;
    }
    Ok(())
}

/// Compares the flags that the server says have changed; true if some were refused.
async fn carry_told<C: Connector, L: Ledger>(
    writer: &mut Writer<'_, C, L>,
    at: usize,
    mut told: Vec<(Uid, Flags)>,
) -> Result<bool, Stop> {
    told.sort_unstable_by_key(|(uid, _)| *uid);
    let mut refused = false;
    for part in told.chunks(PAGE) {
        let (Some((first, _)), Some((last, _))) = (part.first(), part.last()) else { continue };
        let copied = writer.shared.job.ledger.copied_flags(writer.jobs[at].id, *first, *last).await?;
        refused |= carry_changed(writer, at, copied, &part.iter().cloned().collect()).await?;
    }
    Ok(refused)
}

/// Compares the flags of every message; true if some were refused.
async fn carry_all<C: Connector, L: Ledger>(
    source: &mut C::Source,
    writer: &mut Writer<'_, C, L>,
    at: usize,
) -> Result<bool, Stop> {
    let status = writer.jobs[at].opened.listing.status;
    let mut refused = false;
    for (first, last) in pages(1, status.uid_next.saturating_sub(1), status.messages) {
        let copied = writer.shared.job.ledger.copied_flags(writer.jobs[at].id, Uid(first), Uid(last)).await?;
        if copied.is_empty() {
            continue;
        }
        let mut uids = UidSet::new();
        uids.insert_range(Uid(first), Uid(last));
        let now: HashMap<Uid, Flags> =
            source.flags(writer.jobs[at].opened.source(), &uids).await?.into_iter().collect();
        refused |= carry_changed(writer, at, copied, &now).await?;
    }
    Ok(refused)
}

/// Carries over what differs; true if some of it was refused.
async fn carry_changed<C: Connector, L: Ledger>(
    writer: &mut Writer<'_, C, L>,
    at: usize,
    copied: Vec<CopiedFlags>,
    now: &HashMap<Uid, Flags>,
) -> Result<bool, Stop> {
    writer.shared.obey()?;
    let changed = copied.into_iter().filter_map(|copied| {
        let now = now.get(&copied.source_uid).filter(|now| **now != copied.flags)?.clone();
        Some((copied, now))
    });
    let changed: Vec<(CopiedFlags, Flags)> = changed.collect();
    let mut refused = false;
    for part in changed.chunks(MESSAGES) {
        refused |= carry_part(writer, at, part).await?;
    }
    Ok(refused)
}

/// Carries over changes of some messages, then writes down what the destination has by now. Interrupted in between,
/// the next run finds them there. True if they were refused.
async fn carry_part<C: Connector, L: Ledger>(
    writer: &mut Writer<'_, C, L>,
    at: usize,
    changed: &[(CopiedFlags, Flags)],
) -> Result<bool, Stop> {
    let wire_name = writer.jobs[at].opened.wire_name.clone();
    let uids: UidSet = {
        let mut uids: Vec<Uid> = changed.iter().map(|(copied, _)| copied.destination_uid).collect();
        uids.sort_unstable();
        uids.into_iter().collect()
    };
    let folder = Numbered { wire_name: &wire_name, uid_validity: writer.jobs[at].opened.destination.uid_validity };
    let there: HashMap<Uid, Flags> = writer.destination.flags(folder, &uids).await?.into_iter().collect();
    let mut changes: BTreeMap<(Flags, Flags), UidSet> = BTreeMap::new();
    let mut carried = Vec::new();
    for (copied, now) in changed {
        // What the owner deleted stays deleted.
        let Some(flags) = there.get(&copied.destination_uid) else { continue };
        match flag_step(&copied.flags, now, flags, |flags| writer.destination.keeps(&wire_name, flags)) {
            FlagStep::Same | FlagStep::Leave => continue,
            FlagStep::There => {}
            FlagStep::Carry { add, remove } => changes.entry((add, remove)).or_default().insert(copied.destination_uid),
        }
        carried.push((copied.source_uid, now.clone()));
    }
    if carried.is_empty() {
        return Ok(false);
    }
    let changes: Vec<FlagChange> =
        changes.into_iter().map(|((add, remove), uids)| FlagChange { uids, add, remove }).collect();
    if let Err(error) = writer.destination.change_flags(&changes).await {
        if !concerns_one_folder(&error) {
            return Err(error.into());
        }
        tracing::info!(error = %error, cause = ?error.source, "flags were refused");
        writer
            .note(Finding::new(FindingCode::FlagsReduced).about(writer.jobs[at].opened.mapped.destination.to_string()));
        return Ok(true);
    }
    writer.shared.job.fault.reach(Step::AfterStore)?;
    writer.entries.push(Entry::Flags(writer.jobs[at].id, carried));
    writer.commit().await?;
    writer.shared.job.fault.reach(Step::AfterSettle)?;
    Ok(false)
}
