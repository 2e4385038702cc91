//! Tokens of links by which a password is set: the link's id and an HMAC over it. Who reads the database alone can make
//! none.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use mailferry_shared::{ids::PasswordLinkId, secret::Secret};
use uuid::Uuid;

use crate::keys::Keys;

/// The token of a link.
pub fn token(keys: &Keys, id: PasswordLinkId) -> Secret {
    let tag = hmac::sign(&keys.password_link, id.0.as_bytes());
    Secret::new(BASE64_URL_SAFE_NO_PAD.encode([id.0.as_bytes().as_slice(), tag.as_ref()].concat()))
}

/// The page's address with the token in its fragment, which no server ever sees.
pub fn url(keys: &Keys, public_url: &str, id: PasswordLinkId) -> String {
    format!("{public_url}/console/password#token={}", token(keys, id).expose())
}

/// The link that a token names; `None` unless we have made it.
pub fn verify(keys: &Keys, token: &Secret) -> Option<PasswordLinkId> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.expose()).ok()?;
    let (id, tag) = bytes.split_at_checked(16)?;
    hmac::verify(&keys.password_link, id, tag).ok()?;
    Uuid::from_slice(id).ok().map(PasswordLinkId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_own_link_only() {
        let keys = Keys::new(&[1; 32], &[2; 32]);
        let id = PasswordLinkId(Uuid::from_u128(7));
        let good = token(&keys, id);
        assert_eq!(verify(&keys, &good), Some(id));
        assert_eq!(verify(&Keys::new(&[9; 32], &[2; 32]), &good), None, "another service");
        let other = token(&keys, PasswordLinkId(Uuid::from_u128(8 << 120)));
        let mixed = format!("{}{}", &good.expose()[..20], &other.expose()[20..]);
        for wrong in ["", "x", &good.expose()[1..], &good.expose()[..30], &mixed] {
            assert_eq!(verify(&keys, &Secret::new(wrong)), None);
        }
        assert!(url(&keys, "https://move.example", id).starts_with("https://move.example/console/password#token="));
    }
}
