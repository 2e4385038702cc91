//! Vouchers, created by who may sell them.

pub mod create;
pub mod export;
pub mod list;
pub mod revoke;

/// The longest note on a batch, characters.
pub(crate) const MAX_NOTE: usize = 200;
