//! Runs of an account pair and their protocols.

mod csv;
pub mod download;
pub mod items;
pub mod list;
pub mod protocol;
