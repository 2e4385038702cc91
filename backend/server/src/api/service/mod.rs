//! The service itself.

pub mod read;
mod terms;
pub mod test_hosts;

pub use self::terms::TERMS_VERSION;

/// Days of mail that a free trial copies.
pub const TRIAL_DAYS: u32 = 10;
