//! IMAP (RFC 9051, RFC 3501) over async-imap's stream and parser, every tagged answer judged.
//!
//! [`guard`](self) sits under the parser and keeps from it what it cannot take; `session` sends commands and judges
//! answers; `account`, `fetch` and `append` are what the engine's ports ask for, `glance` keeps small messages that came
//! with their folder's listing.

mod account;
mod append;
mod asks;
mod auth;
mod bodies;
mod bounds;
mod compress;
mod connector;
mod fetch;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod glance;
mod guard;
mod reader;
mod refusal;
mod session;
mod wire;

pub use account::{ImapDestination, ImapSource};
pub use auth::{Greeted, greet};
pub use connector::{ImapConnector, ImapLogin};
pub use reader::ImapReader;
