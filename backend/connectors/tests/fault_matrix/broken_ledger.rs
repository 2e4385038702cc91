//! A real ledger whose database goes away at one write, before it took effect or after, or is locked by somebody else.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mailferry_domain::{
    folder::FolderPath,
    ledger::{CopiedFlags, FolderState},
    uid::Uid,
};
use mailferry_engine::port::{Binding, Entry, FolderBinding, Ledger, LedgerError, LedgerFolderId};
use mailferry_shared::run::Counts;

use crate::other_process::OtherProcess;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    /// The commit took effect, and nobody is told.
    After,
}

#[derive(Clone)]
pub(crate) enum Trouble {
    /// This write fails, and all that follow.
    Gone(When),
    /// Somebody else holds the write lock.
    Locked(OtherProcess),
}

#[derive(Clone)]
pub(crate) struct BrokenLedger<L> {
    inner: L,
    at: usize,
    trouble: Trouble,
    writes: Arc<AtomicUsize>,
}

fn gone() -> LedgerError {
    LedgerError::Unavailable("the disk is full".into())
}

impl<L: Ledger> BrokenLedger<L> {
    pub(crate) fn new(inner: L, at: usize, trouble: Trouble) -> Self {
        Self { inner, at, trouble, writes: Arc::default() }
    }

    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    async fn unless_gone<T>(&self, write: impl Future<Output = Result<T, LedgerError>>) -> Result<T, LedgerError> {
        let number = self.writes.fetch_add(1, Ordering::SeqCst);
        match &self.trouble {
            _ if number < self.at => return write.await,
            Trouble::Locked(other) => {
                if number == self.at {
                    other.lock().await;
                }
                return write.await;
            }
            Trouble::Gone(When::After) if number == self.at => drop(write.await?),
            Trouble::Gone(_) => {}
        }
        Err(gone())
    }
}

impl<L: Ledger> Ledger for BrokenLedger<L> {
    async fn bindings(&self) -> Result<BTreeMap<FolderPath, Binding>, LedgerError> {
        self.inner.bindings().await
    }

    async fn open_folders(
        &self,
        bindings: &[FolderBinding],
    ) -> Result<Vec<(LedgerFolderId, FolderState)>, LedgerError> {
        self.unless_gone(self.inner.open_folders(bindings)).await
    }

    async fn copied_flags(
        &self,
        folder: LedgerFolderId,
        first: Uid,
        last: Uid,
    ) -> Result<Vec<CopiedFlags>, LedgerError> {
        self.unless_gone(self.inner.copied_flags(folder, first, last)).await
    }

    async fn write(&self, entries: Vec<Entry>) -> Result<(), LedgerError> {
        self.unless_gone(self.inner.write(entries)).await
    }

    async fn totals(&self) -> Result<Counts, LedgerError> {
        self.inner.totals().await
    }

    async fn open_intents(&self) -> Result<u64, LedgerError> {
        self.inner.open_intents().await
    }

    async fn longest_append(&self) -> Result<Duration, LedgerError> {
        self.inner.longest_append().await
    }
}
