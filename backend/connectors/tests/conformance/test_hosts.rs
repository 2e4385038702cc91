//! The test hosts of sandbox orders, with mailboxes in memory.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use mailferry_connectors::{
    imap::ImapConnector,
    net::{AddressGuard, CertificateTrust, Inside, Network, Resolver, Stream},
};
use mailferry_engine::port::{Account, Connector, ConnectorError, Decision, Destination, Fate};
use mailferry_sandbox::{Keep, Kept, Place, empty, filled, serve};
use mailferry_shared::{
    account::SideName,
    endpoint::{Endpoint, TlsMode},
    finding::FindingCode,
    sandbox::TestHost,
};

use crate::{login, message, path, prepared, read_all, suite};

#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<World>>);

#[derive(Default)]
struct World {
    kept: HashMap<String, Kept>,
    passed: TimeDelta,
    filled: bool,
}

impl Keep for Shelf {
    async fn load(&self, mailbox: &str) -> io::Result<Kept> {
        let world = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = if world.filled { filled } else { empty };
        Ok(world.kept.get(mailbox).cloned().unwrap_or_else(|| Kept { mailbox: new(DateTime::UNIX_EPOCH), version: 0 }))
    }

    async fn save(&self, mailbox: &str, kept: &Kept) -> io::Result<bool> {
        let mut world = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if world.kept.get(mailbox).map_or(0, |there| there.version) != kept.version {
            return Ok(false);
        }
        world.kept.insert(mailbox.to_owned(), Kept { version: kept.version + 1, ..kept.clone() });
        Ok(true)
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + self.0.lock().unwrap_or_else(PoisonError::into_inner).passed
    }
}

struct Hosts {
    place: Place,
    shelf: Shelf,
}

impl Inside for Hosts {
    fn connect(&self, _: &Endpoint) -> Option<Stream> {
        let (here, there) = tokio::io::duplex(64 << 10);
        tokio::spawn(serve(there, self.place, self.shelf.clone()));
        Some(Stream::new(here))
    }
}

fn connector(host: TestHost, side: SideName, shelf: &Shelf) -> ImapConnector {
    let place = Place { host, side, room_bytes: 64 << 20 };
    let inside = Arc::new(Hosts { place, shelf: shelf.clone() });
    let network =
        Network::new(AddressGuard::new(Vec::new(), []), Resolver::System, &CertificateTrust::default()).expect("TLS");
    let login = |user: &str| login(993, user, TlsMode::Implicit);
    ImapConnector { network: network.with_inside(inside), source: login("from"), destination: login("to") }
}

fn meaning(error: &ConnectorError) -> (FindingCode, Decision) {
    (error.code, error.decision)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_host_keeps_to_the_seam() {
    suite(connector(TestHost::Ok, SideName::Destination, &Shelf::default())).await;
}

#[tokio::test]
async fn a_source_holds_the_sample_whoever_logs_in() {
    let shelf = Shelf::default();
    shelf.0.lock().expect("no panic").filled = true;
    let mut source = connector(TestHost::Ok, SideName::Source, &shelf).source().await.expect("logs in");
    let folders = source.folders().await.expect("lists folders");
    let names: Vec<String> = folders.iter().map(|folder| folder.path.to_string()).collect();
    assert!(names.contains(&"Projekte/Größe & Maß".to_owned()), "{names:?}");
    assert!(folders.iter().all(|folder| folder.subscribed && folder.status.is_some()));
    let inbox = read_all(&mut source, "INBOX", false).await;
    assert_eq!(inbox.len(), 13);
    assert_eq!(inbox[4].body.key(), inbox[12].body.key(), "one stands there twice");
    assert!(shelf.0.lock().expect("no panic").kept.is_empty(), "reading changes nothing");
}

#[tokio::test]
async fn bad_password_refuses_every_login_as_a_wrong_password() {
    let connector = connector(TestHost::BadPassword, SideName::Source, &Shelf::default());
    let error = connector.source().await.expect_err("refused");
    assert_eq!(meaning(&error), (FindingCode::WrongPassword, Decision::Park));
}

#[tokio::test]
async fn throttled_asks_for_patience_once() {
    let shelf = Shelf::default();
    let connector = connector(TestHost::Throttled, SideName::Destination, &shelf);
    let mut destination = connector.destination().await.expect("logs in");
    let name = prepared(&mut destination, &path("INBOX")).await.wire_name;
    let one = || vec![message(1, &[], "2020-01-01T00:00:00+00:00", b"Subject: x\r\n\r\nx\r\n")];
    for (passed, left) in [(0, 30), (10, 20)] {
        shelf.0.lock().expect("no panic").passed = TimeDelta::seconds(passed);
        destination.submit(&name, one()).await.expect("sent");
        let answered = destination.answer().await.expect("an answer");
        let [Fate::Refused(error)] = answered.fates.as_slice() else { panic!("{:?}", answered.fates) };
        let wait = Decision::Wait(std::time::Duration::from_secs(left));
        assert_eq!(meaning(error), (FindingCode::Throttled, wait));
    }
    for passed in [30, 31] {
        shelf.0.lock().expect("no panic").passed = TimeDelta::seconds(passed);
        destination.submit(&name, one()).await.expect("sent");
        assert!(matches!(destination.answer().await.expect("an answer").fates.as_slice(), [Fate::Stored(Some(_))]));
    }
}

#[tokio::test]
async fn quota_full_has_room_for_a_part_of_the_sample() {
    let connector = connector(TestHost::QuotaFull, SideName::Destination, &Shelf::default());
    let mut destination = connector.destination().await.expect("logs in");
    let name = prepared(&mut destination, &path("INBOX")).await.wire_name;
    let quota = destination.quota().await.expect("asked").expect("told");
    assert_eq!((quota.used_bytes, quota.limit_bytes), (0, 16 << 10));
    assert!(filled(DateTime::UNIX_EPOCH).size_bytes() > quota.limit_bytes, "the sample does not fit");
    let day = "2020-01-01T00:00:00+00:00";
    let batch = vec![message(1, &[], day, &[b'x'; 9_000]), message(2, &[], day, &[b'y'; 9_000])];
    destination.submit(&name, batch).await.expect("sent");
    let answered = destination.answer().await.expect("an answer");
    let [Fate::Stored(_), Fate::Refused(error)] = answered.fates.as_slice() else { panic!("{:?}", answered.fates) };
    assert_eq!(meaning(error), (FindingCode::MailboxFull, Decision::Park));
}
