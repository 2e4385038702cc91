//! Folders that a run is to copy: those that no run has come to yet are known to be missing.

use std::fmt::Write;

use mailferry_domain::folder::FolderPath;
use uuid::Uuid;

use crate::{db::Tx, error::StoreError, ledger::write::ROWS, value::args};

/// Writes down which folders a run is to copy, unless that is known from before it was interrupted.
pub(super) async fn write_awaited(tx: &mut Tx, run_no: i64, folders: &[FolderPath]) -> Result<(), StoreError> {
    for part in folders.chunks(ROWS) {
        let mut args = args![run_no];
        let mut sql = String::from("INSERT INTO ledger_awaited (run_no, source_path) VALUES ");
        for (row, path) in part.iter().enumerate() {
            args.push(path.to_string().into());
            let comma = if row == 0 { "" } else { ", " };
            let _ = write!(sql, "{comma}($1, ${})", row + 2);
        }
        sql.push_str(" ON CONFLICT (run_no, source_path) DO NOTHING");
        tx.execute(sql, args).await?;
    }
    Ok(())
}

/// The number of the last run of ledger `$1` that has come as far as to know its folders: one that was stopped before tells
/// nothing of them.
pub(super) const LAST_PLANNED: &str = "(SELECT MAX(l.no) FROM ledger_runs l WHERE l.ledger_id = $1 AND (
    EXISTS (SELECT 1 FROM ledger_awaited w WHERE w.run_no = l.no)
    OR EXISTS (SELECT 1 FROM ledger_run_folders b WHERE b.run_no = l.no)))";

/// Folders that the last run was to copy and that neither it nor any before has begun.
pub(super) async fn never_begun(tx: &mut Tx, ledger: Uuid) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "SELECT a.source_path FROM ledger_awaited a WHERE a.run_no = {LAST_PLANNED} AND NOT EXISTS (
            SELECT 1 FROM ledger_folders f JOIN ledger_run_folders r ON r.folder_id = f.id
            WHERE f.ledger_id = $1 AND f.source_path = a.source_path)
         ORDER BY a.source_path"
    );
    tx.rows(sql, args![ledger]).await?.iter().map(|row| row.get("source_path")).collect()
}
