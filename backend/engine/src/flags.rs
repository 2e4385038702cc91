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
    port::{Account, Connector, Destination, Entry, FlagChange, Ledger, Step},
    portion::concerns_one_folder,
    run::Stop,
    writer::Writer,
};

/// Messages whose flags are compared together.
const MESSAGES: usize = 500;

/// Carries over what has changed at the source since the messages were copied.
pub(crate) async fn carry<C: Connector, L: Ledger>(
    source: &mut C::Source,
    writer: &mut Writer<'_, C, L>,
) -> Result<(), Stop> {
    for at in 0..writer.jobs.len() {
        let status = writer.jobs[at].opened.listing.status;
        for (first, last) in pages(1, status.uid_next.saturating_sub(1), status.messages) {
            let ledger = &writer.shared.job.ledger;
            let copied = ledger.copied_flags(writer.jobs[at].id, Uid(first), Uid(last)).await?;
            if copied.is_empty() {
                continue;
            }
            writer.shared.obey()?;
            let mut uids = UidSet::new();
            uids.insert_range(Uid(first), Uid(last));
            let wire_name = writer.jobs[at].opened.mapped.source.wire_name.clone();
            let now: HashMap<Uid, Flags> = source.flags(&wire_name, &uids).await?.into_iter().collect();
            let changed = copied.into_iter().filter_map(|copied| {
                let now = now.get(&copied.source_uid).filter(|now| **now != copied.flags)?.clone();
                Some((copied, now))
            });
            let changed: Vec<(CopiedFlags, Flags)> = changed.collect();
            for part in changed.chunks(MESSAGES) {
                carry_part(writer, at, part).await?;
            }
        }
    }
    Ok(())
}

/// Carries over changes of some messages, then writes down what the destination has by now. Interrupted in between,
/// the next run finds them there.
async fn carry_part<C: Connector, L: Ledger>(
    writer: &mut Writer<'_, C, L>,
    at: usize,
    changed: &[(CopiedFlags, Flags)],
) -> Result<(), Stop> {
    let wire_name = writer.jobs[at].opened.wire_name.clone();
    let uids: UidSet = {
        let mut uids: Vec<Uid> = changed.iter().map(|(copied, _)| copied.destination_uid).collect();
        uids.sort_unstable();
        uids.into_iter().collect()
    };
    let there: HashMap<Uid, Flags> = writer.destination.flags(&wire_name, &uids).await?.into_iter().collect();
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
        return Ok(());
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
        return Ok(());
    }
    writer.shared.job.fault.reach(Step::AfterStore)?;
    writer.entries.push(Entry::Flags(writer.jobs[at].id, carried));
    writer.commit().await?;
    Ok(writer.shared.job.fault.reach(Step::AfterSettle)?)
}
