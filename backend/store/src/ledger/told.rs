//! What a run has to tell of single messages: outcomes other than stored. They are what its totals of skipped, failed
//! and uncertain messages are made of, and they stay in its protocol when a later run mends them.

use std::{collections::HashMap, fmt::Write};

use mailferry_domain::ledger::{Outcome, Settlement};
use mailferry_shared::{finding::FindingCode, run::Counts};

use crate::{
    db::Tx,
    error::StoreError,
    ledger::write::{At, Before, in_list},
    value::{Arg, args},
};

/// What this run has counted and told of these messages already.
pub(super) async fn told(tx: &mut Tx, at: At, part: &[&Settlement]) -> Result<HashMap<u32, Counts>, StoreError> {
    let (list, uids) = in_list(part, 4);
    let sql = format!(
        "SELECT source_uid, outcome, size_bytes FROM ledger_run_items
         WHERE run_no = $1 AND folder_id = $2 AND generation = $3 AND source_uid IN ({list})"
    );
    let args = args![at.run_no, at.folder, at.generation].into_iter().chain(uids).collect();
    let rows = tx.rows(sql, args).await?;
    rows.iter()
        .map(|row| {
            let size_bytes = row.get("size_bytes")?;
            let mut counts = Counts::default();
            match row.get::<String>("outcome")?.as_str() {
                "skipped" => (counts.skipped, counts.skipped_bytes) = (1, size_bytes),
                "failed" => (counts.failed, counts.failed_bytes) = (1, size_bytes),
                "uncertain" => (counts.uncertain, counts.uncertain_bytes) = (1, size_bytes),
                _ => (counts.present, counts.present_bytes, counts.duplicates) = (1, size_bytes, 1),
            }
            Ok((row.get("source_uid")?, counts))
        })
        .collect()
}

/// Keeps for the protocol what became of messages that were not simply stored.
pub(super) async fn tell(
    tx: &mut Tx,
    at: At,
    new: &[&Settlement],
    before: &HashMap<u32, Before>,
    told: &HashMap<u32, Counts>,
) -> Result<(), StoreError> {
    const COLUMNS: usize = 7;
    let mut args = args![at.run_no, at.folder, at.generation];
    let mut sql = String::from(
        "INSERT INTO ledger_run_items (run_no, folder_id, generation, source_uid, outcome, rank, size_bytes,
            internal_date, message_id, code) VALUES ",
    );
    let mut rows = 0;
    for settlement in new {
        let uid = settlement.source_uid.0;
        let (outcome, rank, code) = match settlement.outcome {
            Outcome::Stored(_) | Outcome::Found(_) => {
                if told.contains_key(&uid) {
                    let sql = "DELETE FROM ledger_run_items
                         WHERE run_no = $1 AND folder_id = $2 AND generation = $3 AND source_uid = $4";
                    tx.execute(sql, args![at.run_no, at.folder, at.generation, uid]).await?;
                }
                continue;
            }
            Outcome::Failed(code) => ("failed", 0_i64, Some(code)),
            Outcome::Uncertain => ("uncertain", 1, None),
            Outcome::Skipped(code) => ("skipped", 2, Some(code)),
            Outcome::Present(_) => ("duplicate", 3, None),
        };
        let known = before.get(&uid);
        let date = settlement.internal_date.map(|date| date.timestamp()).or(known.and_then(|entry| entry.date));
        let message_id = settlement.message_id.clone().or(known.and_then(|entry| entry.message_id.clone()));
        let code = code.map(FindingCode::as_str);
        args.extend::<Vec<Arg>>(args![uid, outcome, rank, settlement.size_bytes, date, message_id, code]);
        sql.push_str(if rows == 0 { "($1, $2, $3" } else { ", ($1, $2, $3" });
        for n in 0..COLUMNS {
            let _ = write!(sql, ", ${}", 4 + rows * COLUMNS + n);
        }
        sql.push(')');
        rows += 1;
    }
    if rows == 0 {
        return Ok(());
    }
    sql.push_str(
        " ON CONFLICT (run_no, folder_id, generation, source_uid) DO UPDATE SET outcome = excluded.outcome,
            rank = excluded.rank, size_bytes = excluded.size_bytes, internal_date = excluded.internal_date,
            message_id = excluded.message_id, code = excluded.code",
    );
    tx.execute(sql, args).await.map(drop)
}
