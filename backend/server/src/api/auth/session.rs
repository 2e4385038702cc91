//! Sessions: a short JWT in a cookie of its own for each order, so that several orders can be open side by side.

use actix_web::cookie::{Cookie, SameSite, time};
use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, Header, Validation};
use mailferry_shared::{ids::OrderId, order::LinkScope};
use serde::{Deserialize, Serialize};

use crate::keys::Keys;

/// How long a session lasts; reading the order prolongs it.
pub const SESSION_HOURS: i64 = 12;
/// `__Host-` makes the browser insist on Secure, on path `/`, and on no domain (RFC 6265bis section 4.1.3.2).
const COOKIE_PREFIX: &str = "__Host-mailferry-";
const AUDIENCE: &str = "mailferry/session";

/// What a session's token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// For whom: a token made for anything else is refused.
    aud: String,
    /// The order it opens.
    pub sub: OrderId,
    /// What it allows.
    pub scope: LinkScope,
    /// The order's link version: raising that ends its sessions too.
    pub ver: i64,
    /// End, seconds since 1970.
    pub exp: i64,
}

impl Claims {
    /// A session from `now` on, which never outlives the order's link.
    pub fn new(
        order: OrderId,
        scope: LinkScope,
        link_version: i64,
        now: DateTime<Utc>,
        link_ends: DateTime<Utc>,
    ) -> Self {
        let end = (now + Duration::hours(SESSION_HOURS)).min(link_ends);
        Self { aud: AUDIENCE.to_owned(), sub: order, scope, ver: link_version, exp: end.timestamp() }
    }

    /// When it ends.
    pub fn expires_at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.exp, 0).unwrap_or_default()
    }

    /// The cookie that holds it.
    ///
    /// # Errors
    /// If the token cannot be signed.
    pub fn cookie(&self, keys: &Keys, now: DateTime<Utc>) -> Result<Cookie<'static>, jsonwebtoken::errors::Error> {
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), self, &keys.session_sign)?;
        let left = (self.exp - now.timestamp()).max(0);
        Ok(Cookie::build(cookie_name(self.sub), token)
            .path("/")
            .secure(true)
            .http_only(true)
            .same_site(SameSite::Strict)
            .max_age(time::Duration::seconds(left))
            .finish())
    }

    /// Reads a cookie; `None` unless it is one of ours, signed by us, for the order in its name, and not over.
    pub fn from_cookie(cookie: &Cookie<'_>, keys: &Keys, now: DateTime<Utc>) -> Option<Self> {
        let order = order_of_cookie(cookie.name())?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["aud", "exp"]);
        // Compared below with the clock that the rest of the service goes by.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Self>(cookie.value(), &keys.session_verify, &validation).ok()?.claims;
        (claims.sub == order && claims.exp > now.timestamp()).then_some(claims)
    }

    /// True once a quarter of it is used up: time for a new cookie.
    pub fn wants_prolonging(&self, now: DateTime<Utc>) -> bool {
        self.expires_at() - now < Duration::minutes(SESSION_HOURS * 45)
    }
}

/// The order whose cookie has this name.
pub fn order_of_cookie(name: &str) -> Option<OrderId> {
    name.strip_prefix(COOKIE_PREFIX)?.parse().ok()
}

/// The name of an order's cookie.
pub fn cookie_name(order: OrderId) -> String {
    format!("{COOKIE_PREFIX}{order}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::hours(hours)
    }

    fn keys() -> Keys {
        Keys::new(&[1; 32], &[2; 32])
    }

    fn order(number: u8) -> OrderId {
        OrderId(uuid::Uuid::from_bytes([number; 16]))
    }

    fn claims() -> Claims {
        Claims::new(order(1), LinkScope::Manage, 1, at(0), at(1000))
    }

    #[test]
    fn a_cookie_is_read_again_until_it_is_over() {
        let cookie = claims().cookie(&keys(), at(0)).expect("signs");
        assert_eq!(Claims::from_cookie(&cookie, &keys(), at(11)), Some(claims()));
        assert_eq!(Claims::from_cookie(&cookie, &keys(), at(12)), None, "over");
        let line = cookie.to_string();
        for part in ["__Host-mailferry-01010101-", "HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
            assert!(line.contains(part), "{part} in {line}");
        }
        assert!(!line.contains("Domain"));
    }

    #[test]
    fn the_session_of_an_order_lasts_12_hours() {
        assert_eq!(claims().expires_at(), at(12));
    }

    #[test]
    fn no_cookie_outlives_the_link_or_opens_another_order() {
        let short = Claims::new(order(1), LinkScope::View, 1, at(0), at(2));
        assert_eq!(short.expires_at(), at(2));
        let mut cookie = claims().cookie(&keys(), at(0)).expect("signs");
        cookie.set_name(cookie_name(order(2)));
        assert_eq!(Claims::from_cookie(&cookie, &keys(), at(1)), None);
    }

    #[test]
    fn a_token_of_another_key_audience_or_algorithm_is_refused() {
        let foreign = claims().cookie(&Keys::new(&[1; 32], &[3; 32]), at(0)).expect("signs");
        assert_eq!(Claims::from_cookie(&foreign, &keys(), at(1)), None);
        let other = Claims { aud: "mailferry/other".to_owned(), ..claims() };
        assert_eq!(Claims::from_cookie(&other.cookie(&keys(), at(0)).expect("signs"), &keys(), at(1)), None);
        let token =
            jsonwebtoken::encode(&Header::new(Algorithm::HS512), &claims(), &keys().session_sign).expect("signs");
        let cookie = Cookie::new(cookie_name(order(1)), token);
        assert_eq!(Claims::from_cookie(&cookie, &keys(), at(1)), None);
    }
}
