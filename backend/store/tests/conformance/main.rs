//! One suite for both databases: every statement of the store is executed on SQLite and on PostgreSQL.

#[macro_use]
mod world;

mod checks;
mod jobs;
mod leases;
mod ledger;
mod ledger_history;
mod orders;
mod pairs;
mod runs;
mod secrets;
mod tenants;
mod vouchers;
