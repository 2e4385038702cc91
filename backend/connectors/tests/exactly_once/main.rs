//! Nothing lost, nothing doubled, wherever a run is stopped and whatever the destination does.
//!
//! The engine with accounts in memory and the ledger on a real SQLite file. A clean run's steps are counted, then a
//! run is stopped at each of them in turn, gone on with, compared with the clean result, and run once more: nothing.
//!
//! `stopped` interrupts runs, `refused` has a destination that loses lines, refuses and slows down, `change` is what
//! the owner does meanwhile, `unreadable` what the source cannot deliver, `told` destinations that tell wrong UIDs, `options` what a run is asked for, `world` the accounts and the ledger.

mod change;
mod options;
mod refused;
mod stopped;
mod told;
mod unreadable;
mod world;
