//! Known providers.

pub mod list;
