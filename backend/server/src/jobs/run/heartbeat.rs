//! The heartbeat of a run: renews its lease, and listens for pause and cancel.

use std::time::{Duration, Instant};

use mailferry_engine::port::Command;
use mailferry_shared::{ids::OrderId, order::OrderState};
use mailferry_store::{Lease, StoreError};
use tokio::{sync::watch, time::timeout_at};
use tokio_util::sync::CancellationToken;

use crate::jobs::JobContext;

/// The lease is renewed, and pause and cancel are looked for, so often in its time: every 2 s of 30.
const HEARTBEATS: u32 = 15;

/// When the lease must have been renewed that was last renewed at `renewed`: before it ends, since by then everything
/// that is on its way must have come to rest.
fn deadline(renewed: Instant, ttl: Duration) -> Instant {
    renewed + ttl * 2 / 3
}

/// Renews the lease and passes on what the owner wants, until it is aborted or the lease is lost. A lease that cannot be
/// renewed in time, since the database is not reachable or does not answer, is lost too. Whoever is to `stop` hears of it at
/// once, whatever the database is doing.
pub(super) async fn heartbeat(
    context: JobContext,
    held: (Lease, Instant),
    order: OrderId,
    steer: watch::Sender<Command>,
    stop: CancellationToken,
) {
    let hand_over = async {
        stop.cancelled().await;
        steer.send_if_modified(|command| {
            let goes = *command == Command::Go;
            if goes {
                *command = Command::HandOver;
            }
            goes
        });
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = hand_over => {}
        () = renew_and_listen(&context, held, order, &steer) => {}
    }
}

async fn renew_and_listen(
    context: &JobContext,
    (lease, mut renewed): (Lease, Instant),
    order: OrderId,
    steer: &watch::Sender<Command>,
) {
    let ttl = context.settings.lease;
    loop {
        tokio::time::sleep(ttl / HEARTBEATS).await;
        match renewal(context.store.renew_lease(&lease, ttl), &mut renewed, ttl).await {
            Renewal::Lost => {
                steer.send_replace(Command::Abandon);
                return;
            }
            Renewal::Failed => continue,
            Renewal::Held => {}
        }
        let Ok(asked) = timeout_at(deadline(renewed, ttl).into(), context.store.order(order)).await else { continue };
        let command = match asked.map(|order| order.life.state()) {
            Ok(OrderState::Paused) => Command::Pause,
            Ok(OrderState::Cancelled | OrderState::Closed) | Err(StoreError::NotFound) => Command::Cancel,
            Ok(_) | Err(_) => continue,
        };
        steer.send_replace(command);
    }
}

/// What became of the attempt to renew a lease.
#[derive(Debug, PartialEq, Eq)]
enum Renewal {
    Held,
    /// There is time to reach the database again.
    Failed,
    Lost,
}

/// Renews a lease that was last renewed at `renewed`, and waits for no answer that comes too late.
async fn renewal(renew: impl Future<Output = Result<(), StoreError>>, renewed: &mut Instant, ttl: Duration) -> Renewal {
    let asked = Instant::now();
    // Whoever stood still may ask once more.
    let until = deadline(*renewed, ttl).max(asked + ttl / HEARTBEATS);
    match timeout_at(until.into(), renew).await {
        Ok(Ok(())) => {
            *renewed = asked;
            Renewal::Held
        }
        Ok(Err(StoreError::Fenced)) | Err(_) => Renewal::Lost,
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a lease could not be renewed");
            if Instant::now() < deadline(*renewed, ttl) { Renewal::Failed } else { Renewal::Lost }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    const TTL: Duration = Duration::from_secs(30);
    const SHORT: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn a_lease_that_nobody_renews_in_time_is_lost_before_it_ends() {
        let claimed = Instant::now();
        let mut renewed = claimed;
        assert_eq!(renewal(async { Ok(()) }, &mut renewed, TTL).await, Renewal::Held);
        assert!(renewed >= claimed, "its time begins anew");
        // A database that takes the question and never answers.
        assert_eq!(renewal(pending(), &mut renewed, SHORT).await, Renewal::Lost);
        assert!(renewed.elapsed() >= SHORT / 2, "it was waited for");
        // One that another worker has by now.
        renewed = Instant::now();
        assert_eq!(renewal(async { Err(StoreError::Fenced) }, &mut renewed, TTL).await, Renewal::Lost);
        // An error is no reason as long as there is time, and one afterwards.
        renewed = Instant::now() + TTL;
        assert_eq!(renewal(async { Err(StoreError::NotFound) }, &mut renewed, TTL).await, Renewal::Failed);
        renewed = claimed.checked_sub(TTL).expect("a moment");
        assert_eq!(renewal(async { Err(StoreError::NotFound) }, &mut renewed, TTL).await, Renewal::Lost);
    }
}
