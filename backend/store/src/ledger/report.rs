//! What people read of a run: folders, notes, and messages that were not simply copied.

use chrono::DateTime;
use mailferry_shared::{
    finding::{Finding, FindingCode},
    ids::RunId,
    protocol::{FolderProtocol, ItemOutcome, ItemProtocol},
    run::Counts,
};
use uuid::Uuid;

use crate::{
    db::Tx,
    error::StoreError,
    ledger::{RunLedger, counts, counts_from},
    page::{Part, Position},
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

/// Which messages of a protocol are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemPart {
    /// Only those of this outcome.
    pub outcome: Option<ItemOutcome>,
    /// From where on, and how many.
    pub part: Part,
}

/// A message of a protocol, and where it stands in it.
pub type PlacedItem = (Position, ItemProtocol);

impl RunLedger {
    /// What this run has to tell, with at most `limit` items.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn report(&self, limit: u32) -> Result<LedgerReport, StoreError> {
        read_report(&mut self.inner.db.read().await?, self.inner.run_id, limit).await
    }

    /// A part of the messages that were duplicates, skipped, failed or uncertain.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn items(&self, wanted: ItemPart) -> Result<Vec<PlacedItem>, StoreError> {
        read_items(&mut self.inner.db.read().await?, self.inner.run_id, wanted).await
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
    let first = ItemPart { outcome: None, part: Part { after: None, limit } };
    let items = read_items(tx, run_id, first).await?.into_iter().map(|(_, item)| item).collect();
    let sql = "SELECT COUNT(*) AS n FROM ledger_run_items i JOIN ledger_runs n ON n.no = i.run_no WHERE n.run_id = $1";
    let items_total = tx.row(sql, args![run_id]).await?.get("n")?;
    Ok(LedgerReport { counts: totals, folders, notes, items, items_total })
}

fn folder_from(row: &Row) -> Result<FolderProtocol, StoreError> {
    let (source, destination) = (row.get("source_path")?, row.get("destination_path")?);
    Ok(FolderProtocol { source, destination, counts: counts_from(row)? })
}

/// A part of a run's items: failed, uncertain, skipped, duplicate; by folder and UID among those of one outcome. What is
/// settled meanwhile neither moves the others nor hides them.
pub(crate) async fn read_items(tx: &mut Tx, run_id: RunId, wanted: ItemPart) -> Result<Vec<PlacedItem>, StoreError> {
    let (least, most) = wanted.outcome.map_or((0, 3), |outcome| (rank(outcome), rank(outcome)));
    let after = Place::from(wanted.part.after);
    let rows = tx
        .rows(
            "SELECT i.outcome, f.source_path, i.source_uid, i.size_bytes, i.internal_date, i.message_id, i.code, i.rank,
                i.folder_id, i.generation, i.subject
             FROM ledger_run_items i JOIN ledger_folders f ON f.id = i.folder_id
             JOIN ledger_runs n ON n.no = i.run_no
             WHERE n.run_id = $1 AND i.rank BETWEEN $2 AND $3
                AND (i.rank, i.folder_id, i.generation, i.source_uid) > ($4, $5, $6, $7)
             ORDER BY i.rank, i.folder_id, i.generation, i.source_uid LIMIT $8",
            args![run_id, least, most, after.rank, after.folder, after.generation, after.uid, wanted.part.limit],
        )
        .await?;
    rows.iter().map(|row| Ok((Place::of(row)?.position(), item_from(row)?))).collect()
}

/// The order of outcomes in a protocol.
fn rank(outcome: ItemOutcome) -> i64 {
    match outcome {
        ItemOutcome::Failed => 0,
        ItemOutcome::Uncertain => 1,
        ItemOutcome::Skipped => 2,
        ItemOutcome::Duplicate => 3,
    }
}

/// Where an item stands.
struct Place {
    rank: i64,
    folder: u64,
    generation: u32,
    uid: u32,
}

impl Place {
    fn of(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            rank: row.get("rank")?,
            folder: row.get("folder_id")?,
            generation: row.get("generation")?,
            uid: row.get("source_uid")?,
        })
    }

    /// As a position of a list; its id is none of a row, but folder, generation and UID.
    fn position(&self) -> Position {
        let id = u128::from(self.folder) << 64 | u128::from(self.generation) << 32 | u128::from(self.uid);
        Position { at: self.rank, id: Uuid::from_u128(id) }
    }
}

impl From<Option<Position>> for Place {
    fn from(after: Option<Position>) -> Self {
        let Some(Position { at, id }) = after else { return Self { rank: -1, folder: 0, generation: 0, uid: 0 } };
        let (folder, rest) = id.as_u64_pair();
        let [generation, uid] = [rest >> 32, rest & u64::from(u32::MAX)].map(|part| u32::try_from(part).unwrap_or(0));
        Self { rank: at, folder, generation, uid }
    }
}

fn item_from(row: &Row) -> Result<ItemProtocol, StoreError> {
    let date = row.get::<Option<i64>>("internal_date")?;
    let outcome = row.code("outcome")?;
    let uncertain = Some(FindingCode::MessageUncertain).filter(|_| outcome == ItemOutcome::Uncertain);
    Ok(ItemProtocol {
        outcome,
        folder: row.get("source_path")?,
        uid: row.get("source_uid")?,
        size_bytes: row.get("size_bytes")?,
        date: date.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        message_id: row.get("message_id")?,
        subject: row.get("subject")?,
        code: row.code_opt("code")?.or(uncertain),
    })
}
