//! How a run is told to stop.

use tokio::sync::watch;

/// What the run shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Go on.
    #[default]
    Go,
    /// Stop at the next batch; the owner will resume.
    Pause,
    /// Stop at the next batch for good.
    Cancel,
    /// Stop at the next batch; another worker goes on.
    HandOver,
    /// The lease is lost: close every connection at once, write nothing.
    Abandon,
}

/// The run's ear: looked at before every batch.
#[derive(Debug, Clone)]
pub struct Control(watch::Receiver<Order>);

impl Control {
    /// A control and the sender that steers it.
    pub fn new() -> (watch::Sender<Order>, Self) {
        let (sender, receiver) = watch::channel(Order::Go);
        (sender, Self(receiver))
    }

    /// A control that always says go.
    pub fn always_go() -> Self {
        Self::new().1
    }

    /// What the run shall do now.
    pub fn now(&self) -> Order {
        *self.0.borrow()
    }

    /// Waits until the lease is lost; forever, if nobody steers any more.
    pub async fn abandoned(&mut self) {
        if self.0.wait_for(|order| *order == Order::Abandon).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the run shall do anything but go on; forever, if nobody steers any more.
    pub async fn stopped(&mut self) -> Order {
        let order = self.0.wait_for(|order| *order != Order::Go).await.ok().map(|order| *order);
        match order {
            Some(order) => order,
            None => std::future::pending().await,
        }
    }
}
