//! The ledger of account pairs, on both databases: the engine's port.
//!
//! `awaited` remembers what is to be copied, `folder` opens source folders and tells what is known of them (`fresh` those of which nothing is), `cursor` what they were when they were left, `group`
//! lets lanes share a commit, `write` records intents and outcomes together with the totals (`stored` in the short way,
//! `told` for single messages), `report` reads them for people, `manifest` writes what *Verify* compares with, `file` is the command line's
//! ledger.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use mailferry_domain::{
    folder::FolderPath,
    ledger::{CopiedFlags, FolderState},
    uid::Uid,
};
use mailferry_engine::port::{Binding, Entry, FolderBinding, Ledger, LedgerError, LedgerFolderId};
use mailferry_shared::{ids::RunId, run::Counts};
use uuid::Uuid;

use crate::{
    context::Context,
    db::{Db, Tx},
    error::StoreError,
    lease::{Lease, check_fence},
    store::Store,
    traffic::TrafficAccounts,
    value::args,
};

mod awaited;
mod counts;
mod cursor;
mod file;
mod flags;
mod folder;
mod fresh;
mod generation;
mod group;
mod manifest;
mod preview;
mod report;
mod stored;
mod subject;
mod told;
mod write;

pub(crate) use counts::{counts_from, run_counts_sql};
pub use file::LedgerFile;
pub use preview::PreviewLedger;
pub use report::{ItemPart, LedgerReport, PlacedItem};
pub(crate) use report::{read_items, read_report};
pub(crate) use subject::forget_subjects;

/// The ledger of one account pair, bound to one run and one lease. Cheap to clone; the lanes of a run share it.
#[derive(Clone)]
pub struct RunLedger {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    context: Context,
    ledger: Uuid,
    run_id: RunId,
    fence: i64,
    /// The run's number in the ledger, once it has one.
    run_no: OnceLock<i64>,
    /// Generation of each folder that was opened.
    generations: Mutex<HashMap<i64, i64>>,
    /// Whose daily amounts its traffic counts for.
    accounts: TrafficAccounts,
    /// What is to be written together.
    group: group::Group,
    /// Held as long as anybody writes.
    _lock: Option<Arc<std::fs::File>>,
}

impl Store {
    /// The ledger that this lease permits to write.
    pub fn run_ledger(&self, lease: &Lease) -> RunLedger {
        self.counting_ledger(lease, TrafficAccounts::default())
    }

    /// The same, counting what passes for the daily amounts of these accounts.
    pub fn counting_ledger(&self, lease: &Lease, accounts: TrafficAccounts) -> RunLedger {
        RunLedger::new(self.db().clone(), self.context().clone(), lease, accounts, None)
    }
}

impl RunLedger {
    fn new(
        db: Db,
        context: Context,
        lease: &Lease,
        accounts: TrafficAccounts,
        lock: Option<Arc<std::fs::File>>,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                db,
                context,
                ledger: lease.ledger,
                run_id: lease.run_id,
                fence: lease.fence,
                run_no: OnceLock::new(),
                generations: Mutex::default(),
                accounts,
                group: group::Group::default(),
                _lock: lock,
            }),
        }
    }

    /// The run that is recorded.
    pub fn run_id(&self) -> RunId {
        self.inner.run_id
    }

    /// A transaction that writes, once the lease was found to be ours still; and the run's number.
    async fn begin(&self) -> Result<(Tx, i64), StoreError> {
        let mut tx = self.inner.db.write().await?;
        check_fence(&mut tx, self.inner.ledger, self.inner.fence).await?;
        if let Some(run_no) = self.inner.run_no.get() {
            return Ok((tx, *run_no));
        }
        let zeros = "0, ".repeat(counts::COLUMNS.len());
        let sql = format!(
            "INSERT INTO ledger_runs (ledger_id, {}, run_id) VALUES ($1, {zeros} $2)
             ON CONFLICT (run_id) DO UPDATE SET ledger_id = excluded.ledger_id RETURNING no",
            counts::COLUMNS.join(", ")
        );
        let run_no = tx.row(sql, args![self.inner.ledger, self.inner.run_id]).await?.get("no")?;
        Ok((tx, run_no))
    }

    /// Commits, and remembers the run's number now that it is sure to stay.
    async fn commit(&self, tx: Tx, run_no: i64) -> Result<(), StoreError> {
        tx.commit().await?;
        self.inner.run_no.get_or_init(|| run_no);
        Ok(())
    }

    /// The folder's generation, as it was when this run opened it.
    async fn generation(&self, tx: &mut Tx, folder: LedgerFolderId) -> Result<i64, StoreError> {
        let known = self.generations().get(&folder.0).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let sql = "SELECT generation FROM ledger_folders WHERE id = $1 AND ledger_id = $2";
        let generation = tx.row(sql, args![folder.0, self.inner.ledger]).await?.get("generation")?;
        self.generations().insert(folder.0, generation);
        Ok(generation)
    }

    fn generations(&self) -> std::sync::MutexGuard<'_, HashMap<i64, i64>> {
        // Whole values only are put in, so that a panic elsewhere leaves nothing half done.
        self.inner.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read_totals(&self) -> Result<Counts, StoreError> {
        let mut tx = self.inner.db.read().await?;
        let sql = format!("SELECT {} FROM ledger_runs WHERE run_id = $1", counts::COLUMNS.join(", "));
        let row = tx.row_opt(sql, args![self.inner.run_id]).await?;
        row.as_ref().map_or(Ok(Counts::default()), counts_from)
    }

    async fn count_open(&self) -> Result<u64, StoreError> {
        let mut tx = self.inner.db.read().await?;
        let sql = "SELECT COUNT(*) AS n FROM ledger_folders f
             JOIN ledger_items i ON i.folder_id = f.id AND i.generation = f.generation
             WHERE f.ledger_id = $1 AND i.state = 'intended'";
        tx.row(sql, args![self.inner.ledger]).await?.get("n")
    }

    async fn read_longest_append(&self) -> Result<Duration, StoreError> {
        let mut tx = self.inner.db.read().await?;
        let sql = "SELECT COALESCE(MAX(append_ms), 0) AS ms FROM ledger_runs WHERE ledger_id = $1";
        Ok(Duration::from_millis(tx.row(sql, args![self.inner.ledger]).await?.get("ms")?))
    }
}

/// What the engine must know: that it is fenced off, or that the ledger cannot be written.
fn port_error(error: StoreError) -> LedgerError {
    match error {
        StoreError::Fenced => LedgerError::Fenced,
        other => LedgerError::Unavailable(Box::new(other)),
    }
}

impl Ledger for RunLedger {
    async fn bindings(&self) -> Result<BTreeMap<FolderPath, Binding>, LedgerError> {
        self.read_bindings().await.map_err(port_error)
    }

    async fn open_folders(
        &self,
        bindings: &[FolderBinding],
    ) -> Result<Vec<(LedgerFolderId, FolderState)>, LedgerError> {
        self.open(bindings).await.map_err(port_error)
    }

    async fn copied_flags(
        &self,
        folder: LedgerFolderId,
        first: Uid,
        last: Uid,
    ) -> Result<Vec<CopiedFlags>, LedgerError> {
        self.read_flags(folder, (first, last)).await.map_err(port_error)
    }

    async fn write(&self, entries: Vec<Entry>) -> Result<(), LedgerError> {
        self.write_together(entries).await
    }

    async fn totals(&self) -> Result<Counts, LedgerError> {
        self.read_totals().await.map_err(port_error)
    }

    async fn open_intents(&self) -> Result<u64, LedgerError> {
        self.count_open().await.map_err(port_error)
    }

    async fn longest_append(&self) -> Result<Duration, LedgerError> {
        self.read_longest_append().await.map_err(port_error)
    }
}

/// Deletes all that is known of a ledger.
pub(crate) async fn delete_ledger(tx: &mut Tx, ledger: Uuid) -> Result<(), StoreError> {
    for table in ["ledger_run_folders", "ledger_run_items", "ledger_notes", "ledger_awaited"] {
        let sql = format!("DELETE FROM {table} WHERE run_no IN (SELECT no FROM ledger_runs WHERE ledger_id = $1)");
        tx.execute(sql, args![ledger]).await?;
    }
    let sql = "DELETE FROM ledger_items WHERE folder_id IN (SELECT id FROM ledger_folders WHERE ledger_id = $1)";
    tx.execute(sql, args![ledger]).await?;
    for table in ["ledger_folders", "ledger_runs", "leases"] {
        tx.execute(format!("DELETE FROM {table} WHERE ledger_id = $1"), args![ledger]).await?;
    }
    Ok(())
}
