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
    /// Signs cursors of lists.
    pub cursor: hmac::Key,
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
        // A key of its own for each purpose, so that nothing signed for one serves another.
        let cursor = hmac::sign(&link, b"mailferry cursor v1");
        let offer = hmac::sign(&link, b"mailferry pre-configured link v1");
        Self {
            link,
            offer: hmac::Key::new(hmac::HMAC_SHA256, offer.as_ref()),
            cursor: hmac::Key::new(hmac::HMAC_SHA256, cursor.as_ref()),
            session_sign: EncodingKey::from_secret(session),
            session_verify: DecodingKey::from_secret(session),
        }
    }
}
