//! Progress, polled.

pub mod read;
