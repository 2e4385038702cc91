//! Deltas: what has arrived since the main run.

pub mod list;
pub mod read;
pub mod start;
