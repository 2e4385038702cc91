//! Hard cases of a delta. What one side refuses has an outcome and a reason, a later run tries it again, and nothing is lost or doubled.
//!
//! The engine with accounts in memory, and with a real Cyrus, which refuses much, and the ledger on a real SQLite file.

mod cyrus;
mod flags;
mod folders;
mod repairs;
mod world;
