//! A small IMAP server (RFC 3501) without sockets: it speaks over any two-way stream, and keeps mailboxes where its host
//! says. The service serves the test hosts of sandbox orders with it.
//!
//! It can what Mailferry asks of a good server: UIDPLUS, MULTIAPPEND, LITERAL+, LIST-EXTENDED with LIST-STATUS and
//! SPECIAL-USE, STATUS=SIZE, QUOTA, SASL-IR. It never changes a message, and deletes none.
#![warn(missing_docs)]

mod append;
mod command;
mod fetch;
mod list;
mod login;
mod mailbox;
mod place;
mod sample;
mod serve;
mod session;

pub use mailbox::{Folder, Mailbox, Message};
pub use place::Place;
pub use sample::{empty, filled};
pub use serve::{Keep, Kept, serve};
