//! Verifications: the destination is fetched again and compared with what was copied.

pub mod list;
pub mod read;
pub mod report;
pub mod start;
