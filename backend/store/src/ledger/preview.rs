//! A ledger that is only read: for telling what a run would do, while nobody or somebody else writes it.

use std::{collections::BTreeMap, time::Duration};

use mailferry_domain::{
    folder::FolderPath,
    ledger::{CopiedFlags, FolderState},
    uid::Uid,
};
use mailferry_engine::port::{Binding, Entry, FolderBinding, Ledger, LedgerError, LedgerFolderId};
use mailferry_shared::{
    ids::{PairId, RunId},
    run::Counts,
};
use uuid::Uuid;

use crate::{
    error::StoreError,
    lease::Lease,
    ledger::{RunLedger, folder::Opened, port_error},
    store::Store,
    value::args,
};

/// What earlier runs of a pair left behind. It needs no lease, and writes nothing.
#[derive(Clone)]
pub struct PreviewLedger(RunLedger);

impl Store {
    /// The ledger of a pair, for reading.
    pub fn preview_ledger(&self, pair: PairId) -> PreviewLedger {
        // No claim ever gets this number, so that nothing could be written by mistake.
        let lease = Lease {
            ledger: pair.0,
            run_id: RunId(Uuid::nil()),
            worker: String::new(),
            fence: -1,
            expires_at: self.now(),
            took_over: false,
            waited: Duration::ZERO,
            waits_since: self.now(),
        };
        PreviewLedger(self.run_ledger(&lease))
    }
}

impl PreviewLedger {
    async fn states(&self, bindings: &[FolderBinding]) -> Result<Vec<(LedgerFolderId, FolderState)>, StoreError> {
        let mut tx = self.0.inner.db.read().await?;
        let mut states = Vec::with_capacity(bindings.len());
        for binding in bindings {
            let sql = "SELECT id, generation FROM ledger_folders WHERE ledger_id = $1 AND source_path = $2
                 AND destination_path = $3 AND source_uid_validity = $4";
            let (source, destination) = (binding.source.to_string(), binding.destination.to_string());
            let values = args![self.0.inner.ledger, source, destination, binding.source_uid_validity.0];
            let Some(row) = tx.row_opt(sql, values).await? else {
                // Never copied, or under other UIDs: nothing is known by UID.
                states.push((LedgerFolderId(0), FolderState::default()));
                continue;
            };
            let folder = Opened { id: row.get("id")?, generation: row.get("generation")?, run_no: 0, fresh: false };
            states.push((LedgerFolderId(folder.id), self.0.read_state(&mut tx, &folder, binding).await?));
        }
        Ok(states)
    }
}

impl Ledger for PreviewLedger {
    async fn bindings(&self) -> Result<BTreeMap<FolderPath, Binding>, LedgerError> {
        self.0.bindings().await
    }

    async fn open_folders(
        &self,
        bindings: &[FolderBinding],
    ) -> Result<Vec<(LedgerFolderId, FolderState)>, LedgerError> {
        self.states(bindings).await.map_err(port_error)
    }

    async fn copied_flags(
        &self,
        folder: LedgerFolderId,
        first: Uid,
        last: Uid,
    ) -> Result<Vec<CopiedFlags>, LedgerError> {
        self.0.copied_flags(folder, first, last).await
    }

    async fn write(&self, _: Vec<Entry>) -> Result<(), LedgerError> {
        Err(LedgerError::Fenced)
    }

    async fn totals(&self) -> Result<Counts, LedgerError> {
        Ok(Counts::default())
    }

    async fn open_intents(&self) -> Result<u64, LedgerError> {
        self.0.open_intents().await
    }

    async fn longest_append(&self) -> Result<Duration, LedgerError> {
        self.0.longest_append().await
    }
}
