//! Lanes that write at the same time share one transaction: a synced commit costs the disk the same for all of them.

use std::sync::{Arc, Mutex, PoisonError};

use mailferry_engine::port::{Entry, LedgerError};
use tokio::sync::oneshot;

use crate::{error::StoreError, ledger::RunLedger};

type Written = Result<(), Arc<StoreError>>;

/// Entries that wait for a commit.
#[derive(Default)]
pub(super) struct Group {
    waiting: Mutex<Vec<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

struct Waiting {
    entries: Vec<Entry>,
    written: oneshot::Sender<Written>,
}

impl Group {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        // Whole values only are pushed and taken, so that a panic elsewhere leaves nothing half done.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunLedger {
    /// Writes entries in one commit, together with those of whoever waits as well.
    pub(super) async fn write_together(&self, entries: Vec<Entry>) -> Result<(), LedgerError> {
        let (written, mut answer) = oneshot::channel();
        self.inner.group.waiting().push(Waiting { entries, written });
        let _turn = self.inner.group.turn.lock().await;
        // Whoever had the turn before may have written ours as well.
        if answer.is_empty() {
            let group = std::mem::take(&mut *self.inner.group.waiting());
            let result = self.write_entries(group.iter().flat_map(|waiting| &waiting.entries)).await.map_err(Arc::new);
            for waiting in group {
                // One that was given up meanwhile needs no answer.
                let _ = waiting.written.send(result.clone());
            }
        }
        match answer.try_recv() {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if matches!(*error, StoreError::Fenced) => Err(LedgerError::Fenced),
            Ok(Err(error)) => Err(LedgerError::Unavailable(Box::new(error))),
            // Whoever was writing ours was stopped: nobody knows whether it was committed.
            Err(error) => Err(LedgerError::Unavailable(Box::new(error))),
        }
    }
}
