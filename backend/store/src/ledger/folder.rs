//! Opening a source folder: what is known of it, for the UIDVALIDITY of both sides as they are now.

use mailferry_domain::{
    item::{ContentHash, ContentKey},
    ledger::{FolderState, OpenIntent, Outcome, Repaired},
    repair::Repairs,
    uid::{Uid, UidValidity},
};
use mailferry_engine::port::{FolderBinding, LedgerFolderId};

use crate::{
    db::Tx,
    error::StoreError,
    ledger::RunLedger,
    value::{Row, args},
};

/// The UIDVALIDITY of a destination folder that could not be opened yet.
pub(super) const NEVER_OPENED: i64 = -1;

/// A folder as it was opened.
pub(super) struct Opened {
    pub(super) id: i64,
    pub(super) generation: i64,
    pub(super) run_no: i64,
    /// True if nothing has gone to its destination yet.
    pub(super) fresh: bool,
}

impl RunLedger {
    pub(super) async fn open(
        &self,
        bindings: &[FolderBinding],
    ) -> Result<Vec<(LedgerFolderId, FolderState)>, StoreError> {
        let (mut tx, run_no) = self.begin().await?;
        // The lanes of a run open one after the other: two source folders may go to one destination.
        tx.execute("UPDATE ledger_runs SET run_id = run_id WHERE no = $1", args![run_no]).await?;
        let fresh = self.bind_fresh(&mut tx, bindings).await?;
        let mut opened = Vec::with_capacity(bindings.len());
        for binding in bindings {
            let ends = (binding.source.to_string(), binding.destination.to_string());
            if let Some(id) = fresh.get(&ends) {
                opened.push(Opened { id: *id, generation: 1, run_no, fresh: true });
                continue;
            }
            let (id, generation) = self.bind(&mut tx, binding).await?;
            if let Some(validity) = binding.destination_uid_validity {
                self.follow_destination(&mut tx, binding, validity, run_no).await?;
            }
            opened.push(Opened { id, generation, run_no, fresh: false });
        }
        self.commit(tx, run_no).await?;
        let mut tx = self.inner.db.read().await?;
        let mut states = Vec::with_capacity(bindings.len());
        for (folder, binding) in opened.iter().zip(bindings) {
            self.generations().insert(folder.id, folder.generation);
            let state =
                if folder.fresh { FolderState::default() } else { self.read_state(&mut tx, folder, binding).await? };
            states.push((LedgerFolderId(folder.id), state));
        }
        Ok(states)
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
                    binding.destination_uid_validity.map_or(NEVER_OPENED, |validity| i64::from(validity.0)),
                    self.inner.context.clock.now(),
                ],
            )
            .await?;
        Ok((row.get("id")?, row.get("generation")?))
    }

    /// If the destination has another UIDVALIDITY, its UIDs mean nothing any more: what was settled there may or may
    /// not be there, and must be looked for. That holds for every source folder that goes there.
    async fn follow_destination(
        &self,
        tx: &mut Tx,
        binding: &FolderBinding,
        validity: UidValidity,
        run_no: i64,
    ) -> Result<(), StoreError> {
        let rows = tx
            .rows(
                "UPDATE ledger_folders SET destination_uid_validity = $3
                 WHERE ledger_id = $1 AND destination_path = $2 AND destination_uid_validity <> $3
                 RETURNING id, generation",
                args![self.inner.ledger, binding.destination.to_string(), validity.0],
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
            // Of no run any more: what an earlier one had settled, or was there before, unless it must be sent again.
            let sql = "UPDATE ledger_items SET destination_uid = NULL, destination_uid_next = 1,
                    run_no = CASE WHEN state = 'present' OR (state = 'stored' AND (run_no IS NULL OR run_no <> $3))
                        THEN NULL ELSE run_no END,
                    state = CASE WHEN state = 'uncertain' THEN 'uncertain' ELSE 'intended' END
                 WHERE folder_id = $1 AND generation = $2
                 AND state IN ('stored', 'present', 'intended', 'uncertain')";
            tx.execute(sql, args![id, generation, run_no]).await?;
        }
        Ok(())
    }

    pub(super) async fn read_state(
        &self,
        tx: &mut Tx,
        folder: &Opened,
        binding: &FolderBinding,
    ) -> Result<FolderState, StoreError> {
        let mut state = FolderState::default();
        // As ranges: of a large folder that has been dealt with, one row comes.
        tx.each(
            "SELECT MIN(source_uid) AS first, MAX(source_uid) AS last, mine FROM (
                SELECT source_uid, mine, source_uid - ROW_NUMBER() OVER (PARTITION BY mine ORDER BY source_uid) AS island
                FROM (SELECT source_uid, CAST(CASE WHEN run_no = $3 THEN 1 ELSE 0 END AS BIGINT) AS mine FROM ledger_items
                    WHERE folder_id = $1 AND generation = $2 AND state IN ('stored', 'present')) AS settled) AS islands
             GROUP BY mine, island ORDER BY first",
            args![folder.id, folder.generation, folder.run_no],
            |row| {
                let (first, last) = (Uid(row.get("first")?), Uid(row.get("last")?));
                state.settled.insert_range(first, last);
                if row.get::<i64>("mine")? == 1 {
                    state.settled_by_this_run.insert_range(first, last);
                }
                Ok(())
            },
        )
        .await?;
        tx.each(
            "SELECT source_uid, destination_uid_next, key_size_bytes, hash, sent_size_bytes, sent_hash, repairs, run_no
             FROM ledger_items
             WHERE folder_id = $1 AND generation = $2 AND state IN ('intended', 'uncertain') ORDER BY source_uid",
            args![folder.id, folder.generation],
            |row| take_open(&mut state, row),
        )
        .await?;
        let destination = binding.destination.to_string();
        tx.each(
            "SELECT MIN(uid) AS first, MAX(uid) AS last FROM (
                SELECT uid, uid - ROW_NUMBER() OVER (ORDER BY uid) AS island
                FROM (SELECT DISTINCT i.destination_uid AS uid FROM ledger_folders f
                    JOIN ledger_items i ON i.folder_id = f.id
                    WHERE f.ledger_id = $1 AND f.destination_path = $2 AND i.state IN ('stored', 'present')
                        AND i.destination_uid IS NOT NULL) AS claimed) AS islands
             GROUP BY island ORDER BY first",
            args![self.inner.ledger, &destination],
            |row| {
                state.claimed.insert_range(Uid(row.get("first")?), Uid(row.get("last")?));
                Ok(())
            },
        )
        .await?;
        tx.each(
            "SELECT COALESCE(i.sent_size_bytes, i.key_size_bytes) AS key_size_bytes, COALESCE(i.sent_hash, i.hash) AS hash
             FROM ledger_folders f JOIN ledger_items i ON i.folder_id = f.id
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
                "SELECT key_size_bytes, hash, destination_uid, state,
                    CAST(CASE WHEN run_no = $3 THEN 1 ELSE 0 END AS BIGINT) AS mine FROM ledger_items
                 WHERE folder_id = $1 AND generation < $2 AND state IN ('stored', 'present')
                 ORDER BY generation, source_uid",
                args![folder.id, folder.generation, folder.run_no],
                |row| {
                    let outcome = found_again(row)?;
                    state.earlier.extend(key_from(row)?.map(|key| (key, outcome)));
                    Ok(())
                },
            )
            .await?;
        }
        Ok(state)
    }
}

fn take_open(state: &mut FolderState, row: &Row) -> Result<(), StoreError> {
    let source_uid = Uid(row.get("source_uid")?);
    if let (Some(key), Some(destination_uid_next)) = (key_from(row)?, row.get("destination_uid_next")?) {
        let repaired = repaired_from(row)?;
        let settled_before = row.get::<Option<i64>>("run_no")?.is_none();
        state.open.push(OpenIntent { source_uid, key, destination_uid_next, repaired, settled_before });
    }
    Ok(())
}

/// What a message is that has the content of this settled entry.
fn found_again(row: &Row) -> Result<Outcome, StoreError> {
    let uid = row.get::<Option<u32>>("destination_uid")?.map(Uid);
    let mine = row.get::<i64>("mine")? == 1;
    Ok(match row.get::<String>("state")?.as_str() {
        "stored" if mine => Outcome::Stored(uid),
        "present" if mine => Outcome::Present(uid),
        _ => Outcome::Found(uid),
    })
}

fn repaired_from(row: &Row) -> Result<Option<Repaired>, StoreError> {
    let Some(key) = key_in(row, "sent_size_bytes", "sent_hash")? else { return Ok(None) };
    let bits = row.get::<Option<u32>>("repairs")?.and_then(|bits| u8::try_from(bits).ok());
    Ok(Some(Repaired { key, repairs: Repairs::from_bits(bits.unwrap_or_default()) }))
}

/// Size and hash in the columns `key_size_bytes` and `hash`.
fn key_from(row: &Row) -> Result<Option<ContentKey>, StoreError> {
    key_in(row, "key_size_bytes", "hash")
}

fn key_in(row: &Row, size_bytes: &str, hash: &str) -> Result<Option<ContentKey>, StoreError> {
    let (Some(size_bytes), Some(hash)) = (row.get(size_bytes)?, row.get::<Option<Vec<u8>>>(hash)?) else {
        return Ok(None);
    };
    let hash = hash.try_into().map_err(|_| StoreError::corrupt("ledger_items.hash"))?;
    Ok(Some(ContentKey { size_bytes, hash: ContentHash(hash) }))
}
