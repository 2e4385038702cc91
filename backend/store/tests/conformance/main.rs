//! One suite for both databases: every statement of the store is executed on SQLite and on PostgreSQL.
#![expect(clippy::print_stdout, reason = "what was measured, and a child process that speaks to its parent")]

#[macro_use]
mod world;

mod admins;
mod checks;
mod clock;
mod consents;
mod cut_over;
mod discoveries;
mod dry_runs;
mod idempotency;
mod jobs;
mod jobs_ahead;
mod leases;
mod ledger;
mod ledger_again;
mod ledger_file;
mod ledger_fresh;
mod ledger_given_up;
mod ledger_history;
mod ledger_places;
mod ledger_speed;
mod ledger_told;
mod link_ends;
mod lists;
mod manifest;
mod order_brief;
mod order_list;
mod orders;
mod pace;
mod pairs;
mod password_links;
mod payments;
mod requests;
mod rotation;
mod runs;
mod sandbox;
mod secrets;
mod slots;
mod stuck_mails;
mod sweep;
mod tenants;
mod traffic;
mod unschedule;
mod verifications;
mod visits;
mod vouchers;
mod webhook_health;
mod webhook_locks;
mod webhooks;
mod webhooks_of_deltas;
