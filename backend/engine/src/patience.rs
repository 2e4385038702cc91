//! What was begun is finished, but not at any price: a destination may have fallen silent.

use crate::{
    port::{Connector, Ledger},
    run::{Shared, Stop},
    writer::Writer,
};

/// Finishes what must not be left half done, but once the run is told to stop, in no more than an append time-out: a
/// destination that has not answered by then is not waited for. The sessions are of no use then, and what is on its way is
/// left to the next run, as if the line were lost.
pub(crate) async fn within_patience<C, L, T>(
    shared: &Shared<C, L>,
    working: impl Future<Output = T>,
) -> Result<T, Stop> {
    let (mut control, patience) = (shared.job.control.clone(), shared.job.options.append_timeout);
    let over = async {
        let command = control.stopped().await;
        tokio::time::sleep(patience).await;
        command
    };
    tokio::select! {
        biased;
        done = working => Ok(done),
        command = over => Err(Stop::Command(command)),
    }
}

impl<C: Connector, L: Ledger> Writer<'_, C, L> {
    /// What had been heard of when work was given up is kept.
    pub(crate) async fn leave(&mut self) -> Result<(), Stop> {
        self.leave_in_doubt();
        self.forget_staged();
        self.commit().await
    }
}
