//! The fault matrix at real servers: whatever breaks, nothing is lost and nothing is doubled.
//!
//! Every row copies a small mailbox with every oddity between two real servers, with the ledger in a real SQLite file,
//! through proxies that can break a connection after any byte. Something goes wrong, the copy goes on as another
//! process would, then runs once more and must have nothing to do. The destination is then compared, message by
//! message, with what a copy that nothing disturbed made of it.
//!
//! `MATRIX_POINTS` sets how many points of a conversation a sweep tries; `make crash-matrix` tries many and prints the
//! table (`mailferry_lab::matrix`). What is not a fault of a server or a line is proved elsewhere; the first six rows add
//! their lines to that table:
//!
//! | row | where |
//! | --- | --- |
//! | SIGKILL of the real process at any moment | `server/tests/copy.rs`, `make crash` |
//! | database disk full, with the real process | `server/tests/copy.rs` |
//! | database restarted, killed or locked under a worker; SIGSTOP of it for twice its lease | `server/tests/stopped_worker.rs` |
//! | SIGTERM of a worker | `server/tests/process.rs` |
//! | a day's amount, with the service | `server/tests/api/provider_limits.rs` |
//! | a destination that merges what is alike | `refusals/merged.rs`, with a small Gmail |
//! | every throttling word at every command | `refusals/slow.rs`, with a small Gmail |
//! | a schedule and a lease over the change to summer time | `server/tests/api/summer_time.rs`, SQLite and PostgreSQL |
//! | leases: expiry, takeover, clock that jumps back, parallel claims; every write of a stale ledger is refused | `store/tests/conformance` (`leases.rs`, `ledger.rs`), SQLite and PostgreSQL |
//! | totals = recount after any history | `store/tests/conformance/ledger_history.rs` |
//! | late stores, NO in the middle of a batch | `exactly_once`, with the scripted fake |

mod addresses;
mod broken_ledger;
mod bye;
mod capability;
mod change;
mod cyrus;
mod ground;
mod interrupt;
mod ledger;
mod line;
mod other_process;
mod point;
mod refusal;
mod row;
mod server;
mod slow;
mod soak;
mod stall;
mod talk;
