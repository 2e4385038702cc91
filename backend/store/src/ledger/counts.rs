//! A run's counts as columns.

use std::fmt::Write;

use mailferry_shared::run::Counts;

use crate::{
    db::Tx,
    error::StoreError,
    value::{Arg, Row, args},
};

/// The columns, in the order of [`numbers`].
pub(crate) const COLUMNS: [&str; 13] = [
    "listed",
    "listed_bytes",
    "stored",
    "stored_bytes",
    "present",
    "present_bytes",
    "duplicates",
    "skipped",
    "skipped_bytes",
    "failed",
    "failed_bytes",
    "uncertain",
    "uncertain_bytes",
];

/// The counts as numbers that can be subtracted.
pub(super) fn numbers(counts: &Counts) -> [i64; 13] {
    [
        counts.listed,
        counts.listed_bytes,
        counts.stored,
        counts.stored_bytes,
        counts.present,
        counts.present_bytes,
        counts.duplicates,
        counts.skipped,
        counts.skipped_bytes,
        counts.failed,
        counts.failed_bytes,
        counts.uncertain,
        counts.uncertain_bytes,
    ]
    .map(|count| i64::try_from(count).unwrap_or(i64::MAX))
}

/// The counts in a row.
pub(crate) fn counts_from(row: &Row) -> Result<Counts, StoreError> {
    Ok(Counts {
        listed: row.get("listed")?,
        listed_bytes: row.get("listed_bytes")?,
        stored: row.get("stored")?,
        stored_bytes: row.get("stored_bytes")?,
        present: row.get("present")?,
        present_bytes: row.get("present_bytes")?,
        duplicates: row.get("duplicates")?,
        skipped: row.get("skipped")?,
        skipped_bytes: row.get("skipped_bytes")?,
        failed: row.get("failed")?,
        failed_bytes: row.get("failed_bytes")?,
        uncertain: row.get("uncertain")?,
        uncertain_bytes: row.get("uncertain_bytes")?,
    })
}

/// The columns of the table `alias`, zero where an outer join found no row.
pub(crate) fn run_counts_sql(alias: &str) -> String {
    COLUMNS.map(|column| format!("COALESCE({alias}.{column}, 0) AS {column}")).join(", ")
}

/// Adds `change` (which may be negative) to the totals of a run.
pub(super) async fn add(tx: &mut Tx, run_no: i64, change: &[i64; 13]) -> Result<(), StoreError> {
    let Some((sets, numbers)) = sets(change, 2) else { return Ok(()) };
    let args = args![run_no].into_iter().chain(numbers).collect();
    tx.execute(format!("UPDATE ledger_runs SET {sets} WHERE no = $1"), args).await.map(drop)
}

/// Adds `change` (which may be negative) to the totals of one folder of a run.
pub(super) async fn add_to_folder(tx: &mut Tx, run_no: i64, folder: i64, change: &[i64; 13]) -> Result<(), StoreError> {
    let Some((sets, numbers)) = sets(change, 3) else { return Ok(()) };
    let args = args![run_no, folder].into_iter().chain(numbers).collect();
    let sql = format!("UPDATE ledger_run_folders SET {sets} WHERE run_no = $1 AND folder_id = $2");
    if tx.execute(sql, args).await? == 0 { set_folder(tx, run_no, folder, change).await } else { Ok(()) }
}

/// The columns that change, from parameter `first` on, and by how much; `None` if none does.
fn sets(change: &[i64; 13], first: usize) -> Option<(String, Vec<Arg>)> {
    let changed: Vec<(&str, i64)> = COLUMNS.into_iter().zip(*change).filter(|(_, number)| *number != 0).collect();
    let set = |(n, (column, _)): (usize, &(&str, i64))| format!("{column} = {column} + ${}", n + first);
    let sets = changed.iter().enumerate().map(set).collect::<Vec<_>>().join(", ");
    let numbers = changed.iter().map(|(_, number)| Arg::from(*number)).collect();
    (!changed.is_empty()).then_some((sets, numbers))
}

/// Sets the totals of one folder of a run; a new one comes last.
pub(super) async fn set_folder(tx: &mut Tx, run_no: i64, folder: i64, counts: &[i64; 13]) -> Result<(), StoreError> {
    let columns = COLUMNS.join(", ");
    let values = (3..16).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
    let sets = COLUMNS.map(|column| format!("{column} = excluded.{column}")).join(", ");
    let sql = format!(
        "INSERT INTO ledger_run_folders (run_no, folder_id, position, {columns})
         SELECT $1, $2, COALESCE(MAX(position), 0) + 1, {values} FROM ledger_run_folders WHERE run_no = $1
         ON CONFLICT (run_no, folder_id) DO UPDATE SET {sets}"
    );
    let args = args![run_no, folder].into_iter().chain(counts.iter().map(|number| Arg::from(*number))).collect();
    tx.execute(sql, args).await.map(drop)
}

/// Sets the totals of folders of a run; new ones come last.
pub(super) async fn insert_folders(tx: &mut Tx, run_no: i64, folders: &[(i64, [i64; 13])]) -> Result<(), StoreError> {
    if folders.is_empty() {
        return Ok(());
    }
    let sql = "SELECT COALESCE(MAX(position), 0) AS last FROM ledger_run_folders WHERE run_no = $1";
    let last: i64 = tx.row(sql, args![run_no]).await?.get("last")?;
    let mut sql =
        format!("INSERT INTO ledger_run_folders (run_no, folder_id, position, {}) VALUES ", COLUMNS.join(", "));
    let mut args = args![run_no];
    for (row, (folder, numbers)) in folders.iter().enumerate() {
        args.push((*folder).into());
        args.push((last + 1 + i64::try_from(row).unwrap_or(0)).into());
        args.extend(numbers.iter().map(|number| Arg::from(*number)));
        let width = COLUMNS.len() + 2;
        let first = 2 + row * width;
        let values = (first..first + width).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
        let comma = if row == 0 { "" } else { ", " };
        let _ = write!(sql, "{comma}($1, {values})");
    }
    let sets = COLUMNS.map(|column| format!("{column} = excluded.{column}")).join(", ");
    let _ = write!(sql, " ON CONFLICT (run_no, folder_id) DO UPDATE SET {sets}");
    tx.execute(sql, args).await.map(drop)
}
