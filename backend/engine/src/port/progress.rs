//! Who watches a run.

use mailferry_domain::folder::FolderPath;
use mailferry_shared::{finding::Finding, run::Counts};

/// Something that a watcher may want to show.
#[derive(Debug, Clone, Copy)]
pub enum ProgressEvent<'a> {
    /// Folders of the source that the run deals with.
    Folders(usize),
    /// A folder has been listed and planned: messages and bytes there, and what needs no copying.
    Listed(&'a FolderPath, &'a Counts),
    /// Messages have got an outcome: what to add to the counts.
    Settled(&'a FolderPath, &'a Counts),
    /// A folder has been dealt with.
    FolderDone(&'a FolderPath),
    /// The run waits and tries again.
    Waiting(&'a Finding),
    /// Something worth a line in the protocol.
    Note(&'a Finding),
}

/// Takes events; must not block.
pub trait ProgressSink: Send + Sync + 'static {
    /// One event.
    fn event(&self, event: ProgressEvent<'_>);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl ProgressSink for NoProgress {
    fn event(&self, _: ProgressEvent<'_>) {}
}
