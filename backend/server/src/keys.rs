//! Keys of the server itself: what it signs manage links and sessions with. Both come from the sealing key file, so
//! that every process of one service has the same ones and nothing more needs to be kept.

use aws_lc_rs::hmac;
use jsonwebtoken::{DecodingKey, EncodingKey};

/// The derived keys.
#[derive(Clone)]
pub struct Keys {
    /// Signs manage links.
    pub link: hmac::Key,
    /// Signs tokens of pre-configured links.
    pub offer: hmac::Key,
    /// Signs tokens of links by which a password is set.
    pub password_link: hmac::Key,
    /// Authenticates cursors of lists.
    pub cursor: hmac::Key,
    /// Names requests with an idempotency key, and what they ask for.
    pub idempotency: hmac::Key,
    /// Signs session cookies.
    pub session_sign: EncodingKey,
    /// Verifies them.
    pub session_verify: DecodingKey,
}

/// What the key for manage links is derived for.
pub const LINK_PURPOSE: &str = "mailferry manage link v1";
/// What the key for sessions is derived for.
pub const SESSION_PURPOSE: &str = "mailferry session v1";

impl Keys {
    /// The keys made of two derived secrets.
    pub fn new(link: &[u8; 32], session: &[u8; 32]) -> Self {
        let link = hmac::Key::new(hmac::HMAC_SHA256, link);
        let derive = |purpose: &str| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&link, purpose.as_bytes()).as_ref());
        Self {
            // A link's message has 25 bytes: none of these can be one.
            cursor: derive("mailferry cursor of a list v1"),
            idempotency: derive("mailferry idempotency v1"),
            offer: derive("mailferry pre-configured link v1"),
            password_link: derive("mailferry password link v1"),
            link,
            session_sign: EncodingKey::from_secret(session),
            session_verify: DecodingKey::from_secret(session),
        }
    }
}
