//! Prices: what a tenant asks for an account pair.

pub mod change;
pub mod read;
