//! Entries of former generations: their source UIDs mean nothing any more, but each stands for one message at the
//! destination until the same content has an entry again.

use mailferry_domain::ledger::{Outcome, Settlement};

use crate::{db::Tx, error::StoreError, ledger::write::At, value::args};

/// The entry of a former generation that stood for this message at the destination stands for it no longer, or it
/// would account for a second message after an interruption.
pub(super) async fn supersede(tx: &mut Tx, at: At, settlement: &Settlement) -> Result<(), StoreError> {
    let (Some(key), Outcome::Stored(uid) | Outcome::Present(uid) | Outcome::Found(uid)) =
        (settlement.key, settlement.outcome)
    else {
        return Ok(());
    };
    let uid = uid.map(|uid| uid.0);
    let row = tx
        .row_opt(
            "SELECT generation, source_uid FROM ledger_items WHERE folder_id = $1 AND generation < $2
                AND state IN ('stored', 'present') AND hash = $3 AND key_size_bytes = $4
                AND (destination_uid = $5 OR (destination_uid IS NULL AND $5 IS NULL))
             ORDER BY generation, source_uid LIMIT 1",
            args![at.folder, at.generation, key.hash.0.as_slice(), key.size_bytes, uid],
        )
        .await?;
    let Some(row) = row else { return Ok(()) };
    let sql = "UPDATE ledger_items SET state = 'superseded'
         WHERE folder_id = $1 AND generation = $2 AND source_uid = $3";
    let (generation, source_uid) = (row.get::<i64>("generation")?, row.get::<i64>("source_uid")?);
    tx.execute(sql, args![at.folder, generation, source_uid]).await.map(drop)
}
