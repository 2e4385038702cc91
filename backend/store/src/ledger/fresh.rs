//! Folders that nothing is known of yet, many at once: a first copy of an account with hundreds of them needs a few
//! statements, not a few for each.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write,
};

use mailferry_engine::port::{FolderBinding, FolderStart, LedgerFolderId};
use mailferry_shared::run::Counts;

use crate::{
    db::Tx,
    error::StoreError,
    ledger::{
        RunLedger,
        counts::{add, insert_folders, numbers},
        folder::NEVER_OPENED,
    },
    value::{Arg, args},
};

/// Rows in one statement.
const ROWS: usize = 500;

impl RunLedger {
    /// Makes rows for those of `bindings` to whose destination nothing has gone yet; their ids by source and
    /// destination. Of such a folder there is nothing to be read.
    pub(super) async fn bind_fresh(
        &self,
        tx: &mut Tx,
        bindings: &[FolderBinding],
    ) -> Result<HashMap<(String, String), i64>, StoreError> {
        let mut ids = HashMap::new();
        for part in bindings.chunks(ROWS) {
            let known = self.known_destinations(tx, part).await?;
            let fresh: Vec<&FolderBinding> =
                part.iter().filter(|binding| !known.contains(&binding.destination.to_string())).collect();
            if fresh.is_empty() {
                continue;
            }
            let mut args = args![self.inner.ledger, self.inner.context.clock.now()];
            let mut sql = String::from(
                "INSERT INTO ledger_folders (ledger_id, opened_at, generation, source_path, destination_path,
                    source_uid_validity, destination_uid_validity) VALUES ",
            );
            for (row, binding) in fresh.into_iter().enumerate() {
                let there = binding.destination_uid_validity.map_or(NEVER_OPENED, |validity| i64::from(validity.0));
                args.extend::<Vec<Arg>>(args![
                    binding.source.to_string(),
                    binding.destination.to_string(),
                    binding.source_uid_validity.0,
                    there
                ]);
                let n = 3 + row * 4;
                let comma = if row == 0 { "" } else { ", " };
                let _ = write!(sql, "{comma}($1, $2, 1, ${n}, ${}, ${}, ${})", n + 1, n + 2, n + 3);
            }
            sql.push_str(" RETURNING id, source_path, destination_path");
            for row in tx.rows(sql, args).await? {
                ids.insert((row.get("source_path")?, row.get("destination_path")?), row.get("id")?);
            }
        }
        Ok(ids)
    }

    async fn known_destinations(&self, tx: &mut Tx, part: &[FolderBinding]) -> Result<HashSet<String>, StoreError> {
        let list = (2..2 + part.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "SELECT DISTINCT destination_path FROM ledger_folders WHERE ledger_id = $1 AND destination_path IN ({list})"
        );
        let paths = part.iter().map(|binding| Arg::from(binding.destination.to_string()));
        let rows = tx.rows(sql, args![self.inner.ledger].into_iter().chain(paths).collect()).await?;
        rows.iter().map(|row| row.get("destination_path")).collect()
    }
}

/// Sets the totals of those folders that this run has not begun yet; the others are left to be recounted.
pub(super) async fn start_fresh(
    tx: &mut Tx,
    run_no: i64,
    starts: Vec<(LedgerFolderId, FolderStart)>,
) -> Result<Vec<(LedgerFolderId, FolderStart)>, StoreError> {
    let mut begun = HashSet::new();
    for part in starts.chunks(ROWS) {
        let list = (2..2 + part.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
        let sql = format!("SELECT folder_id FROM ledger_run_folders WHERE run_no = $1 AND folder_id IN ({list})");
        let ids = part.iter().map(|(folder, _)| Arg::from(folder.0));
        for row in tx.rows(sql, args![run_no].into_iter().chain(ids).collect()).await? {
            begun.insert(row.get::<i64>("folder_id")?);
        }
    }
    let (left, fresh): (Vec<_>, Vec<_>) = starts.into_iter().partition(|(folder, _)| begun.contains(&folder.0));
    let mut change = [0; 13];
    let rows: Vec<(i64, [i64; 13])> =
        fresh.iter().map(|(folder, start)| (folder.0, numbers(&counts_of(start)))).collect();
    for (_, counts) in &rows {
        (0..change.len()).for_each(|n| change[n] += counts[n]);
    }
    for part in rows.chunks(ROWS) {
        insert_folders(tx, run_no, part).await?;
    }
    add(tx, run_no, &change).await?;
    Ok(left)
}

/// What a folder's totals begin with.
fn counts_of(start: &FolderStart) -> Counts {
    Counts {
        listed: start.listed,
        listed_bytes: start.listed_bytes,
        present: start.present_earlier,
        present_bytes: start.present_earlier_bytes,
        ..Counts::default()
    }
}
