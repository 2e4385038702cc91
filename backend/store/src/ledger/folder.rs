//! Opening a source folder: what is known of it, for the UIDVALIDITY of both sides as they are now.

use mailferry_domain::{
    item::{ContentHash, ContentKey},
    ledger::{FolderState, OpenIntent},
    uid::Uid,
};
use mailferry_engine::port::{FolderBinding, LedgerFolderId};

use crate::{
    db::Tx,
    error::StoreError,
    ledger::RunLedger,
    value::{Row, args},
};

/// A folder as it was opened.
struct Opened {
    id: i64,
    generation: i64,
    run_no: i64,
}

impl RunLedger {
    pub(super) async fn open(&self, binding: &FolderBinding) -> Result<(LedgerFolderId, FolderState), StoreError> {
        let (mut tx, run_no) = self.write().await?;
        // The lanes of a run open one after the other: two source folders may go to one destination.
        tx.execute("UPDATE ledger_runs SET run_id = run_id WHERE no = $1", args![run_no]).await?;
        let (id, generation) = self.bind(&mut tx, binding).await?;
        self.follow_destination(&mut tx, binding).await?;
        self.commit(tx, run_no).await?;
        self.generations().insert(id, generation);
        let state = self.read_state(&Opened { id, generation, run_no }, binding).await?;
        Ok((LedgerFolderId(id), state))
    }

    /// Finds or makes the folder's row; another UIDVALIDITY at the source begins a new generation.
    async fn bind(&self, tx: &mut Tx, binding: &FolderBinding) -> Result<(i64, i64), StoreError> {
        let validity = binding.source_uid_validity.0;
        let row = tx
            .row(
                "INSERT INTO ledger_folders (ledger_id, source_path, destination_path, generation,
                    source_uid_validity, destination_uid_validity, opened_at) VALUES ($1, $2, $3, 1, $4, $5, $6)
                 ON CONFLICT (ledger_id, source_path, destination_path) DO UPDATE SET opened_at = excluded.opened_at,
                    generation = ledger_folders.generation + CASE
                        WHEN ledger_folders.source_uid_validity = excluded.source_uid_validity THEN 0 ELSE 1 END,
                    source_uid_validity = excluded.source_uid_validity
                 RETURNING id, generation",
                args![
                    self.inner.ledger,
                    binding.source.to_string(),
                    binding.destination.to_string(),
                    validity,
                    binding.destination_uid_validity.0,
                    self.inner.context.clock.now(),
                ],
            )
            .await?;
        Ok((row.get("id")?, row.get("generation")?))
    }

    /// If the destination has another UIDVALIDITY, its UIDs mean nothing any more: what was settled there may or may
    /// not be there, and must be looked for. That holds for every source folder that goes there.
    async fn follow_destination(&self, tx: &mut Tx, binding: &FolderBinding) -> Result<(), StoreError> {
        let validity = binding.destination_uid_validity.0;
        let rows = tx
            .rows(
                "UPDATE ledger_folders SET destination_uid_validity = $3
                 WHERE ledger_id = $1 AND destination_path = $2 AND destination_uid_validity <> $3
                 RETURNING id, generation",
                args![self.inner.ledger, binding.destination.to_string(), validity],
            )
            .await?;
        for row in &rows {
            let (id, generation) = (row.get::<i64>("id")?, row.get::<i64>("generation")?);
            // Nothing to look for by: the message is copied as if it were new, after a look at what is there.
            let sql = "DELETE FROM ledger_items WHERE folder_id = $1 AND hash IS NULL
                 AND state IN ('stored', 'present')";
            tx.execute(sql, args![id]).await?;
            let sql = "UPDATE ledger_items SET state = 'superseded' WHERE folder_id = $1 AND generation < $2
                 AND state IN ('stored', 'present')";
            tx.execute(sql, args![id, generation]).await?;
            let sql = "UPDATE ledger_items SET destination_uid = NULL, destination_uid_next = 1,
                    run_no = CASE WHEN state IN ('stored', 'present') THEN NULL ELSE run_no END,
                    state = CASE WHEN state = 'uncertain' THEN 'uncertain' ELSE 'intended' END
                 WHERE folder_id = $1 AND generation = $2
                 AND state IN ('stored', 'present', 'intended', 'uncertain')";
            tx.execute(sql, args![id, generation]).await?;
        }
        Ok(())
    }

    async fn read_state(&self, folder: &Opened, binding: &FolderBinding) -> Result<FolderState, StoreError> {
        let mut state = FolderState::default();
        let mut tx = self.inner.db.read().await?;
        tx.each(
            "SELECT source_uid, state, run_no, destination_uid_next,
                CASE WHEN state IN ('intended', 'uncertain') THEN key_size_bytes END AS key_size_bytes,
                CASE WHEN state IN ('intended', 'uncertain') THEN hash END AS hash
             FROM ledger_items WHERE folder_id = $1 AND generation = $2
                AND state IN ('stored', 'present', 'intended', 'uncertain')
             ORDER BY source_uid",
            args![folder.id, folder.generation],
            |row| take_entry(&mut state, row, folder.run_no),
        )
        .await?;
        let destination = binding.destination.to_string();
        tx.each(
            "SELECT i.destination_uid FROM ledger_folders f JOIN ledger_items i ON i.folder_id = f.id
             WHERE f.ledger_id = $1 AND f.destination_path = $2 AND i.state IN ('stored', 'present')
                AND i.destination_uid IS NOT NULL ORDER BY i.destination_uid",
            args![self.inner.ledger, &destination],
            |row| {
                state.claimed.insert(Uid(row.get("destination_uid")?));
                Ok(())
            },
        )
        .await?;
        tx.each(
            "SELECT i.key_size_bytes, i.hash FROM ledger_folders f JOIN ledger_items i ON i.folder_id = f.id
             WHERE f.ledger_id = $1 AND f.destination_path = $2 AND i.state IN ('stored', 'present')
                AND i.destination_uid IS NULL",
            args![self.inner.ledger, &destination],
            |row| {
                state.unaddressed.extend(key_from(row)?);
                Ok(())
            },
        )
        .await?;
        if folder.generation > 1 {
            tx.each(
                "SELECT key_size_bytes, hash, destination_uid FROM ledger_items
                 WHERE folder_id = $1 AND generation < $2 AND state IN ('stored', 'present')
                 ORDER BY generation, source_uid",
                args![folder.id, folder.generation],
                |row| {
                    let uid = row.get::<Option<u32>>("destination_uid")?.map(Uid);
                    state.earlier.extend(key_from(row)?.map(|key| (key, uid)));
                    Ok(())
                },
            )
            .await?;
        }
        Ok(state)
    }
}

fn take_entry(state: &mut FolderState, row: &Row, run_no: i64) -> Result<(), StoreError> {
    let source_uid = Uid(row.get("source_uid")?);
    if matches!(row.get::<String>("state")?.as_str(), "stored" | "present") {
        state.settled.insert(source_uid);
        if row.get::<Option<i64>>("run_no")? == Some(run_no) {
            state.settled_by_this_run.insert(source_uid);
        }
    } else if let (Some(key), Some(destination_uid_next)) = (key_from(row)?, row.get("destination_uid_next")?) {
        state.open.push(OpenIntent { source_uid, key, destination_uid_next });
    }
    Ok(())
}

/// Size and hash in the columns `key_size_bytes` and `hash`.
fn key_from(row: &Row) -> Result<Option<ContentKey>, StoreError> {
    let (Some(size_bytes), Some(hash)) = (row.get("key_size_bytes")?, row.get::<Option<Vec<u8>>>("hash")?) else {
        return Ok(None);
    };
    let hash = hash.try_into().map_err(|_| StoreError::corrupt("ledger_items.hash"))?;
    Ok(Some(ContentKey { size_bytes, hash: ContentHash(hash) }))
}
