//! How fast one address may ask. Kept in memory: a restart forgives, and each process counts for itself.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use actix_web::HttpRequest;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

use crate::{
    api::problem::ApiError,
    settings::{
        Limits, Pace,
        network::{Network, any_contains},
    },
};

/// The limiters, one for each thing that strangers may do.
pub struct Limiters {
    /// New orders.
    pub orders: Limiter,
    /// Tries to open a link.
    pub sessions: Limiter,
    /// Tries to redeem a voucher.
    pub vouchers: Limiter,
    /// Checks.
    pub checks: Limiter,
    /// Notifications of the payment provider.
    pub payment_events: Limiter,
    /// Searches for the settings of mail services.
    pub discoveries: Limiter,
    /// Tries to sign in, by address.
    pub sign_ins: Limiter,
    /// Tries to sign in, by the mail address that was typed.
    pub accounts: Limiter<u64>,
}

impl Limiters {
    /// Limiters by the settings.
    pub fn new(limits: &Limits) -> Self {
        Self {
            orders: Limiter::new(limits.orders),
            sessions: Limiter::new(limits.sessions),
            vouchers: Limiter::new(limits.vouchers),
            checks: Limiter::new(limits.checks),
            payment_events: Limiter::new(limits.payment_events),
            discoveries: Limiter::new(limits.discoveries),
            sign_ins: Limiter::new(limits.sign_ins),
            accounts: Limiter::new(limits.sign_ins),
        }
    }

    /// Forgets addresses that have not asked for long.
    pub fn tidy(&self) {
        let Self { orders, sessions, vouchers, checks, discoveries, sign_ins, payment_events, .. } = self;
        let all = [orders, sessions, vouchers, checks, discoveries, sign_ins, payment_events];
        for limiter in all {
            limiter.0.retain_recent();
        }
        self.accounts.0.retain_recent();
    }
}

/// One limiter, by address unless it says otherwise.
pub struct Limiter<K: Clone + Hash + Eq = IpAddr>(DefaultKeyedRateLimiter<K>);

impl<K: Clone + Hash + Eq> Limiter<K> {
    fn new(pace: Pace) -> Self {
        let burst = NonZeroU32::new(pace.burst).unwrap_or(NonZeroU32::MIN);
        let period = Duration::from_secs(u64::from(pace.every_seconds.max(1)));
        // A period of zero is the one thing that governor refuses.
        let quota = Quota::with_period(period).unwrap_or_else(|| Quota::per_second(burst)).allow_burst(burst);
        Self(RateLimiter::dashmap(quota))
    }

    fn count(&self, key: &K) -> Result<(), ApiError> {
        self.0.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            ApiError::TooManyRequests { retry_after_seconds: wait.as_secs() + 1 }
        })
    }
}

impl Limiter {
    /// Counts one request of `address`.
    ///
    /// # Errors
    /// [`ApiError::TooManyRequests`] with the time to wait.
    pub fn check(&self, address: IpAddr) -> Result<(), ApiError> {
        self.count(&network_of(address))
    }
}

impl Limiter<u64> {
    /// Counts one request about what `text` names.
    ///
    /// # Errors
    /// [`ApiError::TooManyRequests`] with the time to wait.
    pub fn check_text(&self, text: &str) -> Result<(), ApiError> {
        let mut hasher = DefaultHasher::new();
        text.trim().to_lowercase().hash(&mut hasher);
        self.count(&hasher.finish())
    }
}

/// An IPv6 customer has at least a /64 of addresses, and counts as one.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        IpAddr::V4(address) => IpAddr::V4(address),
    }
}

/// The address that asks: the peer, or what a trusted proxy says of its own peer.
pub fn client_address(request: &HttpRequest, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| any_contains(trusted, address);
    let peer = request.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
    if !is_trusted(peer) {
        return peer;
    }
    // Each proxy adds the address it was asked by; the last one that is no proxy of ours is the client.
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> =
        forwarded.flat_map(|value| value.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    hops.into_iter().rev().find(|&hop| !is_trusted(hop)).unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn after_the_burst_an_address_waits_and_others_do_not() {
        let limiter = Limiter::<IpAddr>::new(Pace { burst: 2, every_seconds: 60 });
        assert!(limiter.check(address("192.0.2.1")).is_ok());
        assert!(limiter.check(address("192.0.2.1")).is_ok());
        match limiter.check(address("192.0.2.1")) {
            Err(ApiError::TooManyRequests { retry_after_seconds }) => assert!((1..=61).contains(&retry_after_seconds)),
            other => panic!("{other:?}"),
        }
        assert!(limiter.check(address("192.0.2.2")).is_ok());
    }

    #[test]
    fn a_whole_64_of_ipv6_counts_as_one() {
        let limiter = Limiter::<IpAddr>::new(Pace { burst: 1, every_seconds: 60 });
        assert!(limiter.check(address("2001:db8::1")).is_ok());
        assert!(limiter.check(address("2001:db8::2")).is_err());
        assert!(limiter.check(address("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn forwarded_addresses_are_believed_from_trusted_proxies_only() {
        let request = |peer: &str| {
            TestRequest::get()
                .peer_addr(format!("{peer}:1").parse().expect("an address"))
                .insert_header(("x-forwarded-for", "203.0.113.9, 192.0.2.7, 10.0.0.2"))
                .to_http_request()
        };
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        assert_eq!(client_address(&request("10.0.0.1"), &trusted), address("192.0.2.7"));
        assert_eq!(client_address(&request("198.51.100.1"), &trusted), address("198.51.100.1"));
    }
}
