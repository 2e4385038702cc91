//! Payments: what an order costs, paying by PayPal, and what PayPal tells.

pub mod begin;
pub mod capture;
pub mod events;
pub mod list;
pub mod read;
pub mod refund;
mod view;
