//! Lanes that write at the same time share one transaction: a synced commit costs the disk the same for all of them.

use std::sync::{Arc, Mutex, PoisonError};

use mailferry_engine::port::{Entry, LedgerError};
use tokio::sync::oneshot;
use tracing::Instrument;

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

impl Waiting {
    fn split(self) -> (Vec<Entry>, oneshot::Sender<Written>) {
        (self.entries, self.written)
    }
}

impl Group {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        // Whole values only are pushed and taken, so that a panic elsewhere leaves nothing half done.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunLedger {
    /// Writes entries in one commit, together with those of whoever waits as well. It is a task of its own: a lane that is
    /// given up while it writes for others as well leaves nothing undone, neither theirs nor its own. Nothing at all is
    /// written once everything before it has been.
    pub(super) async fn write_together(&self, entries: Vec<Entry>) -> Result<(), LedgerError> {
        let ledger = self.clone();
        // They wait from here on: whoever writes later comes later.
        let (written, answer) = oneshot::channel();
        self.inner.group.waiting().push(Waiting { entries, written });
        let writing = async move { ledger.write_in_turn(answer).await };
        // A panic's words may repeat what was written: they are not passed on.
        tokio::spawn(writing.in_current_span()).await.unwrap_or_else(|error| {
            let kind = if error.is_panic() { "writing the ledger broke down" } else { "writing the ledger was ended" };
            Err(LedgerError::Unavailable(kind.into()))
        })
    }

    async fn write_in_turn(&self, mut answer: oneshot::Receiver<Written>) -> Result<(), LedgerError> {
        let _turn = self.inner.group.turn.lock().await;
        // Whoever had the turn before may have written ours as well.
        if answer.is_empty() {
            let group = std::mem::take(&mut *self.inner.group.waiting());
            let (entries, written): (Vec<_>, Vec<_>) = group.into_iter().map(Waiting::split).unzip();
            let nothing = entries.iter().all(Vec::is_empty);
            let result = if nothing { Ok(()) } else { self.write_entries(entries.iter().flatten()).await };
            let result = result.map_err(Arc::new);
            for written in written {
                // One that was given up meanwhile needs no answer.
                let _ = written.send(result.clone());
            }
        }
        match answer.try_recv() {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if matches!(*error, StoreError::Fenced) => Err(LedgerError::Fenced),
            Ok(Err(error)) => Err(LedgerError::Unavailable(Box::new(error))),
            // Whoever was writing ours broke down: nobody knows whether it was committed.
            Err(error) => Err(LedgerError::Unavailable(Box::new(error))),
        }
    }
}
