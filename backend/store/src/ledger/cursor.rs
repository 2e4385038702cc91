//! What a folder was when it was left: where a delta goes on, and what need not be opened at all.

use std::collections::BTreeMap;

use mailferry_domain::{folder::FolderPath, ledger::Cursor, uid::UidValidity};
use mailferry_engine::port::{Binding, LedgerFolderId};
use mailferry_shared::run::Counts;

use crate::{
    db::Tx,
    error::StoreError,
    ledger::{
        RunLedger,
        counts::{add, counts_from, insert_folders, numbers},
        folder::NEVER_OPENED,
    },
    value::{Arg, Row, args},
};

/// Rows in one statement.
const ROWS: usize = 500;

impl RunLedger {
    pub(super) async fn read_bindings(&self) -> Result<BTreeMap<FolderPath, Binding>, StoreError> {
        let mut tx = self.inner.db.read().await?;
        // Later ones replace earlier ones. A folder that this run has not begun needs no look at single messages.
        let sql = "SELECT f.id, f.source_path, f.destination_path, f.cursor_source_uid_validity,
                f.cursor_source_uid_next, f.cursor_messages, f.cursor_size_bytes, f.cursor_destination_uid_validity,
                f.cursor_source_modseq,
                CAST(CASE WHEN f.finished_run_no = r.no THEN 1 ELSE 0 END AS BIGINT) AS mine,
                CAST(CASE WHEN r.no IS NULL OR f.finished_run_no = r.no THEN 0
                    WHEN NOT EXISTS (SELECT 1 FROM ledger_run_folders b WHERE b.run_no = r.no AND b.folder_id = f.id)
                        THEN 0
                    WHEN EXISTS (SELECT 1 FROM ledger_items i WHERE i.folder_id = f.id AND i.generation = f.generation
                        AND i.source_uid < f.cursor_source_uid_next AND i.run_no = r.no
                        AND i.state IN ('stored', 'present')) THEN 1
                    WHEN EXISTS (SELECT 1 FROM ledger_run_items t WHERE t.run_no = r.no AND t.folder_id = f.id
                        AND t.generation = f.generation AND t.source_uid < f.cursor_source_uid_next) THEN 1
                    ELSE 0 END AS BIGINT) AS told_below_cursor
             FROM ledger_folders f LEFT JOIN ledger_runs r ON r.run_id = $2
             WHERE f.ledger_id = $1 AND f.destination_uid_validity <> $3 ORDER BY f.opened_at, f.id";
        let rows = tx.rows(sql, args![self.inner.ledger, self.inner.run_id, NEVER_OPENED]).await?;
        rows.iter().map(|row| Ok((path(row, "source_path")?, binding(row)?))).collect()
    }

    pub(super) async fn mark_finished(
        &self,
        tx: &mut Tx,
        run_no: i64,
        folder: LedgerFolderId,
        cursor: Option<Cursor>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE ledger_folders SET finished_run_no = $3, cursor_source_uid_validity = $4,
                cursor_source_uid_next = $5, cursor_messages = $6, cursor_size_bytes = $7,
                cursor_destination_uid_validity = $8, cursor_source_modseq = $9
             WHERE id = $1 AND ledger_id = $2";
        let args = args![
            folder.0,
            self.inner.ledger,
            run_no,
            cursor.map(|cursor| cursor.source_uid_validity.0),
            cursor.map(|cursor| cursor.source_uid_next),
            cursor.map(|cursor| cursor.messages),
            cursor.map(|cursor| cursor.size_bytes),
            cursor.map(|cursor| cursor.destination_uid_validity.0),
            cursor.and_then(|cursor| i64::try_from(cursor.source_modseq?).ok()),
        ];
        if tx.execute(sql, args).await? == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }
}

fn path(row: &Row, column: &str) -> Result<FolderPath, StoreError> {
    FolderPath::parse(&row.get::<String>(column)?).map_err(|_| StoreError::corrupt("ledger_folders"))
}

fn binding(row: &Row) -> Result<Binding, StoreError> {
    let told_below_cursor = row.get::<i64>("told_below_cursor")? == 1;
    Ok(Binding {
        id: LedgerFolderId(row.get("id")?),
        destination: path(row, "destination_path")?,
        // What this run has counted of its own is not counted as found before.
        cursor: cursor(row)?.filter(|_| !told_below_cursor),
        finished_by_this_run: row.get::<i64>("mine")? == 1,
    })
}

fn cursor(row: &Row) -> Result<Option<Cursor>, StoreError> {
    let Some(validity) = row.get::<Option<u32>>("cursor_source_uid_validity")? else { return Ok(None) };
    Ok(Some(Cursor {
        source_uid_validity: UidValidity(validity),
        source_uid_next: row.get("cursor_source_uid_next")?,
        messages: row.get("cursor_messages")?,
        size_bytes: row.get("cursor_size_bytes")?,
        destination_uid_validity: UidValidity(row.get("cursor_destination_uid_validity")?),
        source_modseq: row.get("cursor_source_modseq")?,
    }))
}

/// Counts all of these folders as present, and marks them as dealt with.
pub(super) async fn count_unchanged(
    tx: &mut Tx,
    run_no: i64,
    folders: &[(LedgerFolderId, Cursor)],
) -> Result<(), StoreError> {
    for part in folders.chunks(ROWS) {
        let mut change = [0; 13];
        for before in counted_before(tx, run_no, part).await? {
            (0..change.len()).for_each(|n| change[n] -= before[n]);
        }
        let now: Vec<(i64, [i64; 13])> =
            part.iter().map(|(folder, cursor)| (folder.0, numbers(&all_present(cursor)))).collect();
        for (_, numbers) in &now {
            (0..change.len()).for_each(|n| change[n] += numbers[n]);
        }
        insert_folders(tx, run_no, &now).await?;
        add(tx, run_no, &change).await?;
        let sql = format!("UPDATE ledger_folders SET finished_run_no = $1 WHERE id IN ({})", list(part.len(), 2));
        tx.execute(sql, with_ids(args![run_no], part)).await?;
    }
    Ok(())
}

fn all_present(cursor: &Cursor) -> Counts {
    Counts {
        listed: cursor.messages,
        listed_bytes: cursor.size_bytes,
        present: cursor.messages,
        present_bytes: cursor.size_bytes,
        ..Counts::default()
    }
}

/// What this run has counted of these folders before it was interrupted.
async fn counted_before(
    tx: &mut Tx,
    run_no: i64,
    part: &[(LedgerFolderId, Cursor)],
) -> Result<Vec<[i64; 13]>, StoreError> {
    let sql = format!("SELECT * FROM ledger_run_folders WHERE run_no = $1 AND folder_id IN ({})", list(part.len(), 2));
    let rows = tx.rows(sql, with_ids(args![run_no], part)).await?;
    rows.iter().map(|row| Ok(numbers(&counts_from(row)?))).collect()
}

fn list(length: usize, first: usize) -> String {
    (first..first + length).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

fn with_ids(mut args: Vec<Arg>, part: &[(LedgerFolderId, Cursor)]) -> Vec<Arg> {
    args.extend(part.iter().map(|(folder, _)| Arg::from(folder.0)));
    args
}
