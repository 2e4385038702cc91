//! Connectors: our code for each kind of mail service, and the way to it.
//!
//! [`net`] makes connections (address guard, name resolution, TLS); [`imap`] speaks IMAP over them; [`memory`] is a
//! mail service in memory that can be told to fail, for tests. Connectors never see the ledger and never decide what
//! to copy.
#![warn(missing_docs)]

#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod imap;
pub mod memory;
pub mod net;
