//! What happens at the steps of a run: it is counted, stopped, or something is done to a server.

use std::sync::{Arc, Mutex, PoisonError};

use mailferry_engine::port::{Fault, Interrupted, Step};

type Act = Box<dyn Fn() + Send + Sync>;

/// Where something happens.
enum Place {
    /// At the so manieth step, counted from 0.
    Any(usize),
    /// At the so manieth of its kind.
    Of(Step, usize),
}

/// Counts steps, and does something at one of them.
pub(crate) struct Steps {
    place: Place,
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
        Arc::new(Self { place: Place::Any(n), reached: Mutex::default(), act: None })
    }

    pub(crate) fn act(n: usize, act: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { place: Place::Any(n), reached: Mutex::default(), act: Some(Box::new(act)) })
    }

    /// At the so manieth of its kind: which step that is of all may depend on who is faster, reader or writer.
    pub(crate) fn act_at((step, nth): (Step, usize), act: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { place: Place::Of(step, nth), reached: Mutex::default(), act: Some(Box::new(act)) })
    }

    pub(crate) fn reached(&self) -> Vec<Step> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Fault for Steps {
    fn reach(&self, step: Step) -> Result<(), Interrupted> {
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        reached.push(step);
        let is_here = match self.place {
            Place::Any(n) => reached.len() == n.saturating_add(1),
            Place::Of(kind, nth) => step == kind && reached.iter().filter(|step| **step == kind).count() == nth + 1,
        };
        if !is_here {
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
