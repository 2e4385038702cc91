//! The API over real HTTP, on SQLite and on a PostgreSQL of the tests' own.

mod admins;
mod authorisation;
mod bad_input;
mod canary;
mod conventions;
mod discoveries;
mod document;
mod expiry;
mod harness;
mod headers;
mod idempotency;
mod imports;
mod mails;
mod orders;
mod password_links;
mod payments;
mod paypal;
mod principals;
mod provider_limits;
mod resellers;
mod runs;
mod schedule;
mod trial;
mod verifications;
mod vouchers;
mod walk;
