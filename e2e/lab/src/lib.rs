//! Real servers for tests and the demo: mail servers, sample mailboxes, a mail sink and databases.
//!
//! | module | what it gives |
//! | --- | --- |
//! | [`dovecot`] | a real Dovecot on free loopback ports, with TLS, master users, quota |
//! | [`cyrus`] | a real Cyrus, with TLS, an admin, either separator and namespace |
//! | [`sample`] | deterministic mailboxes, odd messages included |
//! | [`refill`](mod@refill) | the same mailbox at a server of another kind |
//! | [`imap`] | a small blocking IMAP client of the lab's own, nothing of the product in it |
//! | [`compare`](mod@compare) | message-by-message comparison of two mailboxes: the judge of every copy |
//! | [`smtp`] | an SMTP server that writes each mail into a folder |
//! | [`dns`] | a name server whose records can be changed while it runs |
//! | [`web`] | an HTTPS server that answers as it is told, hostile answers too |
//! | [`proxy`] | breaks connections after so many bytes, in either direction |
//! | [`postgres`] | a `PostgreSQL` of the test's own |
//! | [`matrix`] | the table of `make crash-matrix` |
//!
//! Nothing here may assume that a server runs already. Each server has a folder of its own and ends with the value
//! that started it, and also when the test process is killed.

pub mod compare;
pub mod cyrus;
pub mod dns;
pub mod dovecot;
pub mod imap;
pub mod mailbox_name;
pub mod matrix;
pub mod postgres;
pub mod proxy;
pub mod refill;
pub mod sample;
pub mod smtp;
pub mod web;

mod authority;
mod folder;
mod message;
mod passwords;
mod patience;
mod port;
mod random;
mod service;

pub use authority::SelfSigned;
pub use compare::{CompareOptions, Differences, compare};
pub use cyrus::{Cyrus, CyrusOptions};
pub use dns::{DnsServer, Record};
pub use dovecot::{Dovecot, DovecotOptions};
pub use imap::{Client, Login};
pub use port::free_port;
pub use postgres::Postgres;
pub use proxy::{Fault, Passed, Plan, Proxy, ProxyOptions, Talk};
pub use random::Random;
pub use refill::{Refused, refill};
pub use sample::{Sample, Written};
pub use smtp::{Mail, SmtpSink, SmtpTls};
pub use web::{Page, WebServer};

pub(crate) fn failed(text: impl Into<String>) -> std::io::Error {
    std::io::Error::other(text.into())
}
