//! Connections for jobs that look at servers without a run: they count like those of runs, and are waited for.

use std::time::Duration;

use mailferry_connectors::imap::ImapLogin;
use mailferry_store::{SlotRequest, Store, StoreError, Visit};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{JobContext, provider::slot_request};

/// So long connections are waited for before the job is put back.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked whether some are free.
const LOOK: Duration = Duration::from_millis(250);
/// When it is looked again whether connections are free.
pub(super) const TURN: Duration = Duration::from_secs(5);
/// A visit is prolonged so often in its time, which is a lease's.
const HEARTBEATS: u32 = 3;

/// Connections that are held until this is given back; if it is dropped, until their time is over.
pub(super) struct Visiting {
    store: Store,
    visit: Visit,
    heartbeat: JoinHandle<()>,
}

impl Visiting {
    /// At each server.
    pub(super) fn connections(&self) -> usize {
        usize::try_from(self.visit.connections).unwrap_or(1)
    }

    /// Gives the connections back.
    ///
    /// # Errors
    /// If the store is not available: then they are free a little later.
    pub(super) async fn end(self) -> Result<(), StoreError> {
        self.heartbeat.abort();
        self.store.end_visit(&self.visit).await
    }
}

impl Drop for Visiting {
    fn drop(&mut self) {
        self.heartbeat.abort();
    }
}

/// Takes up to `wanted` connections for each of these logins; `None` if none came free for a while, or if `stop` was
/// cancelled meanwhile.
///
/// # Errors
/// If the store is not available.
pub(super) async fn visit(
    context: &JobContext,
    wanted: u32,
    logins: &[&ImapLogin],
    stop: &CancellationToken,
) -> Result<Option<Visiting>, StoreError> {
    let at: Vec<SlotRequest> = logins.iter().map(|login| slot_request(context, login)).collect();
    let ttl = context.settings.lease;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(visit) = context.store.begin_visit(wanted, &at, ttl).await? {
            let heartbeat = tokio::spawn(heartbeat(context.store.clone(), visit.clone(), ttl));
            return Ok(Some(Visiting { store: context.store.clone(), visit, heartbeat }));
        }
        if tokio::time::Instant::now() >= deadline {
            return Ok(None);
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => return Ok(None),
        }
    }
}

async fn heartbeat(store: Store, visit: Visit, ttl: Duration) {
    loop {
        tokio::time::sleep(ttl / HEARTBEATS).await;
        match store.prolong_visit(&visit, ttl).await {
            Ok(()) => {}
            Err(StoreError::NotFound) => {
                // This process stood still for too long; the few connections too many do less harm than breaking off.
                tracing::info!("connections were given to others meanwhile");
                return;
            }
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "a visit could not be prolonged"),
        }
    }
}
