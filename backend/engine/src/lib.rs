//! The engine: list → plan → execute, with every message's intent in the ledger before its effect.
//!
//! It knows its world by the [`port`]s alone: a source that has no method that writes, a destination that has none
//! that deletes, a ledger, a sink for progress, and a fault injector that tests use.
//!
//! [`run::run`] is the whole of it: folders are mapped ([`mailferry_domain::mapping`]), those that have not changed
//! since the last run are passed over, the others are cut into portions (`queue`) and shared out over lanes (one
//! connection to each side a lane). A `portion` is listed and planned, what may have been sent before is looked for
//! (`decide`, `present`, `lookalike`, `looks`, `keeps`, `probe`, `former`, `undated`), the rest is fetched, intended, sent and
//! settled batch by batch, with several batches on the way at once (`writer`). UIDs that the destination tells are believed once it has told the truth
//! (`address`); messages at which the source's line breaks are told from lines that are bad (`suspect`). Whoever is
//! told to stop hears of it while servers are silent (`patience`).
//!
//! [`verify`] fetches the destination again and compares it with a manifest of what was copied.
#![warn(missing_docs)]

mod address;
pub mod allowance;
mod decide;
mod dry_run;
mod flags;
mod former;
mod job;
mod keeps;
mod labels;
mod lane;
pub mod listing;
mod lookalike;
mod looks;
pub mod manifest;
mod mend;
mod missing;
mod patience;
pub mod port;
mod portion;
mod present;
mod print;
mod probe;
mod queue;
mod refused;
pub mod run;
mod sides;
mod standstill;
mod subjects;
pub mod survey;
mod suspect;
mod undated;
pub mod verify;
mod writer;
