//! Status mails: composed from the order as it is when the mail is sent, text and HTML, in the order's language.
//! None ever holds a password; each holds the status link and the order number.

pub mod compose;
pub mod facts;
pub mod format;
mod html;
pub mod member;
pub mod operator;
pub mod texts;
pub mod transport;

pub use compose::{Letter, compose};
pub use facts::Facts;
pub use transport::{Sent, Transport};
