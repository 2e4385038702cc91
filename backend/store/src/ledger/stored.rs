//! The short way for what nearly every outcome is: a message whose intent this run has written is stored.

use std::fmt::Write;

use mailferry_domain::{
    ledger::{Outcome, Settlement},
    uid::Uid,
};

use crate::{
    db::Tx,
    error::StoreError,
    ledger::write::{At, in_list},
    value::{Arg, args},
};

/// Settles all of `part` if each is simply stored and its intent of this run is open; their number and bytes. `None` if
/// anything else is among them, so that it has to be looked at one by one: nothing has been written then.
pub(super) async fn settle_stored(tx: &mut Tx, at: At, part: &[&Settlement]) -> Result<Option<(u64, u64)>, StoreError> {
    let all_simply = part.iter().all(|settlement| simply_stored(settlement));
    // What was known under an earlier UIDVALIDITY has to be found as well.
    if at.generation > 1 || !all_simply || !all_intended(tx, at, part).await? {
        return Ok(None);
    }
    let mut args = args![at.folder, at.generation, at.fence];
    let mut sql = String::from(
        "UPDATE ledger_items SET state = 'stored', fence = $3, destination_uid = v.column2, reason = NULL FROM (VALUES ",
    );
    for (row, settlement) in part.iter().enumerate() {
        args.push(settlement.source_uid.0.into());
        args.push(stored_at(settlement).map(|uid| uid.0).into());
        let comma = if row == 0 { "" } else { ", " };
        let _ = write!(sql, "{comma}(${}, ${})", 4 + row * 2, 5 + row * 2);
    }
    sql.push_str(") AS v WHERE folder_id = $1 AND generation = $2 AND source_uid = v.column1");
    tx.execute(sql, args).await?;
    Ok(Some((part.len() as u64, part.iter().map(|settlement| settlement.size_bytes).sum())))
}

/// True if it was stored, and the intent has told all else.
fn simply_stored(settlement: &Settlement) -> bool {
    matches!(settlement.outcome, Outcome::Stored(_))
        && settlement.key.is_some_and(|key| key.size_bytes == settlement.size_bytes)
        && settlement.message_id.is_none()
        && settlement.traits.is_none()
}

fn stored_at(settlement: &Settlement) -> Option<Uid> {
    match settlement.outcome {
        Outcome::Stored(uid) => uid,
        _ => None,
    }
}

/// True if each has an open intent of this run, and none has been told of otherwise before.
async fn all_intended(tx: &mut Tx, at: At, part: &[&Settlement]) -> Result<bool, StoreError> {
    let (list, uids) = in_list(part, 4);
    let sql = format!(
        "SELECT COUNT(*) AS n FROM ledger_items i WHERE folder_id = $1 AND generation = $2 AND run_no = $3
            AND state = 'intended' AND source_uid IN ({list})
            AND NOT EXISTS (SELECT 1 FROM ledger_run_items t WHERE t.run_no = $3 AND t.folder_id = $1
                AND t.generation = $2 AND t.source_uid = i.source_uid)"
    );
    let args: Vec<Arg> = args![at.folder, at.generation, at.run_no].into_iter().chain(uids).collect();
    Ok(tx.row(sql, args).await?.get::<u64>("n")? == part.len() as u64)
}
