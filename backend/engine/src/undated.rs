//! Messages without an internal date: what is known of them by date is what their headers say, as it will be when they are
//! sent.

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset};
use mailferry_domain::{
    item::ItemMeta,
    uid::{Uid, UidSet},
};

use crate::{
    job::FolderJob,
    port::{Account, Connector, Ledger},
    run::Stop,
    writer::Writer,
};

/// Messages that one question is about.
const ASKED: usize = 500;

/// Asks for the dates in the headers of undated messages that may be at the destination already, rewritten.
pub(crate) async fn date<C: Connector, L: Ledger>(
    source: &mut C::Source,
    writer: &mut Writer<'_, C, L>,
) -> Result<(), Stop> {
    for job in &mut writer.jobs {
        let undated = undated(job);
        if undated.is_empty() {
            continue;
        }
        let mut dates: HashMap<Uid, DateTime<FixedOffset>> = HashMap::new();
        for part in undated.chunks(ASKED) {
            let uids: UidSet = part.iter().copied().collect();
            dates.extend(source.header_dates(job.opened.source(), &uids).await?);
        }
        let set = |item: &mut ItemMeta| item.internal_date = item.internal_date.or(dates.get(&item.uid).copied());
        job.plan.copy.iter_mut().for_each(set);
        job.open.iter_mut().for_each(|(item, _)| set(item));
    }
    Ok(())
}

fn undated(job: &FolderJob) -> Vec<Uid> {
    let has_news = job.pool.has_news(&job.opened.destination, &job.state.claimed);
    let new = job.plan.copy.iter().filter(|_| has_news);
    let open = job.open.iter().map(|(item, _)| item);
    let mut uids: Vec<Uid> = new.chain(open).filter(|item| item.internal_date.is_none()).map(|item| item.uid).collect();
    uids.sort_unstable();
    uids
}
