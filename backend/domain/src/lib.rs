//! The pure core: what a migration means, without IO, async, clock or randomness.
//!
//! Values go in, values come out, so that every rule here can be tested by stating it.
#![warn(missing_docs)]

pub mod account_file;
pub mod attachment;
pub mod autoconfig;
pub mod discovery;
pub mod encoding;
pub mod estimate;
pub mod flags;
pub mod folder;
pub mod header;
pub mod item;
pub mod ledger;
pub mod manifest;
pub mod mapping;
pub mod money;
pub mod mx;
pub mod names;
pub mod oauth;
pub mod order;
pub mod plan;
pub mod print;
pub mod repair;
pub mod request;
pub mod run;
pub mod said;
pub mod sending;
pub mod special_use;
pub mod subject;
pub mod substitute;
pub mod uid;
pub mod utf7;
pub mod verify;
