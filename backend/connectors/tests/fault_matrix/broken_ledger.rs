//! A real ledger whose database goes away at one write: before it took effect, or after.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use mailferry_domain::{
    folder::FolderPath,
    ledger::{FolderState, Intent, Settlement},
};
use mailferry_engine::port::{FolderBinding, FolderStart, Ledger, LedgerError, LedgerFolderId};
use mailferry_shared::{finding::Finding, run::Counts};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    /// The commit took effect, and nobody is told.
    After,
}

#[derive(Clone)]
pub(crate) struct BrokenLedger<L> {
    inner: L,
    at: usize,
    when: When,
    writes: Arc<AtomicUsize>,
}

fn gone() -> LedgerError {
    LedgerError::Unavailable("the disk is full".into())
}

impl<L: Ledger> BrokenLedger<L> {
    pub(crate) fn new(inner: L, at: usize, when: When) -> Self {
        Self { inner, at, when, writes: Arc::default() }
    }

    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    async fn write<T>(&self, write: impl Future<Output = Result<T, LedgerError>>) -> Result<T, LedgerError> {
        let number = self.writes.fetch_add(1, Ordering::SeqCst);
        if number < self.at {
            return write.await;
        }
        if number == self.at && self.when == When::After {
            write.await?;
        }
        Err(gone())
    }
}

impl<L: Ledger> Ledger for BrokenLedger<L> {
    async fn bindings(&self) -> Result<BTreeMap<FolderPath, FolderPath>, LedgerError> {
        self.inner.bindings().await
    }

    async fn open_folder(&self, binding: &FolderBinding) -> Result<(LedgerFolderId, FolderState), LedgerError> {
        self.write(self.inner.open_folder(binding)).await
    }

    async fn start_folder(&self, folder: LedgerFolderId, start: FolderStart) -> Result<(), LedgerError> {
        self.write(self.inner.start_folder(folder, start)).await
    }

    async fn intend(&self, folder: LedgerFolderId, uid_next: u32, batch: &[Intent]) -> Result<(), LedgerError> {
        self.write(self.inner.intend(folder, uid_next, batch)).await
    }

    async fn settle(&self, folder: LedgerFolderId, outcomes: &[Settlement]) -> Result<(), LedgerError> {
        self.write(self.inner.settle(folder, outcomes)).await
    }

    async fn note(&self, finding: &Finding) -> Result<(), LedgerError> {
        self.write(self.inner.note(finding)).await
    }

    async fn finish_folder(&self, folder: LedgerFolderId) -> Result<(), LedgerError> {
        self.write(self.inner.finish_folder(folder)).await
    }

    async fn totals(&self) -> Result<Counts, LedgerError> {
        self.inner.totals().await
    }

    async fn open_intents(&self) -> Result<u64, LedgerError> {
        self.inner.open_intents().await
    }
}
