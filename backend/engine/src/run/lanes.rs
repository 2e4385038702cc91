//! Lanes side by side.

use std::sync::{Arc, atomic::Ordering};

use mailferry_shared::{finding::FindingCode, run::RunState};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::task::AbortOnDropHandle;

use super::{shared::Shared, stop::Stop, told::RunEnd};
use crate::{
    lane::{Lane, LaneEnd, unless_stopped},
    port::{Connector, ConnectorError, Decision, Ledger},
};

/// The first lane works with the sessions it has; the others connected for themselves, and a server that allows no
/// more connections just gets fewer.
pub(super) async fn run_lanes<C: Connector, L: Ledger>(
    first: Lane<C, L>,
    shared: &Arc<Shared<C, L>>,
    mut further: FurtherLanes<C, L>,
    wanted: usize,
) -> Result<RunEnd, Stop> {
    let missing = wanted.saturating_sub(further.0.len());
    further.0.extend(std::mem::take(&mut FurtherLanes::connect(shared, missing).0));
    let mut tasks = JoinSet::new();
    tasks.spawn(first.work());
    for connecting in further.0.drain(..).take(wanted) {
        let shared = shared.clone();
        tasks.spawn(async move {
            let connecting = AbortOnDropHandle::new(connecting);
            match unless_stopped(&shared, connecting).await? {
                Ok(Ok(lane)) => lane.work().await,
                Ok(Err(error)) => {
                    tracing::info!(error = %error, "a further connection was refused; going on with fewer");
                    Ok(LaneEnd)
                }
                Err(_) => Ok(LaneEnd),
            }
        });
    }
    let mut stop = None;
    while let Some(ended) = tasks.join_next().await {
        // A panic's words may repeat what was read: they are not passed on.
        let ended = ended.unwrap_or_else(|_| {
            let error = ConnectorError::new(FindingCode::ServerError, Decision::Retry, "a session broke down");
            Err(Stop::Connector(error))
        });
        if let Err(reason) = ended {
            // The others stop too, and the first reason is the one to tell.
            shared.halted.store(true, Ordering::Relaxed);
            stop.get_or_insert(reason);
        }
    }
    match stop {
        Some(stop) => Err(stop),
        None => Ok(RunEnd::Done(RunState::Succeeded)),
    }
}

/// Lanes that are connecting.
pub(super) struct FurtherLanes<C: Connector, L: Ledger>(Vec<JoinHandle<Result<Lane<C, L>, ConnectorError>>>);

impl<C: Connector, L: Ledger> FurtherLanes<C, L> {
    pub(super) fn connect(shared: &Arc<Shared<C, L>>, number: usize) -> Self {
        Self((0..number).map(|_| tokio::spawn(Lane::connect_once(shared.clone()))).collect())
    }
}

/// A run that ends before it needs them ends them too.
impl<C: Connector, L: Ledger> Drop for FurtherLanes<C, L> {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}
