//! The test hosts of sandbox orders, inside this process: they open no port, and nothing that an order of the sandbox
//! does leaves the process by the way to mail servers.
//!
//! Each order has mailboxes of its own there: of a source, filled with a sample; of a destination, empty at first. So that
//! a connection knows where it belongs, workers spell a test host as `ok.source.ORDER.sandbox.mailferry.test`, a name that
//! nobody else can have: [`may_name`] keeps live orders away from all such names, and [`reached`] sandbox orders from all
//! others.

use std::{io, str::FromStr};

use chrono::{DateTime, TimeDelta, Utc};
use mailferry_connectors::net::{Inside, MailExchanger, Stream};
use mailferry_sandbox::{Keep, Kept, Mailbox, Place, empty, filled, serve};
use mailferry_shared::{
    account::SideName,
    endpoint::{Endpoint, HostName, TlsMode},
    finding::FindingCode,
    ids::OrderId,
    sandbox::{SANDBOX_DOMAIN, TestHost, is_sandbox_name},
};
use mailferry_store::{OrderRecord, Store};

/// What a mailbox has room for: many times the sample.
const ROOM_BYTES: u64 = 1 << 20;
/// What is on its way at most, in each direction.
const LINE_BYTES: usize = 64 << 10;
/// The MX records of every domain are switched so long after the first start.
const SWITCHED_AFTER: TimeDelta = TimeDelta::minutes(2);
/// How long the old ones may be remembered.
const MX_TTL_SECONDS: u32 = 60;

/// Whether an order of the sandbox, or another one, may name a server.
///
/// # Errors
/// What to do instead, for people.
pub fn may_name(host: &HostName, sandbox: bool) -> Result<(), String> {
    if sandbox && TestHost::of(host).is_none() {
        return Err(format!("An order of a sandbox key reaches test hosts only: {}.", TestHost::names()));
    }
    if !sandbox && is_sandbox_name(host) {
        return Err("Test hosts are for orders of sandbox keys (mf_test_…); name a real server.".to_owned());
    }
    Ok(())
}

/// The server that is met where a side names `endpoint`.
///
/// # Errors
/// [`FindingCode::AddressRefused`] where [`may_name`] refuses; [`FindingCode::ConnectionRefused`] for a port that a test
/// host does not listen on.
pub fn reached(order: Option<OrderId>, side: SideName, endpoint: Endpoint) -> Result<Endpoint, FindingCode> {
    let refused = FindingCode::AddressRefused;
    let Some(order) = order else {
        return if is_sandbox_name(&endpoint.host) { Err(refused) } else { Ok(endpoint) };
    };
    let host = TestHost::of(&endpoint.host).ok_or(refused)?;
    if !matches!((endpoint.port, endpoint.tls), (993, TlsMode::Implicit) | (143, TlsMode::Starttls)) {
        return Err(FindingCode::ConnectionRefused);
    }
    let host = Inner { order, side, host }.name().ok_or(FindingCode::Internal)?;
    Ok(Endpoint::new(host, endpoint.port, endpoint.tls))
}

/// What DNS would say of every domain of a sandbox order: its mail is switched to the new provider two minutes after the
/// first start.
pub fn mail_exchangers(order: &OrderRecord, now: DateTime<Utc>) -> Vec<MailExchanger> {
    let switched = order.started_at.is_some_and(|at| at + SWITCHED_AFTER <= now);
    let host = if switched { format!("mx.{SANDBOX_DOMAIN}") } else { "mx.old.mailferry.test".to_owned() };
    vec![MailExchanger { preference: 10, host, ttl_seconds: MX_TTL_SECONDS }]
}

/// A test host as one order meets it on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Inner {
    order: OrderId,
    side: SideName,
    host: TestHost,
}

impl Inner {
    fn name(self) -> Option<HostName> {
        let Self { order, side, host } = self;
        format!("{}.{}.{order}.{SANDBOX_DOMAIN}", host.label(), word(side)).parse().ok()
    }

    fn of(name: &HostName) -> Option<Self> {
        let inner = name.as_str().strip_suffix(SANDBOX_DOMAIN)?.strip_suffix('.')?;
        let [host, side, order] = *inner.split('.').collect::<Vec<_>>() else { return None };
        let host = TestHost::ALL.iter().copied().find(|one| one.label() == host)?;
        let side = [SideName::Source, SideName::Destination].into_iter().find(|one| word(*one) == side)?;
        Some(Self { order: OrderId::from_str(order).ok()?, side, host })
    }
}

fn word(side: SideName) -> &'static str {
    match side {
        SideName::Source => "source",
        SideName::Destination => "destination",
    }
}

/// All test hosts of this process.
pub struct TestHosts {
    store: Store,
}

impl TestHosts {
    /// Test hosts that keep mailboxes in this store.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl Inside for TestHosts {
    fn connect(&self, endpoint: &Endpoint) -> Option<Stream> {
        let inner = Inner::of(&endpoint.host)?;
        let (here, there) = tokio::io::duplex(LINE_BYTES);
        let place = Place { host: inner.host, side: inner.side, room_bytes: ROOM_BYTES };
        let shelf = Shelf { store: self.store.clone(), inner };
        tokio::spawn(async move {
            // Whoever hangs up in the middle is no failure of the host's.
            if let Err(error) = serve(there, place, shelf).await {
                tracing::debug!(order = %inner.order, error = &error as &dyn std::error::Error, "a test host hung up");
            }
        });
        Some(Stream::new(here))
    }
}

/// The mailboxes of one order at one test host.
struct Shelf {
    store: Store,
    inner: Inner,
}

impl Shelf {
    fn place(&self, mailbox: &str) -> String {
        format!("{} {} {mailbox}", self.inner.host.label(), word(self.inner.side))
    }
}

impl Keep for Shelf {
    async fn load(&self, mailbox: &str) -> io::Result<Kept> {
        let order = self.inner.order;
        let kept = self.store.sandbox_mailbox(order, &self.place(mailbox)).await.map_err(io::Error::other)?;
        if let Some(kept) = kept {
            let mailbox = Mailbox::from_bytes(&kept.content).ok_or(io::ErrorKind::InvalidData)?;
            return Ok(Kept { mailbox, version: kept.version });
        }
        let created_at = self.store.order(order).await.map_err(io::Error::other)?.created_at;
        let mailbox = match self.inner.side {
            SideName::Source => filled(created_at),
            SideName::Destination => empty(created_at),
        };
        Ok(Kept { mailbox, version: 0 })
    }

    async fn save(&self, mailbox: &str, kept: &Kept) -> io::Result<bool> {
        let (order, place, content) = (self.inner.order, self.place(mailbox), kept.mailbox.to_bytes());
        let saved = self.store.save_sandbox_mailbox(order, &place, &content, kept.version).await;
        saved.map_err(io::Error::other)
    }

    fn now(&self) -> DateTime<Utc> {
        self.store.now()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn host(name: &str) -> HostName {
        name.parse().expect("a host")
    }

    #[test]
    fn the_sandbox_and_the_world_do_not_reach_each_other() {
        let order = Some(OrderId(Uuid::from_u128(7)));
        let inner = Inner { order: OrderId(Uuid::from_u128(7)), side: SideName::Source, host: TestHost::Ok };
        let inner = inner.name().expect("a name");
        let imaps = |host: &HostName| Endpoint::imaps(host.clone());
        for real in ["imap.gmx.net", "127.0.0.1", "sandbox.mailferry.test.example"].map(host) {
            assert!(may_name(&real, true).is_err_and(|words| words.contains("ok.sandbox.mailferry.test")));
            assert_eq!(reached(order, SideName::Source, imaps(&real)), Err(FindingCode::AddressRefused));
            assert!(may_name(&real, false).is_ok());
            assert_eq!(reached(None, SideName::Source, imaps(&real)), Ok(imaps(&real)));
        }
        let test = host("ok.sandbox.mailferry.test");
        assert!(may_name(&test, true).is_ok());
        for name in [test.clone(), host("x.sandbox.mailferry.test"), inner.clone()] {
            assert!(may_name(&name, false).is_err());
            assert_eq!(reached(None, SideName::Source, imaps(&name)), Err(FindingCode::AddressRefused));
        }
        assert!(may_name(&inner, true).is_err(), "nor the mailboxes of another order");
        assert_eq!(reached(order, SideName::Source, imaps(&test)), Ok(imaps(&inner)));
        let wrong = Endpoint { port: 143, ..imaps(&test) };
        assert_eq!(reached(order, SideName::Source, wrong), Err(FindingCode::ConnectionRefused));
    }

    #[test]
    fn every_test_host_is_known_again_by_its_inner_name() {
        for &host in TestHost::ALL {
            for side in [SideName::Source, SideName::Destination] {
                let inner = Inner { order: OrderId(Uuid::from_u128(7)), side, host };
                assert_eq!(inner.name().and_then(|name| Inner::of(&name)), Some(inner));
            }
        }
        assert_eq!(Inner::of(&host("ok.source.7.sandbox.mailferry.test")), None);
    }
}
