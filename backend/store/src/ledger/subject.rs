//! Subjects in the protocol: there only while the order's owner wants to see them.

use std::fmt::Write;

use mailferry_domain::uid::Uid;
use mailferry_shared::ids::OrderId;

use crate::{
    db::Tx,
    error::StoreError,
    ledger::write::{At, ROWS},
    value::args,
};

/// Keeps the subjects of messages that this run tells of; of others nothing is kept.
pub(super) async fn write_subjects(tx: &mut Tx, at: At, subjects: &[(Uid, String)]) -> Result<(), StoreError> {
    for part in subjects.chunks(ROWS) {
        let mut args = args![at.run_no, at.folder, at.generation];
        let mut sql = String::from("UPDATE ledger_run_items SET subject = v.column2 FROM (VALUES ");
        for (row, (uid, subject)) in part.iter().enumerate() {
            args.push(uid.0.into());
            args.push(subject.into());
            let comma = if row == 0 { "" } else { ", " };
            let _ = write!(sql, "{comma}(${}, ${})", 4 + row * 2, 5 + row * 2);
        }
        sql.push_str(") AS v WHERE run_no = $1 AND folder_id = $2 AND generation = $3 AND source_uid = v.column1");
        tx.execute(sql, args).await?;
    }
    Ok(())
}

/// Erases every subject that is kept of an order's messages.
pub(crate) async fn forget_subjects(tx: &mut Tx, order: OrderId) -> Result<(), StoreError> {
    let sql = "UPDATE ledger_run_items SET subject = NULL WHERE subject IS NOT NULL AND run_no IN (
            SELECT n.no FROM ledger_runs n JOIN pairs p ON p.id = n.ledger_id WHERE p.order_id = $1)";
    tx.execute(sql, args![order]).await.map(drop)
}
