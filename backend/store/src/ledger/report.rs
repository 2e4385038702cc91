//! What people read of a run: folders, notes, and messages that were not simply copied.

use chrono::DateTime;
use mailferry_shared::{
    finding::Finding,
    ids::RunId,
    protocol::{FolderProtocol, ItemProtocol},
    run::Counts,
};

use crate::{
    db::Tx,
    error::StoreError,
    ledger::{RunLedger, counts, counts_from},
    progress::Page,
    value::{Row, args},
};

/// What a run has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerReport {
    /// Its totals.
    pub counts: Counts,
    /// Per folder, in the order they were copied.
    pub folders: Vec<FolderProtocol>,
    /// What concerns a folder or the whole run, in the order it was noted.
    pub notes: Vec<Finding>,
    /// Messages that were duplicates, skipped, failed or uncertain, failed ones first; not all of them.
    pub items: Vec<ItemProtocol>,
    /// How many such messages there are in all.
    pub items_total: u64,
}

impl RunLedger {
    /// What this run has to tell, with at most `limit` items.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn report(&self, limit: u32) -> Result<LedgerReport, StoreError> {
        read_report(&mut self.inner.db.read().await?, self.inner.run_id, limit).await
    }

    /// A page of the messages that were duplicates, skipped, failed or uncertain.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn items(&self, page: Page) -> Result<Vec<ItemProtocol>, StoreError> {
        read_items(&mut self.inner.db.read().await?, self.inner.run_id, page).await
    }
}

/// What a run has to tell; nothing, if it has not begun.
pub(crate) async fn read_report(tx: &mut Tx, run_id: RunId, limit: u32) -> Result<LedgerReport, StoreError> {
    let columns = counts::COLUMNS.map(|column| format!("r.{column}")).join(", ");
    let sql = format!("SELECT {columns} FROM ledger_runs r WHERE r.run_id = $1");
    let totals = tx.row_opt(sql, args![run_id]).await?.as_ref().map_or(Ok(Counts::default()), counts_from)?;
    let sql = format!(
        "SELECT f.source_path, f.destination_path, {columns} FROM ledger_run_folders r
         JOIN ledger_folders f ON f.id = r.folder_id JOIN ledger_runs n ON n.no = r.run_no
         WHERE n.run_id = $1 ORDER BY r.position"
    );
    let folders = tx.rows(sql, args![run_id]).await?.iter().map(folder_from).collect::<Result<_, _>>()?;
    let sql = "SELECT m.finding FROM ledger_notes m JOIN ledger_runs n ON n.no = m.run_no
         WHERE n.run_id = $1 ORDER BY m.noted_at, m.code, m.subject";
    let notes = tx.rows(sql, args![run_id]).await?.iter().map(|row| row.json("finding")).collect::<Result<_, _>>()?;
    let items = read_items(tx, run_id, Page { offset: 0, limit }).await?;
    let sql = "SELECT COUNT(*) AS n FROM ledger_run_items i JOIN ledger_runs n ON n.no = i.run_no WHERE n.run_id = $1";
    let items_total = tx.row(sql, args![run_id]).await?.get("n")?;
    Ok(LedgerReport { counts: totals, folders, notes, items, items_total })
}

fn folder_from(row: &Row) -> Result<FolderProtocol, StoreError> {
    let (source, destination) = (row.get("source_path")?, row.get("destination_path")?);
    Ok(FolderProtocol { source, destination, counts: counts_from(row)? })
}

/// A page of a run's items: failed, uncertain, skipped, duplicate.
pub(crate) async fn read_items(tx: &mut Tx, run_id: RunId, page: Page) -> Result<Vec<ItemProtocol>, StoreError> {
    let rows = tx
        .rows(
            "SELECT i.outcome, f.source_path, i.source_uid, i.size_bytes, i.internal_date, i.message_id, i.code
             FROM ledger_run_items i JOIN ledger_folders f ON f.id = i.folder_id
             JOIN ledger_runs n ON n.no = i.run_no WHERE n.run_id = $1
             ORDER BY i.rank, i.folder_id, i.generation, i.source_uid LIMIT $2 OFFSET $3",
            args![run_id, page.limit, page.offset],
        )
        .await?;
    rows.iter().map(item_from).collect()
}

fn item_from(row: &Row) -> Result<ItemProtocol, StoreError> {
    let date = row.get::<Option<i64>>("internal_date")?;
    Ok(ItemProtocol {
        outcome: row.code("outcome")?,
        folder: row.get("source_path")?,
        uid: row.get("source_uid")?,
        size_bytes: row.get("size_bytes")?,
        date: date.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        message_id: row.get("message_id")?,
        code: row.code_opt("code")?,
    })
}
