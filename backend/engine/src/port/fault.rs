//! Where tests interrupt a run: a clean run's steps are counted, then it is stopped at each in turn.

/// A step of the executor whose interruption must do no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// A destination folder is about to be made.
    CreateFolder,
    /// A folder has been listed and planned.
    Planned,
    /// Intents are about to be committed.
    BeforeIntent,
    /// Intents are committed, nothing is sent.
    AfterIntent,
    /// The destination has answered, nothing is settled.
    AfterStore,
    /// Outcomes are committed.
    AfterSettle,
    /// A folder is about to be marked as dealt with.
    FinishFolder,
}

/// The test stops the run here, as if the process had died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("interrupted at {0:?}")]
pub struct Interrupted(pub Step);

/// Decides whether the run is interrupted.
pub trait Fault: Send + Sync + 'static {
    /// Called at each step.
    ///
    /// # Errors
    /// [`Interrupted`] to stop the run right here.
    fn reach(&self, step: Step) -> Result<(), Interrupted>;
}

/// Never interrupts: what a real run uses.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFault;

impl Fault for NoFault {
    fn reach(&self, _: Step) -> Result<(), Interrupted> {
        Ok(())
    }
}
