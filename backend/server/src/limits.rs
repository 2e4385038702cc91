//! How fast one may ask: by address, by session and by API key.
//!
//! Every operation is counted among *requests*, by each process for itself and in memory: it keeps a process from being
//! flooded, and costs nothing. What strangers could do harm with has a policy of its own besides ([`policy_of`]), counted
//! in the database by all processes together: however many of them answer, nobody may guess faster, and a restart forgives
//! nothing. How much is left stands in every answer, as `RateLimit` and `RateLimit-Policy`.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use actix_web::{
    HttpRequest,
    http::header::{self, HeaderValue},
};
use aws_lc_rs::digest::{SHA256, digest};
use chrono::TimeDelta;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use mailferry_shared::ids::OrderId;
use mailferry_store::{Asked, Store};

use crate::{
    api::{auth, operation::Operation, problem::ApiError},
    app::App,
    settings::{Limits, Pace},
};

mod address;
mod keys;
mod tally;

pub use address::client_address;
use address::network_of;
use keys::KnownKeys;
pub use tally::{RATE_LIMIT, RATE_LIMIT_POLICY, Tally};
use tally::{Reading, whole_seconds};

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
        "startCheck" | "startVerification" | "startDryRun" | "previewImport" | "importAccounts" | "exportOrders"
        | "exportVouchers" => Some(Policy::Checks),
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
    Member([u8; 32]),
}

impl Who {
    /// By what it is counted, as headers tell it.
    fn by(&self) -> &'static str {
        match self {
            Self::Address(_) => "address",
            Self::Key(_) => "key",
            Self::Order(_) => "order",
            Self::Member(_) => "member",
        }
    }

    /// What stands for it where others could read it. With another factor it is another meter: an address with keys is not
    /// slowed down by strangers behind it.
    fn hashed(&self, policy: &str, factor: u32) -> [u8; 32] {
        let who = match self {
            Self::Address(address) => address.to_string().into_bytes(),
            Self::Key(hash) | Self::Member(hash) => hash.to_vec(),
            Self::Order(order) => order.0.as_bytes().to_vec(),
        };
        sha256(&[format!("{policy}-{}-{factor}\0", self.by()).as_bytes(), &who].concat())
    }
}

/// Who asks: whoever sends a key of ours is counted by it, and by address as far as one may have many keys.
struct Asking {
    address: Who,
    key: Option<Who>,
    order: Option<Who>,
}

impl Asking {
    /// As far as it is known without the database: whether a key is ours, is not.
    fn of(request: &HttpRequest, app: &App) -> Self {
        Self {
            address: Who::Address(network_of(client_address(request, &app.settings.trust_proxy))),
            key: None,
            order: auth::session_of(app, request).map(Who::Order),
        }
    }

    /// Each by which this is counted, and how much more it may do than an address.
    fn counted(&self) -> impl Iterator<Item = (&Who, u32)> {
        let address_factor = if self.key.is_some() { KEY_FACTOR } else { 1 };
        let key = self.key.iter().map(|key| (key, KEY_FACTOR));
        let order = self.order.iter().map(|order| (order, ORDER_FACTOR));
        key.chain([(&self.address, address_factor)]).chain(order)
    }
}

/// The limiters of a process.
pub struct Limiters {
    requests: InMemory,
    keys: KnownKeys,
    limits: Limits,
    store: Store,
}

impl Limiters {
    /// Limiters by the settings.
    pub fn new(limits: &Limits, store: Store) -> Self {
        let requests = limits.requests_per_minute.max(1).saturating_mul(limits.factor.max(1));
        let requests = InMemory::new(requests, Duration::from_secs(60) / requests);
        Self { requests, keys: KnownKeys::default(), limits: *limits, store }
    }

    /// Counts a request for `operation`. One that is refused by its address's requests is not looked at any further.
    ///
    /// # Errors
    /// [`ApiError`] if the database does not answer.
    pub async fn count(&self, operation: &Operation, request: &HttpRequest, app: &App) -> Result<Tally, ApiError> {
        let mut asking = Asking::of(request, app);
        if let Some(value) = request.headers().get(header::AUTHORIZATION) {
            match self.key(&asking.address, value).await? {
                Ok(key) => asking.key = key.map(Who::Key),
                Err(refused) => return Ok(Tally(vec![refused])),
            }
        }
        let own = policy_of(&operation.id).map(|policy| self.pace_of(policy));
        let mut tally = Tally(asking.counted().map(|(who, factor)| self.requests.count(who, factor)).collect());
        if let (Some((name, pace)), None) = (own, tally.refusal()) {
            let meters = asking.counted().map(|(who, factor)| Meter { name, pace, who, factor });
            let own = self.count_together(&meters.collect::<Vec<_>>()).await?;
            tally.0.splice(0..0, own);
        }
        Ok(tally)
    }

    /// The key that was sent, if it is one of ours. Whoever makes up many, each looked for in the database, is refused.
    async fn key(&self, address: &Who, value: &HeaderValue) -> Result<Result<Option<[u8; 32]>, Reading>, ApiError> {
        if let Some(known) = self.keys.remembered(value) {
            return Ok(Ok(Some(known)));
        }
        let reading = self.requests.count(address, KEY_FACTOR);
        if reading.wait.is_some() {
            return Ok(Err(reading));
        }
        Ok(Ok(self.keys.look_for(&self.store, value).await?))
    }

    /// Counts a try to sign in with the mail address that was typed, from wherever.
    ///
    /// # Errors
    /// [`ApiError::TooManyRequests`] with the time to wait; [`ApiError`] if the database does not answer.
    pub async fn count_member(&self, mail: &str) -> Result<(), ApiError> {
        let who = Who::Member(sha256(mail.trim().to_lowercase().as_bytes()));
        let (name, pace) = self.pace_of(Policy::SignIns);
        let said = self.count_together(&[Meter { name, pace, who: &who, factor: 1 }]).await?;
        match said.iter().find_map(|reading| reading.wait) {
            Some(seconds) => Err(ApiError::TooManyRequests { retry_after_seconds: seconds }),
            None => Ok(()),
        }
    }

    async fn count_together(&self, meters: &[Meter<'_>]) -> Result<Vec<Reading>, ApiError> {
        let asked: Vec<Asked> = meters.iter().map(|meter| meter.asked(&self.limits)).collect();
        let said = self.store.count_asked(&asked).await?;
        let seconds = |time: TimeDelta| whole_seconds(time.to_std().unwrap_or_default());
        let reading = |((meter, asked), said): ((&Meter<'_>, Asked), mailferry_store::Metered)| {
            let wait = said.wait.map(|wait| seconds(wait).max(1));
            Reading {
                name: meter.name,
                by: meter.who.by(),
                quota: asked.burst,
                window: seconds(asked.every * i32::try_from(asked.burst).unwrap_or(i32::MAX)).max(1),
                left: said.left,
                reset: wait.unwrap_or_else(|| seconds(said.full_in)),
                wait,
            }
        };
        Ok(meters.iter().zip(asked).zip(said).map(reading).collect())
    }

    /// What a policy is called, and its pace for an address.
    fn pace_of(&self, policy: Policy) -> (&'static str, Pace) {
        match policy {
            Policy::Orders => ("orders", self.limits.orders),
            Policy::Sessions => ("sessions", self.limits.sessions),
            Policy::SignIns => ("sign-ins", self.limits.sign_ins),
            Policy::Vouchers => ("vouchers", self.limits.vouchers),
            Policy::Checks => ("checks", self.limits.checks),
            Policy::Discoveries => ("discoveries", self.limits.discoveries),
            Policy::PaymentEvents => ("payment-events", self.limits.payment_events),
        }
    }

    /// Forgets those that have not asked for long.
    pub fn tidy(&self) {
        self.keys.tidy();
        self.requests.0.iter().for_each(|meter| meter.limiter.retain_recent());
    }
}

/// A policy's meter of somebody, kept in the database.
struct Meter<'a> {
    name: &'static str,
    pace: Pace,
    who: &'a Who,
    factor: u32,
}

impl Meter<'_> {
    fn asked(&self, limits: &Limits) -> Asked {
        let factor = self.factor.saturating_mul(limits.factor.max(1));
        let every = TimeDelta::seconds(self.pace.every_seconds.into()) / i32::try_from(factor).unwrap_or(i32::MAX);
        Asked { who: self.who.hashed(self.name, self.factor), burst: self.pace.burst.saturating_mul(factor), every }
    }
}

type Keyed = RateLimiter<Who, DashMapStateStore<Who>, DefaultClock, StateInformationMiddleware>;

/// The requests of this process: meters with the factors 1, [`ORDER_FACTOR`] and [`KEY_FACTOR`].
struct InMemory([InMemoryMeter; 3]);

struct InMemoryMeter {
    factor: u32,
    limiter: Keyed,
    burst: u32,
    every: Duration,
}

impl InMemory {
    fn new(burst: u32, every: Duration) -> Self {
        Self([1, ORDER_FACTOR, KEY_FACTOR].map(|factor| {
            let most = NonZeroU32::new(burst.saturating_mul(factor)).unwrap_or(NonZeroU32::MIN);
            let every = (every / factor).max(Duration::from_nanos(1));
            // A period of zero is the one thing that governor refuses.
            let quota = Quota::with_period(every).unwrap_or_else(|| Quota::per_second(most)).allow_burst(most);
            let limiter = RateLimiter::dashmap(quota).with_middleware::<StateInformationMiddleware>();
            InMemoryMeter { factor, limiter, burst: most.get(), every }
        }))
    }

    fn count(&self, who: &Who, factor: u32) -> Reading {
        let meter = self.0.iter().find(|meter| meter.factor == factor).unwrap_or(&self.0[0]);
        let (left, wait) = match meter.limiter.check_key(who) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(until) => (0, Some(until.wait_time_from(DefaultClock::default().now()).as_secs() + 1)),
        };
        let full = whole_seconds(meter.every.saturating_mul(meter.burst - left.min(meter.burst)));
        let window = whole_seconds(meter.every.saturating_mul(meter.burst)).max(1);
        Reading { name: "requests", by: who.by(), quota: meter.burst, window, left, reset: wait.unwrap_or(full), wait }
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(limiter: &InMemory, who: &str, key: Option<u8>) -> Tally {
        let address = Who::Address(network_of(who.parse().expect("an address")));
        let asking = Asking { address, key: key.map(|key| Who::Key([key; 32])), order: None };
        Tally(asking.counted().map(|(who, factor)| limiter.count(who, factor)).collect())
    }

    fn limiter(burst: u32) -> InMemory {
        InMemory::new(burst, Duration::from_secs(60))
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
    fn a_key_has_ten_times_as_much_and_the_keys_of_an_address_share_it() {
        let limiter = limiter(1);
        for _ in 0..10 {
            assert_eq!(count(&limiter, "192.0.2.1", Some(1)).refusal(), None);
        }
        assert!(count(&limiter, "192.0.2.2", Some(1)).refusal().is_some(), "the key's");
        assert!(count(&limiter, "192.0.2.1", Some(2)).refusal().is_some(), "the address's");
        assert_eq!(count(&limiter, "192.0.2.3", Some(2)).refusal(), None);
    }

    #[test]
    fn who_is_counted_stands_nowhere_in_plain_words() {
        let address = Who::Address("192.0.2.1".parse().expect("an address"));
        let other = Who::Member([0; 32]);
        let hashes = [
            address.hashed("orders", 1),
            address.hashed("checks", 1),
            address.hashed("orders", 10),
            other.hashed("orders", 1),
        ];
        assert!(hashes[1..].iter().all(|hash| *hash != hashes[0]));
        assert!(!hashes[0].windows(4).any(|part| part == b"192."));
    }
}
