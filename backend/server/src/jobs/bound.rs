//! No server keeps a worker for ever: whatever only looks at servers has a bound.
//!
//! Every answer has one of its own already (a minute of silence, two for a login, ten of mere talk). A server that stays
//! within those and still gets nowhere, a message a minute, is given up here. A run that comes on so slowly is not: it ends
//! with its order at the latest, and gives its worker to others who wait (`slice.rs`).

use std::{pin::pin, sync::Arc, time::Duration};

use mailferry_engine::port::{ConnectorError, Decision, ProgressEvent, ProgressSink};
use mailferry_shared::finding::FindingCode;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// How long a look at a mailbox may take. Honest servers, however slow, never come near.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// Without coming any further: to list the largest folder there is takes less.
    pub idle: Duration,
    /// In all: 100 GB come at 170 KB a second in this time.
    pub whole: Duration,
}

impl Default for Bound {
    fn default() -> Self {
        Self { idle: Duration::from_hours(2), whole: Duration::from_hours(7 * 24) }
    }
}

/// Is told that a look has come further.
#[derive(Debug, Clone, Default)]
pub(super) struct Moves(Arc<Notify>);

impl Moves {
    pub(super) fn come_further(&self) {
        self.0.notify_one();
    }
}

impl ProgressSink for Moves {
    fn event(&self, event: ProgressEvent<'_>) {
        match event {
            ProgressEvent::Waiting(_) | ProgressEvent::Note(_) => {}
            ProgressEvent::Folders(_)
            | ProgressEvent::Listed(..)
            | ProgressEvent::Settled(..)
            | ProgressEvent::FolderDone(_) => self.come_further(),
        }
    }
}

impl Bound {
    /// Waits for `looking`, which says by `moves` when it comes further. Beyond the bound it is dropped.
    ///
    /// # Errors
    /// That its server is too slow; another attempt makes no sense soon.
    pub(super) async fn keep<T>(self, moves: &Moves, looking: impl Future<Output = T>) -> Result<T, ConnectorError> {
        let mut looking = pin!(looking);
        let end = Instant::now() + self.whole;
        loop {
            let now = Instant::now();
            if now >= end {
                return Err(too_slow("it takes too long in all"));
            }
            tokio::select! {
                biased;
                done = &mut looking => return Ok(done),
                () = moves.0.notified() => {}
                () = sleep_until(end.min(now + self.idle)) => return Err(too_slow("it comes no further")),
            }
        }
    }
}

fn too_slow(how: &str) -> ConnectorError {
    let context = format!("looking at a mailbox: {how}");
    ConnectorError::new(FindingCode::ConnectionTimeout, Decision::Permanent, context)
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    const LONG: Duration = Duration::from_mins(10);
    const SHORT: Duration = Duration::from_millis(100);

    async fn tick(moves: &Moves) {
        loop {
            tokio::time::sleep(SHORT / 10).await;
            moves.come_further();
        }
    }

    #[tokio::test]
    async fn what_comes_no_further_is_given_up() {
        let given_up = Bound { idle: SHORT, whole: LONG }.keep(&Moves::default(), pending::<()>()).await;
        let error = given_up.expect_err("never done");
        assert_eq!((error.code, error.decision), (FindingCode::ConnectionTimeout, Decision::Permanent));
    }

    #[tokio::test]
    async fn what_comes_further_for_ever_is_given_up_all_the_same() {
        let moves = Moves::default();
        let given_up = Bound { idle: LONG, whole: SHORT }.keep(&moves, tick(&moves)).await;
        assert_eq!(given_up.expect_err("never done").code, FindingCode::ConnectionTimeout);
    }

    #[tokio::test]
    async fn what_comes_further_may_take_longer_than_it_may_stand_still() {
        let moves = Moves::default();
        let idle = Duration::from_secs(20);
        let steps = async {
            for _ in 0..5 {
                tokio::time::sleep(SHORT).await;
                moves.come_further();
            }
        };
        Bound { idle, whole: LONG }.keep(&moves, steps).await.expect("done");
    }
}
