//! The ledger of account pairs, on both databases: the engine's port.
//!
//! `folder` opens a source folder and tells what is known of it, `write` records intents and outcomes together with
//! the totals (`told` for single messages), `report` reads them for people, `file` is the command line's ledger.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use mailferry_domain::{
    folder::FolderPath,
    ledger::{FolderState, Intent, Settlement},
};
use mailferry_engine::port::{FolderBinding, FolderStart, Ledger, LedgerError, LedgerFolderId};
use mailferry_shared::{finding::Finding, ids::RunId, run::Counts};
use uuid::Uuid;

use crate::{
    context::Context,
    db::{Db, Tx},
    error::StoreError,
    lease::{Lease, check_fence},
    store::Store,
    value::args,
};

mod counts;
mod file;
mod folder;
mod generation;
mod report;
mod told;
mod write;

pub(crate) use counts::{counts_from, run_counts_sql};
pub use file::LedgerFile;
pub use report::LedgerReport;
pub(crate) use report::{read_items, read_report};

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
    /// Held as long as anybody writes.
    _lock: Option<Arc<std::fs::File>>,
}

impl Store {
    /// The ledger that this lease permits to write.
    pub fn run_ledger(&self, lease: &Lease) -> RunLedger {
        RunLedger::new(self.db().clone(), self.context().clone(), lease, None)
    }
}

impl RunLedger {
    fn new(db: Db, context: Context, lease: &Lease, lock: Option<Arc<std::fs::File>>) -> Self {
        Self {
            inner: Arc::new(Inner {
                db,
                context,
                ledger: lease.ledger,
                run_id: lease.run_id,
                fence: lease.fence,
                run_no: OnceLock::new(),
                generations: Mutex::default(),
                _lock: lock,
            }),
        }
    }

    /// The run that is recorded.
    pub fn run_id(&self) -> RunId {
        self.inner.run_id
    }

    /// A transaction that writes, once the lease was found to be ours still; and the run's number.
    async fn write(&self) -> Result<(Tx, i64), StoreError> {
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
    async fn generation(&self, folder: LedgerFolderId) -> Result<i64, StoreError> {
        let known = self.generations().get(&folder.0).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let mut tx = self.inner.db.read().await?;
        let sql = "SELECT generation FROM ledger_folders WHERE id = $1 AND ledger_id = $2";
        let generation = tx.row(sql, args![folder.0, self.inner.ledger]).await?.get("generation")?;
        self.generations().insert(folder.0, generation);
        Ok(generation)
    }

    fn generations(&self) -> std::sync::MutexGuard<'_, HashMap<i64, i64>> {
        // Whole values only are put in, so that a panic elsewhere leaves nothing half done.
        self.inner.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write_note(&self, finding: &Finding) -> Result<(), StoreError> {
        let (mut tx, run_no) = self.write().await?;
        let subject = finding.subject.clone().unwrap_or_default();
        tx.execute(
            "INSERT INTO ledger_notes (run_no, code, subject, finding, noted_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (run_no, code, subject) DO NOTHING",
            args![run_no, finding.code.as_str(), subject, crate::value::json(finding)?, self.inner.context.clock.now()],
        )
        .await?;
        self.commit(tx, run_no).await
    }

    async fn mark_finished(&self, folder: LedgerFolderId) -> Result<(), StoreError> {
        let (mut tx, run_no) = self.write().await?;
        let sql = "UPDATE ledger_folders SET finished_run_no = $3 WHERE id = $1 AND ledger_id = $2";
        if tx.execute(sql, args![folder.0, self.inner.ledger, run_no]).await? == 0 {
            return Err(StoreError::NotFound);
        }
        self.commit(tx, run_no).await
    }

    async fn read_bindings(&self) -> Result<BTreeMap<FolderPath, FolderPath>, StoreError> {
        let mut tx = self.inner.db.read().await?;
        // Later ones replace earlier ones.
        let sql = "SELECT source_path, destination_path FROM ledger_folders WHERE ledger_id = $1
             ORDER BY opened_at, id";
        let rows = tx.rows(sql, args![self.inner.ledger]).await?;
        let path = |text: String| FolderPath::parse(&text).map_err(|_| StoreError::corrupt("ledger_folders"));
        rows.iter().map(|row| Ok((path(row.get("source_path")?)?, path(row.get("destination_path")?)?))).collect()
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
}

/// What the engine must know: that it is fenced off, or that the ledger cannot be written.
fn port_error(error: StoreError) -> LedgerError {
    match error {
        StoreError::Fenced => LedgerError::Fenced,
        other => LedgerError::Unavailable(Box::new(other)),
    }
}

impl Ledger for RunLedger {
    async fn bindings(&self) -> Result<BTreeMap<FolderPath, FolderPath>, LedgerError> {
        self.read_bindings().await.map_err(port_error)
    }

    async fn open_folder(&self, binding: &FolderBinding) -> Result<(LedgerFolderId, FolderState), LedgerError> {
        self.open(binding).await.map_err(port_error)
    }

    async fn start_folder(&self, folder: LedgerFolderId, start: FolderStart) -> Result<(), LedgerError> {
        self.write_start(folder, start).await.map_err(port_error)
    }

    async fn intend(
        &self,
        folder: LedgerFolderId,
        destination_uid_next: u32,
        batch: &[Intent],
    ) -> Result<(), LedgerError> {
        self.write_intents(folder, destination_uid_next, batch).await.map_err(port_error)
    }

    async fn settle(&self, folder: LedgerFolderId, outcomes: &[Settlement]) -> Result<(), LedgerError> {
        self.write_outcomes(folder, outcomes).await.map_err(port_error)
    }

    async fn note(&self, finding: &Finding) -> Result<(), LedgerError> {
        self.write_note(finding).await.map_err(port_error)
    }

    async fn finish_folder(&self, folder: LedgerFolderId) -> Result<(), LedgerError> {
        self.mark_finished(folder).await.map_err(port_error)
    }

    async fn totals(&self) -> Result<Counts, LedgerError> {
        self.read_totals().await.map_err(port_error)
    }

    async fn open_intents(&self) -> Result<u64, LedgerError> {
        self.count_open().await.map_err(port_error)
    }
}

/// Deletes all that is known of a ledger.
pub(crate) async fn delete_ledger(tx: &mut Tx, ledger: Uuid) -> Result<(), StoreError> {
    for table in ["ledger_run_folders", "ledger_run_items", "ledger_notes"] {
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
