//! Account pairs of an order.

pub mod change;
pub mod create;
pub mod delete;
pub mod export;
pub mod import;
pub mod list;
pub mod tick;
