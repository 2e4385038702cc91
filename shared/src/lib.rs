//! The words that browser, API and service share: DTO types, typed ids and the parsers both sides need.
//!
//! Serde only, no IO; builds natively and for wasm32. The `openapi` feature derives `utoipa::ToSchema`.
//! Field names end in their unit (`size_bytes`, `duration_seconds`); times are RFC 3339 in UTC.
#![warn(missing_docs)]

pub mod account;
pub mod address;
pub mod admin;
pub mod certificate;
pub mod check;
pub mod delegation;
pub mod discovery;
pub mod dry_run;
pub mod endpoint;
pub mod finding;
pub mod ids;
pub mod import;
pub mod key;
pub mod link;
pub mod member;
pub mod oauth;
pub mod order;
pub mod order_list;
pub mod payment;
pub mod problem;
pub mod progress;
pub mod protocol;
pub mod provider;
pub mod request;
pub mod run;
pub mod sandbox;
pub mod schedule;
pub mod secret;
pub mod service;
pub mod tenant;
pub mod time;
pub mod verification;
pub mod voucher;
pub mod webhook;

/// The version prefix of every path of the API.
pub const API_PREFIX: &str = "/api/v1";
