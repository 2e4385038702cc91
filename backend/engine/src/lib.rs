//! The engine: list → plan → execute, with every message's intent in the ledger before its effect.
//!
//! It knows its world by the [`port`]s alone: a source that has no method that writes, a destination that has none
//! that deletes, a ledger, a sink for progress, and a fault injector that tests use.
//!
//! [`run::run`] is the whole of it: folders are mapped ([`mailferry_domain::mapping`]), shared out over lanes (one
//! connection to each side a lane), and each is copied by `folder`: listed, planned, what may have been sent before
//! is looked for (`present`), the rest is fetched, intended, stored and settled batch by batch (`transfer`).
#![warn(missing_docs)]

mod folder;
mod lane;
mod listing;
pub mod port;
mod present;
pub mod run;
mod standstill;
pub mod survey;
mod transfer;
