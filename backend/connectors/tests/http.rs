//! HTTP to servers that others name: nothing gets inside, nothing is followed, nothing is read without end.

use std::time::{Duration, Instant};

use mailferry_connectors::net::{
    AddressGuard, CertificateTrust, Network, Refused, Resolver,
    http::{HttpClient, HttpError, HttpRequest},
};
use mailferry_lab::{DnsServer, Page, Record, WebServer};

struct World {
    dns: DnsServer,
    web: WebServer,
}

impl World {
    fn start() -> Self {
        let dns = DnsServer::start().expect("a name server");
        dns.set("good.example", 60, &[Record::Address("127.0.0.1".parse().expect("an address"))]);
        Self { dns, web: WebServer::start(&["good.example"]).expect("a web server") }
    }

    /// A client of a service that permits the loopback network, or nothing.
    fn client(&self, networks: &[&str]) -> HttpClient {
        let networks = networks.iter().map(|network| network.parse().expect("a network")).collect();
        let guard = AddressGuard::new(networks, [self.web.port()]);
        let resolver = Resolver::dns(self.dns.address()).expect("a resolver");
        let trust = CertificateTrust::with_roots_from(&self.web.ca_file()).expect("the lab's root");
        HttpClient::new(&Network::new(guard, resolver, &trust).expect("TLS"), false).expect("a client")
    }

    fn get(&self, host: &str, path: &str) -> HttpRequest {
        let url = format!("https://{host}:{}{path}", self.web.port());
        HttpRequest::get(url.parse().expect("an address"))
    }
}

const LOOPBACK: &[&str] = &["127.0.0.0/8"];

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_read_and_a_redirect_is_not_followed() {
    let world = World::start();
    let client = world.client(LOOPBACK);
    world.web.set("good.example", "/a?b=c", Page::ok("hello"));
    world.web.set("good.example", "/away", Page::redirect("http://169.254.169.254/latest/meta-data"));
    let answer = client.send(world.get("good.example", "/a?b=c")).await.expect("an answer");
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"hello".as_slice()));
    let answer = client.send(world.get("good.example", "/away")).await.expect("an answer");
    assert_eq!((answer.status, answer.body.len()), (302, 0));
    assert_eq!(client.send(world.get("good.example", "/none")).await.expect("an answer").status, 404);
    assert_eq!(world.web.requests().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_end_is_not_read_to_its_end() {
    let world = World::start();
    world.web.set("good.example", "/", Page { times: 1 << 40, ..Page::ok(vec![b'x'; 60_000]) });
    let began = Instant::now();
    let error = world.client(LOOPBACK).send(world.get("good.example", "/")).await.expect_err("too much");
    assert!(matches!(error, HttpError::TooLarge(262_144)), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_lead_inside_are_refused_before_anything_is_said() {
    let world = World::start();
    let inside = Record::Address("10.0.0.1".parse().expect("an address"));
    let outside = Record::Address("198.51.100.1".parse().expect("an address"));
    world.dns.set("inside.example", 60, std::slice::from_ref(&inside));
    world.dns.set("alias.example", 60, &[Record::Alias("inside.example".to_owned())]);
    world.dns.set("both.example", 60, &[outside, inside]);
    world.dns.set("metadata.example", 60, &[Record::Address("169.254.169.254".parse().expect("an address"))]);
    let client = world.client(&[]);
    for host in [
        "good.example",
        "inside.example",
        "alias.example",
        "both.example",
        "metadata.example",
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
    ] {
        let error = client.send(world.get(host, "/")).await.expect_err(host);
        assert!(matches!(error, HttpError::Refused(Refused::Address)), "{host}: {error:?}");
    }
    let mut other_port = world.get("good.example", "/");
    other_port.url.set_port(Some(25)).expect("a port");
    let error = client.send(other_port).await.expect_err("a port that is not allowed");
    assert!(matches!(error, HttpError::Refused(Refused::Port(25))), "{error:?}");
    assert!(world.web.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_on_the_way_is_told_apart() {
    let world = World::start();
    world.dns.set("other.example", 60, &[Record::Address("127.0.0.1".parse().expect("an address"))]);
    let client = world.client(LOOPBACK);
    let error = client.send(world.get("other.example", "/")).await.expect_err("another's certificate");
    assert!(matches!(error, HttpError::CertificateMismatch), "{error:?}");
    let error = client.send(world.get("nowhere.example", "/")).await.expect_err("no such host");
    assert!(matches!(error, HttpError::UnknownHost), "{error:?}");
    for address in ["http://good.example/", "https://anna:secret@good.example/", "ftp://good.example/"] {
        let error = client.send(HttpRequest::get(address.parse().expect("a URL"))).await.expect_err(address);
        assert!(matches!(error, HttpError::Url), "{address}: {error:?}");
    }
    // Its certificate is the lab's, which this client does not trust.
    let resolver = Resolver::dns(world.dns.address()).expect("a resolver");
    let network = Network::new(AddressGuard::open(), resolver, &CertificateTrust::default()).expect("TLS");
    let strict = HttpClient::new(&network, false).expect("a client");
    let error = strict.send(world.get("good.example", "/")).await.expect_err("an unknown authority");
    assert!(matches!(error, HttpError::CertificateInvalid), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dns_tells_mail_exchangers_and_services_in_their_order() {
    let dns = DnsServer::start().expect("a name server");
    let resolver = Resolver::dns(dns.address()).expect("a resolver");
    dns.set(
        "old.example",
        300,
        &[Record::Mx(20, "MX2.provider.example".into()), Record::Mx(10, "mx1.provider.example".into())],
    );
    let found = resolver.mail_exchangers("old.example").await.expect("an answer");
    let told: Vec<_> = found.iter().map(|mx| (mx.preference, mx.host.as_str(), mx.ttl_seconds)).collect();
    assert_eq!(told, [(10, "mx1.provider.example", 300), (20, "mx2.provider.example", 300)]);
    let service = |priority, weight, host: &str| Record::Srv(priority, weight, 993, host.to_owned());
    dns.set(
        "_imaps._tcp.old.example",
        60,
        &[service(2, 0, "c.example"), service(1, 1, "b.example"), service(1, 9, "a.example")],
    );
    let found = resolver.services("_imaps._tcp.old.example").await.expect("an answer");
    assert_eq!(found.iter().map(|one| one.host.as_str()).collect::<Vec<_>>(), ["a.example", "b.example", "c.example"]);
    assert_eq!(resolver.mail_exchangers("none.example").await.expect("an answer"), []);
    assert_eq!(resolver.services("_imap._tcp.old.example").await.expect("an answer"), []);
}
