//! How fast one may ask: by address, by session and by API key. Kept in memory: a restart forgives, and each process
//! counts for itself.
//!
//! Every operation is counted among *requests*; what strangers could do harm with has a policy of its own besides
//! ([`policy_of`]). How much is left stands in every answer, as `RateLimit` and `RateLimit-Policy`
//! (draft-ietf-httpapi-ratelimit-headers).

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use actix_web::{
    HttpRequest,
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
};
use aws_lc_rs::digest::{SHA256, digest};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use mailferry_shared::ids::OrderId;

use crate::{
    api::{auth, operation::Operation, problem::ApiError},
    app::App,
    settings::{
        Limits, Pace,
        network::{Network, any_contains},
    },
};

/// What is left.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// What there is in all.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// API keys belong to programs that act for many people.
const KEY_FACTOR: u32 = 10;
/// A manage link may be open in several browsers.
const ORDER_FACTOR: u32 = 2;

/// What a policy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Creating orders.
    Orders,
    /// Trying to sign in.
    Sessions,
    /// Trying a member's password.
    SignIns,
    /// Trying voucher codes.
    Vouchers,
    /// Logins at mail servers, and reading large files.
    Checks,
    /// Searches for the settings of mail services.
    Discoveries,
    /// Notifications of the payment provider.
    PaymentEvents,
}

/// The policy of an operation, beside the one for all requests. A new operation that strangers could do harm with is
/// entered here.
pub fn policy_of(operation_id: &str) -> Option<Policy> {
    match operation_id {
        "createOrder" | "createRequest" => Some(Policy::Orders),
        "openSession" | "readOffer" => Some(Policy::Sessions),
        "signIn" | "changePassword" | "requestPasswordLink" | "setPassword" => Some(Policy::SignIns),
        "redeemVoucher" | "beginPayment" => Some(Policy::Vouchers),
        "startCheck" | "startVerification" | "startDryRun" | "previewImport" => Some(Policy::Checks),
        "startDiscovery" => Some(Policy::Discoveries),
        "takePaypalEvent" => Some(Policy::PaymentEvents),
        _ => None,
    }
}

/// Who is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Address(IpAddr),
    Key([u8; 32]),
    Order(OrderId),
    Text([u8; 32]),
}

/// The limiters.
pub struct Limiters {
    requests: Limiter,
    orders: Limiter,
    sessions: Limiter,
    sign_ins: Limiter,
    vouchers: Limiter,
    checks: Limiter,
    discoveries: Limiter,
    payment_events: Limiter,
    /// Trying the password of one member, from wherever.
    by_member: Meter,
}

impl Limiters {
    /// Limiters by the settings.
    pub fn new(limits: &Limits) -> Self {
        let factor = limits.factor.max(1);
        let paced = |name, pace: Pace| {
            let every = Duration::from_secs(pace.every_seconds.into()) / factor;
            Limiter::new(name, pace.burst.saturating_mul(factor), every)
        };
        let requests = limits.requests_per_minute.max(1).saturating_mul(factor);
        Self {
            requests: Limiter::new("requests", requests, Duration::from_secs(60) / requests),
            orders: paced("orders", limits.orders),
            sessions: paced("sessions", limits.sessions),
            sign_ins: paced("sign-ins", limits.sign_ins),
            vouchers: paced("vouchers", limits.vouchers),
            checks: paced("checks", limits.checks),
            discoveries: paced("discoveries", limits.discoveries),
            payment_events: paced("payment-events", limits.payment_events),
            by_member: paced("sign-ins", limits.sign_ins).by_address,
        }
    }

    /// Counts a request for `operation`.
    pub fn count(&self, operation: &Operation, request: &HttpRequest, app: &App) -> Tally {
        let address = Who::Address(network_of(client_address(request, &app.settings.trust_proxy)));
        let key = request.headers().get(header::AUTHORIZATION).map(|value| Who::Key(sha256(value.as_bytes())));
        let order = auth::session_of(app, request).map(Who::Order);
        let mut tally = Tally::default();
        let own = policy_of(&operation.id).map(|policy| self.limiter(policy));
        for limiter in own.into_iter().chain([&self.requests]) {
            limiter.count(&address, key.as_ref(), order.as_ref(), &mut tally);
        }
        tally
    }

    /// Counts a try to sign in with the mail address that was typed.
    ///
    /// # Errors
    /// [`ApiError::TooManyRequests`] with the time to wait.
    pub fn count_member(&self, mail: &str) -> Result<(), ApiError> {
        let who = Who::Text(sha256(mail.trim().to_lowercase().as_bytes()));
        match self.by_member.count("sign-ins", "member", &who).wait {
            Some(seconds) => Err(ApiError::TooManyRequests { retry_after_seconds: seconds }),
            None => Ok(()),
        }
    }

    fn limiter(&self, policy: Policy) -> &Limiter {
        match policy {
            Policy::Orders => &self.orders,
            Policy::Sessions => &self.sessions,
            Policy::SignIns => &self.sign_ins,
            Policy::Vouchers => &self.vouchers,
            Policy::Checks => &self.checks,
            Policy::Discoveries => &self.discoveries,
            Policy::PaymentEvents => &self.payment_events,
        }
    }

    /// Forgets those that have not asked for long.
    pub fn tidy(&self) {
        self.by_member.limiter.retain_recent();
        let Self { requests, orders, sessions, sign_ins, vouchers, checks, discoveries, payment_events, .. } = self;
        for limiter in [requests, orders, sessions, sign_ins, vouchers, checks, discoveries, payment_events] {
            for meter in [&limiter.by_address, &limiter.by_order, &limiter.by_key] {
                meter.limiter.retain_recent();
            }
        }
    }
}

/// One policy's meters.
struct Limiter {
    name: &'static str,
    by_address: Meter,
    by_order: Meter,
    by_key: Meter,
}

impl Limiter {
    fn new(name: &'static str, burst: u32, every: Duration) -> Self {
        let meter = |factor: u32| Meter::new(burst.saturating_mul(factor), every / factor);
        Self { name, by_address: meter(1), by_order: meter(ORDER_FACTOR), by_key: meter(KEY_FACTOR) }
    }

    /// Whoever sends a key is counted by it, and by address as far as many keys could be made up.
    fn count(&self, address: &Who, key: Option<&Who>, order: Option<&Who>, tally: &mut Tally) {
        match key {
            Some(key) => {
                tally.0.push(self.by_key.count(self.name, "key", key));
                tally.0.push(self.by_key.count(self.name, "address", address));
            }
            None => tally.0.push(self.by_address.count(self.name, "address", address)),
        }
        if let Some(order) = order {
            tally.0.push(self.by_order.count(self.name, "order", order));
        }
    }
}

type Keyed = RateLimiter<Who, DashMapStateStore<Who>, DefaultClock, StateInformationMiddleware>;

struct Meter {
    limiter: Keyed,
    burst: u32,
    every: Duration,
}

impl Meter {
    fn new(burst: u32, every: Duration) -> Self {
        let most = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let every = every.max(Duration::from_nanos(1));
        // A period of zero is the one thing that governor refuses.
        let quota = Quota::with_period(every).unwrap_or_else(|| Quota::per_second(most)).allow_burst(most);
        let limiter = RateLimiter::dashmap(quota).with_middleware::<StateInformationMiddleware>();
        Self { limiter, burst: most.get(), every }
    }

    fn count(&self, name: &'static str, by: &'static str, who: &Who) -> Reading {
        let (left, wait) = match self.limiter.check_key(who) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(until) => (0, Some(until.wait_time_from(DefaultClock::default().now()).as_secs() + 1)),
        };
        let full = whole_seconds(self.every.saturating_mul(self.burst - left.min(self.burst)));
        let window = whole_seconds(self.every.saturating_mul(self.burst)).max(1);
        Reading { name, by, quota: self.burst, window, left, reset: wait.unwrap_or(full), wait }
    }
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// What a meter says after a request.
struct Reading {
    name: &'static str,
    by: &'static str,
    quota: u32,
    window: u64,
    left: u32,
    reset: u64,
    wait: Option<u64>,
}

/// What all meters say that a request was counted by.
#[derive(Default)]
pub struct Tally(Vec<Reading>);

impl Tally {
    /// Seconds to wait, if it came too soon.
    pub fn refusal(&self) -> Option<u64> {
        self.0.iter().filter_map(|reading| reading.wait).max()
    }

    /// Tells it in an answer's headers.
    pub fn write(&self, headers: &mut HeaderMap) {
        let list = |item: &dyn Fn(&Reading) -> String| self.0.iter().map(item).collect::<Vec<_>>().join(", ");
        let policies = list(&|Reading { name, by, quota, window, .. }| format!("\"{name}-{by}\";q={quota};w={window}"));
        let left = list(&|Reading { name, by, left, reset, .. }| format!("\"{name}-{by}\";r={left};t={reset}"));
        for (name, value) in [(RATE_LIMIT_POLICY, policies), (RATE_LIMIT, left)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
    sum
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

    fn count(limiter: &Limiter, who: &str, key: Option<u8>) -> Tally {
        let mut tally = Tally::default();
        let key = key.map(|key| Who::Key([key; 32]));
        limiter.count(&Who::Address(network_of(address(who))), key.as_ref(), None, &mut tally);
        tally
    }

    fn limiter(burst: u32) -> Limiter {
        Limiter::new("orders", burst, Duration::from_secs(60))
    }

    #[test]
    fn after_the_burst_an_address_waits_and_others_do_not() {
        let limiter = limiter(2);
        assert_eq!(count(&limiter, "192.0.2.1", None).refusal(), None);
        assert_eq!(count(&limiter, "192.0.2.1", None).refusal(), None);
        let seconds = count(&limiter, "192.0.2.1", None).refusal().expect("refused");
        assert!((1..=61).contains(&seconds), "{seconds}");
        assert_eq!(count(&limiter, "192.0.2.2", None).refusal(), None);
    }

    #[test]
    fn a_whole_64_of_ipv6_counts_as_one() {
        let limiter = limiter(1);
        assert_eq!(count(&limiter, "2001:db8::1", None).refusal(), None);
        assert!(count(&limiter, "2001:db8::2", None).refusal().is_some());
        assert_eq!(count(&limiter, "2001:db8:0:1::1", None).refusal(), None);
    }

    #[test]
    fn a_key_has_ten_times_as_much_and_made_up_ones_share_an_address() {
        let limiter = limiter(1);
        for _ in 0..10 {
            assert_eq!(count(&limiter, "192.0.2.1", Some(1)).refusal(), None);
        }
        assert!(count(&limiter, "192.0.2.2", Some(1)).refusal().is_some(), "the key's");
        assert!(count(&limiter, "192.0.2.1", Some(2)).refusal().is_some(), "the address's");
        assert_eq!(count(&limiter, "192.0.2.3", Some(2)).refusal(), None);
    }

    #[test]
    fn what_is_left_stands_in_the_headers() {
        let limiter = limiter(3);
        let mut headers = HeaderMap::new();
        count(&limiter, "192.0.2.1", None).write(&mut headers);
        assert_eq!(headers.get(RATE_LIMIT_POLICY).expect("there"), "\"orders-address\";q=3;w=180");
        assert_eq!(headers.get(RATE_LIMIT).expect("there"), "\"orders-address\";r=2;t=60");
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
