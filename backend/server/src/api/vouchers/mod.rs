//! Vouchers, created by who may sell them.

pub mod create;
