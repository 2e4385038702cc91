//! Progress, polled, and kept as a report.

pub mod read;
pub mod report;
