//! The command line's ledger: a SQLite file of its own, used by one process at a time.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use mailferry_shared::ids::RunId;
use uuid::Uuid;

use crate::{
    context::Context,
    db::{Db, beside},
    error::StoreError,
    lease::{Claim, claim},
    ledger::RunLedger,
    traffic::{AccountKey, DailyUse, TrafficAccounts, read_daily_use},
    value::args,
};

/// A file that holds one ledger, locked for this process as long as this value or a ledger of it lives. The lock goes
/// with the process, so that a killed one can be followed at once.
pub struct LedgerFile {
    db: Db,
    context: Context,
    lock: Arc<File>,
}

impl LedgerFile {
    /// Opens the file, or makes it (mode 0600) with its folder. Beside it lies a file of the same name and `.lock`.
    /// `ends` names source and destination; they are recorded at first and must be the same ever after.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while another process has it; [`StoreError::OtherEnds`]; [`StoreError::Unavailable`].
    pub async fn open(path: &Path, ends: &str) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        let file = Self::open_with(path, Context::default()).await?;
        file.keep_ends(ends).await?;
        Ok(file)
    }

    async fn keep_ends(&self, ends: &str) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        tx.execute(
            "INSERT INTO ledger_ends (one, ends) VALUES (1, $1) ON CONFLICT (one) DO NOTHING",
            args![ends.to_owned()],
        )
        .await?;
        let row = tx.row_opt("SELECT ends FROM ledger_ends WHERE one = 1", Vec::new()).await?;
        tx.commit().await?;
        let recorded: String = row.ok_or(StoreError::NotFound)?.get("ends")?;
        if recorded == ends { Ok(()) } else { Err(StoreError::OtherEnds { recorded }) }
    }

    /// The same with time and randomness from outside.
    ///
    /// # Errors
    /// As [`LedgerFile::open`].
    pub async fn open_with(path: &Path, context: Context) -> Result<Self, StoreError> {
        // Not the database file itself: closing a second handle on it would drop SQLite's own locks.
        let lock_path = beside(path, ".lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(lock_path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        Ok(Self { db: Db::open_file(path).await?, context, lock: Arc::new(file) })
    }

    /// The ledger for a run, new or interrupted. Whatever was given out before is fenced off.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn run_ledger(&self, run_id: RunId) -> Result<RunLedger, StoreError> {
        self.counting_ledger(run_id, TrafficAccounts::default()).await
    }

    /// The same, counting what passes for the daily amounts of these accounts.
    ///
    /// # Errors
    /// As [`LedgerFile::run_ledger`].
    pub async fn counting_ledger(&self, run_id: RunId, accounts: TrafficAccounts) -> Result<RunLedger, StoreError> {
        // The same worker's name for every process: the file's lock already says that there is only one.
        let ttl = Duration::from_secs(60);
        let asked = Claim { ledger: Uuid::nil(), run_id, worker: "command line", ttl };
        let lease = claim(&self.db, &self.context, &asked).await?.ok_or(StoreError::InUse)?;
        Ok(RunLedger::new(self.db.clone(), self.context.clone(), &lease, accounts, Some(Arc::clone(&self.lock))))
    }

    /// What an account has moved in its day, as far as this file knows.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn daily_use(&self, account: &AccountKey) -> Result<DailyUse, StoreError> {
        read_daily_use(&self.db, account, self.now()).await
    }

    /// The time, by this file's clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.context.clock.now()
    }

    /// A new run's id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the system has no randomness to give.
    pub fn new_run_id(&self) -> Result<RunId, StoreError> {
        Ok(RunId(self.context.new_id()?))
    }

    /// Ends all connections, so that the file holds everything.
    pub async fn close(&self) {
        self.db.close().await;
    }
}
