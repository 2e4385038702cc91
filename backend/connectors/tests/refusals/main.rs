//! What one side refuses has an outcome and a reason, a later run tries it again, and nothing is lost or doubled.
//!
//! The engine with accounts in memory and the ledger on a real SQLite file.

mod folders;
mod world;
