//! Files of accounts, apart from any order: examples to fill in, and what is in one.

pub mod example;
pub mod preview;
