//! A lane: one session at each side, working through folders, reconnecting when the line is lost.

use std::{sync::Arc, time::Duration};

use mailferry_domain::mapping::MappedFolder;
use mailferry_shared::finding::{Finding, FindingCode};

use crate::{
    folder,
    port::{Account, Connector, ConnectorError, Decision, Ledger, ProgressEvent},
    run::{Shared, Stop},
};

/// The lane has nothing more to do.
#[derive(Debug)]
pub(crate) struct LaneEnd;

pub(crate) struct Lane<C: Connector, L: Ledger> {
    pub(crate) shared: Arc<Shared<C, L>>,
    pub(crate) source: C::Source,
    pub(crate) destination: C::Destination,
    /// Grows with every batch that was settled, so that retrying knows whether anything moves.
    pub(crate) settled: u64,
}

impl<C: Connector, L: Ledger> Lane<C, L> {
    /// Connects to both sides, trying again as long as that makes sense.
    pub(crate) async fn connect(shared: Arc<Shared<C, L>>) -> Result<Self, Stop> {
        let mut attempt = 1;
        loop {
            match Self::connect_once(shared.clone()).await {
                Ok(lane) => return Ok(lane),
                Err(error) => wait_or_give_up(&shared, error, attempt).await?,
            }
            attempt += 1;
        }
    }

    pub(crate) async fn connect_once(shared: Arc<Shared<C, L>>) -> Result<Self, ConnectorError> {
        let connector = shared.job.connector.clone();
        let (source, destination) = futures::try_join!(connector.source(), connector.destination())?;
        Ok(Self { shared, source, destination, settled: 0 })
    }

    /// Works until there is nothing left to do.
    pub(crate) async fn work(mut self) -> Result<LaneEnd, Stop> {
        while let Some(group) = self.shared.next_group() {
            for mapped in group {
                self.folder(&mapped).await?;
            }
        }
        futures::join!(self.source.close(), self.destination.close());
        Ok(LaneEnd)
    }

    /// Copies one folder; a lost line is taken up again, a folder that cannot be copied is noted and left.
    async fn folder(&mut self, mapped: &MappedFolder) -> Result<(), Stop> {
        let mut attempt = 1;
        loop {
            let before = self.settled;
            let Err(stop) = folder::copy(self, mapped).await else { return Ok(()) };
            let Stop::Connector(error) = stop else { return Err(stop) };
            tracing::info!(folder = %mapped.source.path, error = %error, cause = ?error.source, "a folder was interrupted");
            attempt = if self.settled > before { 1 } else { attempt + 1 };
            match error.decision {
                Decision::Skip | Decision::Permanent => return self.give_up(mapped, &error).await,
                Decision::Retry if attempt > self.shared.job.options.attempts => {
                    return self.give_up(mapped, &error).await;
                }
                Decision::Retry | Decision::Wait(_) | Decision::Park => {
                    wait_or_give_up(&self.shared, error, attempt).await?;
                    let fresh = Self::connect(self.shared.clone()).await?;
                    (self.source, self.destination) = (fresh.source, fresh.destination);
                }
            }
        }
    }

    async fn give_up(&mut self, mapped: &MappedFolder, error: &ConnectorError) -> Result<(), Stop> {
        self.shared.folder_failed();
        self.shared.note(error.finding().about(mapped.source.path.to_string())).await?;
        Ok(())
    }
}

/// Waits as the error says, and tells whoever watches; gives up with the error where waiting does not help.
pub(crate) async fn wait_or_give_up<C: Connector, L: Ledger>(
    shared: &Shared<C, L>,
    error: ConnectorError,
    attempt: u32,
) -> Result<(), Stop> {
    let options = &shared.job.options;
    let backoff = options.retry_base * 2_u32.pow(attempt.saturating_sub(1).min(6));
    let wait = match error.decision {
        Decision::Retry if attempt <= options.attempts => backoff,
        Decision::Wait(wait) => wait.max(backoff),
        Decision::Retry | Decision::Park | Decision::Skip | Decision::Permanent => return Err(error.into()),
    };
    shared
        .job
        .progress
        .event(ProgressEvent::Waiting(&Finding::new(FindingCode::Interrupted).about(error.code.as_str())));
    pause(shared, wait).await
}

/// Waits, but not longer than until the run is told to stop.
pub(crate) async fn pause<C, L>(shared: &Shared<C, L>, wait: Duration) -> Result<(), Stop> {
    let mut control = shared.job.control.clone();
    tokio::select! {
        () = tokio::time::sleep(wait) => Ok(()),
        command = control.stopped() => Err(Stop::Command(command)),
    }
}
