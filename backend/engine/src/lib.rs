//! The engine: list → plan → execute, with every message's intent in the ledger before its effect.
//!
//! It knows its world by the [`port`]s alone: a source that has no method that writes, a destination that has none
//! that deletes, a ledger, a sink for progress, and a fault injector that tests use.
#![warn(missing_docs)]

pub mod port;
