//! Searches for the settings of a mail service.

pub mod read;
pub mod start;
