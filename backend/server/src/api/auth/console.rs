//! The session of a member: a short JWT in a cookie, for another audience than those that open an order.

use actix_web::cookie::{Cookie, SameSite, time};
use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, Header, Validation};
use mailferry_shared::ids::MemberId;
use serde::{Deserialize, Serialize};

use crate::keys::Keys;

/// How long a session lasts; reading who one is prolongs it.
pub const SESSION_MINUTES: i64 = 120;
/// `__Host-` makes the browser insist on Secure, on path `/`, and on no domain (RFC 6265bis section 4.1.3.2).
pub const COOKIE: &str = "__Host-mailferry-console";
const AUDIENCE: &str = "mailferry/console";

/// What a member's token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberClaims {
    aud: String,
    /// The member.
    pub sub: MemberId,
    /// The member's session version: raising it ends every session.
    pub ver: i64,
    /// End, seconds since 1970.
    pub exp: i64,
}

impl MemberClaims {
    /// A session from `now` on.
    pub fn new(member: MemberId, session_version: i64, now: DateTime<Utc>) -> Self {
        let exp = (now + Duration::minutes(SESSION_MINUTES)).timestamp();
        Self { aud: AUDIENCE.to_owned(), sub: member, ver: session_version, exp }
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
        Ok(build(token, (self.exp - now.timestamp()).max(0)))
    }

    /// Reads a cookie; `None` unless it is signed by us for this purpose, and not over.
    pub fn from_cookie(cookie: &Cookie<'_>, keys: &Keys, now: DateTime<Utc>) -> Option<Self> {
        if cookie.name() != COOKIE {
            return None;
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["aud", "exp"]);
        // Compared below with the clock that the rest of the service goes by.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Self>(cookie.value(), &keys.session_verify, &validation).ok()?.claims;
        (claims.exp > now.timestamp()).then_some(claims)
    }
}

/// True once a quarter of a session is used up: time for a new cookie.
pub fn wants_prolonging(ends: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    ends - now < Duration::seconds(SESSION_MINUTES * 45)
}

/// The cookie that takes the session away.
pub fn farewell() -> Cookie<'static> {
    build(String::new(), 0)
}

fn build(token: String, seconds: i64) -> Cookie<'static> {
    Cookie::build(COOKIE, token)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(time::Duration::seconds(seconds))
        .finish()
}

#[cfg(test)]
mod tests {
    use mailferry_shared::{ids::OrderId, order::LinkScope};

    use super::*;
    use crate::api::auth::session::Claims;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::minutes(minutes)
    }

    fn keys() -> Keys {
        Keys::new(&[1; 32], &[2; 32])
    }

    fn member() -> MemberId {
        MemberId(uuid::Uuid::from_u128(5))
    }

    #[test]
    fn a_session_is_over_after_two_hours() {
        let claims = MemberClaims::new(member(), 1, at(0));
        let cookie = claims.cookie(&keys(), at(0)).expect("signs");
        assert_eq!(MemberClaims::from_cookie(&cookie, &keys(), at(119)), Some(claims));
        assert_eq!(MemberClaims::from_cookie(&cookie, &keys(), at(120)), None);
        let line = cookie.to_string();
        for part in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age=7200"] {
            assert!(line.contains(part), "{part} in {line}");
        }
        assert!(!wants_prolonging(at(120), at(20)) && wants_prolonging(at(120), at(40)));
    }

    #[test]
    fn the_token_of_an_order_signs_nobody_in() {
        let order = OrderId(uuid::Uuid::from_u128(5));
        let token = Claims::new(order, LinkScope::Manage, 1, at(0), at(9000)).cookie(&keys(), at(0)).expect("signs");
        let cookie = Cookie::new(COOKIE, token.value().to_owned());
        assert_eq!(MemberClaims::from_cookie(&cookie, &keys(), at(1)), None);
    }
}
