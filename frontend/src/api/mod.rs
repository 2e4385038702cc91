//! The service's operations as functions. Types are those of [`mailferry_shared`].

mod accounts;
mod attempt;
mod console;
mod error;
mod orders;
mod patience;
mod request;
mod requests;
mod runs;
mod setup;
mod verifications;

pub(crate) use accounts::*;
pub(crate) use console::*;
pub(crate) use error::ApiError;
pub(crate) use orders::*;
pub(crate) use patience::patience_ms;
pub(crate) use request::{PAGE, Paged, Polled};
pub(crate) use requests::*;
pub(crate) use runs::*;
pub(crate) use setup::*;
pub(crate) use verifications::*;
