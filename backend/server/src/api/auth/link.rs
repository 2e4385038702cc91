//! Tokens of manage links: HMAC-SHA-256 over order, scope and link version. Every mail can carry one and nothing needs
//! to be stored; raising the order's link version revokes all that are out.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use mailferry_shared::{ids::OrderId, order::LinkScope, secret::Secret};

use crate::keys::Keys;

/// The token for an order.
pub fn token(keys: &Keys, order: OrderId, scope: LinkScope, link_version: i64) -> Secret {
    let tag = hmac::sign(&keys.link, &message(order, scope, link_version));
    Secret::new(BASE64_URL_SAFE_NO_PAD.encode(tag.as_ref()))
}

/// The page's address with the token in its fragment, which no server ever sees.
pub fn url(keys: &Keys, public_url: &str, order: OrderId, scope: LinkScope, link_version: i64) -> String {
    format!("{public_url}/orders/{order}#token={}", token(keys, order, scope, link_version).expose())
}

/// What a token allows; `None` if it is wrong or of a former version.
pub fn verify(keys: &Keys, order: OrderId, link_version: i64, token: &Secret) -> Option<LinkScope> {
    let tag = BASE64_URL_SAFE_NO_PAD.decode(token.expose()).ok()?;
    [LinkScope::Manage, LinkScope::View]
        .into_iter()
        .find(|&scope| hmac::verify(&keys.link, &message(order, scope, link_version), &tag).is_ok())
}

fn message(order: OrderId, scope: LinkScope, link_version: i64) -> Vec<u8> {
    let scope = match scope {
        LinkScope::View => b'v',
        LinkScope::Manage => b'm',
    };
    // Every part has a fixed length: nothing can be shifted from one to the next.
    [order.0.as_bytes().as_slice(), &[scope], &link_version.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(number: u8) -> OrderId {
        OrderId(uuid::Uuid::from_bytes([number; 16]))
    }

    #[test]
    fn a_token_opens_its_own_order_scope_and_version_only() {
        let keys = Keys::new(&[1; 32], &[2; 32]);
        let manage = token(&keys, order(1), LinkScope::Manage, 1);
        assert_eq!(verify(&keys, order(1), 1, &manage), Some(LinkScope::Manage));
        assert_eq!(verify(&keys, order(1), 2, &manage), None, "revoked");
        assert_eq!(verify(&keys, order(2), 1, &manage), None, "another order");
        assert_eq!(verify(&Keys::new(&[9; 32], &[2; 32]), order(1), 1, &manage), None, "another service");
        let view = token(&keys, order(1), LinkScope::View, 1);
        assert_eq!(verify(&keys, order(1), 1, &view), Some(LinkScope::View));
        for wrong in ["", "x", &view.expose()[1..]] {
            assert_eq!(verify(&keys, order(1), 1, &Secret::new(wrong)), None);
        }
    }

    #[test]
    fn the_token_stands_in_the_fragment() {
        let keys = Keys::new(&[1; 32], &[2; 32]);
        let url = url(&keys, "https://move.example", order(1), LinkScope::Manage, 1);
        assert!(url.starts_with("https://move.example/orders/01010101-0101-0101-0101-010101010101#token="), "{url}");
    }
}
