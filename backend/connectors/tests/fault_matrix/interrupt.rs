//! What happens at the steps of a run: it is counted, stopped, or something is done to a server.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use mailferry_engine::port::{Fault, Interrupted, Step};

type Act = Box<dyn Fn() + Send + Sync>;

/// Counts steps, and does something at the `n`th.
pub(crate) struct Steps {
    n: usize,
    reached: AtomicUsize,
    /// `None` stops the run, as if the process had died.
    act: Option<Act>,
}

impl Steps {
    /// Only counts.
    pub(crate) fn count() -> Arc<Self> {
        Self::stop(usize::MAX)
    }

    pub(crate) fn stop(n: usize) -> Arc<Self> {
        Arc::new(Self { n, reached: AtomicUsize::new(0), act: None })
    }

    pub(crate) fn act(n: usize, act: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { n, reached: AtomicUsize::new(0), act: Some(Box::new(act)) })
    }

    pub(crate) fn reached(&self) -> usize {
        self.reached.load(Ordering::SeqCst)
    }
}

impl Fault for Steps {
    fn reach(&self, step: Step) -> Result<(), Interrupted> {
        if self.reached.fetch_add(1, Ordering::SeqCst) != self.n {
            return Ok(());
        }
        match &self.act {
            Some(act) => {
                act();
                Ok(())
            }
            None => Err(Interrupted(step)),
        }
    }
}
