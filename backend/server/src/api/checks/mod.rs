//! Checks: logging in to each side, and counting what is there.

pub mod read;
pub mod start;
