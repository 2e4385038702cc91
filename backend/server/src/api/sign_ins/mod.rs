//! Signing in as a member.

pub mod create;
