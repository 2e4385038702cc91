//! Flags as they were copied: what a change at either side is told by.

use mailferry_domain::{item::Flags, ledger::CopiedFlags, uid::Uid};
use mailferry_engine::port::LedgerFolderId;

use crate::{
    db::Tx,
    error::StoreError,
    ledger::{RunLedger, write::At},
    value::args,
};

impl RunLedger {
    pub(super) async fn read_flags(
        &self,
        folder: LedgerFolderId,
        (first, last): (Uid, Uid),
    ) -> Result<Vec<CopiedFlags>, StoreError> {
        let mut tx = self.inner.db.read().await?;
        let generation = self.generation(&mut tx, folder).await?;
        let mut copied = Vec::new();
        tx.each(
            "SELECT source_uid, destination_uid, flags FROM ledger_items
             WHERE folder_id = $1 AND generation = $2 AND source_uid >= $3 AND source_uid <= $4
                AND state IN ('stored', 'present') AND destination_uid IS NOT NULL AND flags IS NOT NULL
             ORDER BY source_uid",
            args![folder.0, generation, first.0, last.0],
            |row| {
                let flags: String = row.get("flags")?;
                copied.push(CopiedFlags {
                    source_uid: Uid(row.get("source_uid")?),
                    destination_uid: Uid(row.get("destination_uid")?),
                    flags: Flags::new(flags.split(' ')),
                });
                Ok(())
            },
        )
        .await?;
        Ok(copied)
    }
}

/// Writes down flags that have been carried over.
pub(super) async fn write_flags(tx: &mut Tx, at: At, carried: &[(Uid, Flags)]) -> Result<(), StoreError> {
    for (uid, flags) in carried {
        let flags = flags.iter().collect::<Vec<_>>().join(" ");
        let sql = "UPDATE ledger_items SET flags = $4 WHERE folder_id = $1 AND generation = $2 AND source_uid = $3";
        tx.execute(sql, args![at.folder, at.generation, uid.0, flags]).await?;
    }
    Ok(())
}
