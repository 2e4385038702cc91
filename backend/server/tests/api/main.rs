//! The API over real HTTP, on SQLite and on a PostgreSQL of the tests' own.

mod authorisation;
mod bad_input;
mod canary;
mod document;
mod expiry;
mod harness;
mod headers;
mod mails;
mod orders;
mod payments;
mod paypal;
mod principals;
mod runs;
mod schedule;
mod verifications;
mod vouchers;
