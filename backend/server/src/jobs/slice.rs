//! A run works in slices: after a while it hands over by itself, if others wait who have less at work.

use std::time::Duration;

use mailferry_shared::ids::RunId;
use mailferry_store::Store;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::JobContext;

/// So often a run whose slice is over looks whether anybody has waited for as long.
const LOOK: Duration = Duration::from_secs(5);

/// A run's time at a stretch.
pub(super) struct Slice {
    /// Cancelled when the run is to hand over: its time is over and others wait, or the worker stops.
    pub(super) stop: CancellationToken,
    watch: JoinHandle<()>,
}

impl Slice {
    /// Begins with the run's work.
    pub(super) fn begin(context: &JobContext, run: RunId, stop: &CancellationToken) -> Self {
        let stop = stop.child_token();
        let (store, slice, told) = (context.store.clone(), context.settings.slice, stop.clone());
        let watch = tokio::spawn(async move {
            tokio::time::sleep(slice).await;
            until_others_wait(&store, run, slice.min(LOOK)).await;
            tracing::info!(%run, "a run hands over, since others wait");
            told.cancel();
        });
        Self { stop, watch }
    }
}

impl Drop for Slice {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

async fn until_others_wait(store: &Store, run: RunId, look: Duration) {
    loop {
        match store.should_give_way(run, look).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "who waits could not be read"),
        }
        tokio::time::sleep(look).await;
    }
}
