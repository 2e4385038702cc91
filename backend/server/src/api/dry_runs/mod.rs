//! Dry runs: what a migration would do.

pub mod read;
pub mod start;
