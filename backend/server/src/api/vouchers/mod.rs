//! Vouchers, created by who may sell them.

pub mod create;
pub mod export;
pub mod list;
pub mod revoke;
