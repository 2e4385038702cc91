//! Files of accounts that are written: examples to fill in.

pub mod example;
