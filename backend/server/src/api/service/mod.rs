//! The service itself.

pub mod read;
pub mod test_hosts;

/// Version of terms and privacy statement that an order must accept.
pub const TERMS_VERSION: &str = "2026-11";
/// Days of mail that a free trial copies.
pub const TRIAL_DAYS: u32 = 10;
