//! The service's operations as functions. Types are those of [`mailferry_shared`].

mod accounts;
mod console;
mod orders;
mod request;
mod requests;
mod runs;
mod setup;
mod verifications;

pub(crate) use accounts::*;
pub(crate) use console::*;
pub(crate) use orders::*;
pub(crate) use request::{ApiError, PAGE, Paged, Polled, patience_ms};
pub(crate) use requests::*;
pub(crate) use runs::*;
pub(crate) use setup::*;
pub(crate) use verifications::*;
