//! What happens at the steps of a run: it is counted, stopped, or something is done to a server.

use std::sync::{Arc, Mutex, PoisonError};

use mailferry_engine::port::{Fault, Interrupted, Step};

type Act = Box<dyn Fn() + Send + Sync>;

/// Counts steps, and does something at the `n`th.
pub(crate) struct Steps {
    n: usize,
    reached: Mutex<Vec<Step>>,
    /// `None` stops the run, as if the process had died.
    act: Option<Act>,
}

impl Steps {
    /// Only counts.
    pub(crate) fn count() -> Arc<Self> {
        Self::stop(usize::MAX)
    }

    pub(crate) fn stop(n: usize) -> Arc<Self> {
        Arc::new(Self { n, reached: Mutex::default(), act: None })
    }

    pub(crate) fn act(n: usize, act: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { n, reached: Mutex::default(), act: Some(Box::new(act)) })
    }

    pub(crate) fn reached(&self) -> Vec<Step> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Fault for Steps {
    fn reach(&self, step: Step) -> Result<(), Interrupted> {
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        reached.push(step);
        if reached.len() != self.n.saturating_add(1) {
            return Ok(());
        }
        drop(reached);
        match &self.act {
            Some(act) => {
                act();
                Ok(())
            }
            None => Err(Interrupted(step)),
        }
    }
}
