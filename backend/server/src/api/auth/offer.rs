//! Tokens of pre-configured links: the link's id and an HMAC over it, so that a hoster can see the address again and
//! nothing needs to be stored. A link that was revoked opens nothing, whatever its token.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use mailferry_shared::{ids::LinkId, secret::Secret};
use mailferry_store::{LinkRecord, StoreError};
use uuid::Uuid;

use crate::{api::problem::ApiError, app::App, keys::Keys};

const TAG_BYTES: usize = 16;

/// The token of a link.
pub fn token(keys: &Keys, id: LinkId) -> Secret {
    let tag = hmac::sign(&keys.offer, id.0.as_bytes());
    Secret::new(BASE64_URL_SAFE_NO_PAD.encode([id.0.as_bytes().as_slice(), &tag.as_ref()[..TAG_BYTES]].concat()))
}

fn verify(keys: &Keys, token: &Secret) -> Option<LinkId> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.expose()).ok()?;
    let (id, tag) = bytes.split_at_checked(16)?;
    let right = hmac::sign(&keys.offer, id);
    aws_lc_rs::constant_time::verify_slices_are_equal(&right.as_ref()[..TAG_BYTES], tag).ok()?;
    Uuid::from_slice(id).ok().map(LinkId)
}

/// The link of a token, if orders can be made by it.
///
/// # Errors
/// [`ApiError::LinkInvalid`], the same for a wrong token, and for a link that was revoked or used.
pub async fn open(app: &App, token: &Secret) -> Result<LinkRecord, ApiError> {
    let id = verify(&app.keys, token).ok_or(ApiError::LinkInvalid)?;
    match app.store.link(id).await {
        Ok(link) if link.is_open() => Ok(link),
        Ok(_) | Err(StoreError::NotFound) => Err(ApiError::LinkInvalid),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_own_link_only() {
        let keys = Keys::new(&[1; 32], &[2; 32]);
        let id = LinkId(Uuid::from_u128(7));
        let good = token(&keys, id);
        assert_eq!(verify(&keys, &good), Some(id));
        assert_eq!(verify(&Keys::new(&[9; 32], &[2; 32]), &good), None, "another service");
        let other = token(&keys, LinkId(Uuid::from_u128(8 << 120)));
        let mixed = format!("{}{}", &good.expose()[..20], &other.expose()[20..]);
        for wrong in ["", "x", &good.expose()[1..], &mixed] {
            assert_eq!(verify(&keys, &Secret::new(wrong)), None);
        }
    }
}
