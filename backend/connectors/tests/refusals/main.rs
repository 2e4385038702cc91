//! Hard cases of a delta. What one side refuses has an outcome and a reason, a later run tries it again, and nothing is lost or doubled.
//!
//! The engine with accounts in memory, with a real Cyrus, which refuses much, and with a small Gmail (`fake`), and the
//! ledger on a real SQLite file.

mod condstore;
mod cyrus;
mod fake;
mod findings;
mod flags;
mod folders;
mod gmail;
mod lost_ledger;
mod merged;
mod repairs;
mod slow;
mod unreadable;
mod world;
