//! What a service account signs (RFC 7523): a JWT by RS256.

use aws_lc_rs::signature::RsaKeyPair;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use mailferry_domain::oauth::{Claims, PrivateKey, ServiceAccount};

/// RSA keys of fewer bits are not taken (RFC 7518 section 3.3).
const LEAST_BITS: usize = 2048;

/// The key signs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("The key file's private_key is no RSA key of at least 2048 bits.")]
pub struct UnusableKey;

/// Whether a key can sign: told when it is entered.
///
/// # Errors
/// [`UnusableKey`].
pub fn check_key(key: &PrivateKey) -> Result<(), UnusableKey> {
    let pair = RsaKeyPair::from_der(key.expose()).map_err(|_| UnusableKey)?;
    if pair.public_modulus_len() * 8 < LEAST_BITS { Err(UnusableKey) } else { Ok(()) }
}

/// The signed claims.
///
/// # Errors
/// If the key cannot sign.
pub(super) fn sign(account: &ServiceAccount, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
    let header = Header { kid: account.key_id.clone(), ..Header::new(Algorithm::RS256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_rsa_der(account.private_key.expose()))
}
