//! One suite for all connectors: what a source tells and a destination keeps, at the fake and at real servers.

mod test_hosts;

use std::path::Path;

use chrono::{DateTime, FixedOffset};
use mailferry_connectors::{
    imap::{ImapConnector, ImapLogin},
    memory::MemoryConnector,
    net::{AddressGuard, CertificateTrust, Network, Resolver},
};
use mailferry_domain::{
    folder::{FolderPath, FolderStatus},
    item::{ContentKey, Flags, ItemMeta},
    uid::Uid,
};
use mailferry_engine::port::{
    Account, Body, BodyWriter, Care, Connector, Decision, Destination, Fate, FetchRequest, Fetched, FolderFetch,
    ListRequest, MemoryBudget, NewItem, Prepared, Wanted,
};
use mailferry_lab::{Cyrus, CyrusOptions, Dovecot, DovecotOptions};
use mailferry_shared::{
    endpoint::{Endpoint, TlsMode},
    finding::FindingCode,
};
use tokio::sync::mpsc;

fn date(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).expect("a date")
}

fn path(text: &str) -> FolderPath {
    FolderPath::parse(text).expect("a path")
}

fn spooled(bytes: &[u8]) -> Body {
    let mut writer = BodyWriter::new(bytes.len() as u64).expect("a spool");
    writer.write(bytes).expect("written");
    writer.finish().expect("finished")
}

fn message(uid: u32, flags: &[&str], when: &str, bytes: &[u8]) -> NewItem {
    NewItem { source_uid: Uid(uid), flags: Flags::new(flags), internal_date: Some(date(when)), body: spooled(bytes) }
}

/// Odd ones among them: empty, no header, eight bits, dots and brackets, a long line, one that is spooled as it comes,
/// and one that is nearly as large and stays in memory.
fn messages() -> Vec<NewItem> {
    let lines = |number| [b"Subject: large\r\n\r\n".as_slice(), &b"0123456789abcdef\r\n".repeat(number)].concat();
    let (large, kept) = (lines(250_000), lines(150_000));
    let long_line = [b"Subject: long\r\n\r\n".as_slice(), &[b'x'; 9000], b"\r\n"].concat();
    vec![
        message(1, &["\\Seen", "$Forwarded"], "2019-03-05T10:00:00+01:00", b"Subject: one\r\n\r\nHello\r\n"),
        message(2, &[], "2003-12-31T23:59:59+00:00", b"\r\n"),
        message(
            3,
            &["\\Flagged", "\\Answered"],
            "2024-02-29T00:00:00-05:00",
            "Subject: Größe\r\n\r\n.\r\n..\r\n)\r\n* BYE\r\n".as_bytes(),
        ),
        message(4, &["\\Draft"], "2020-01-01T00:00:00+00:00", &large),
        message(5, &["\\Seen"], "2020-01-02T00:00:00+00:00", &long_line),
        message(6, &[], "2020-01-03T00:00:00+00:00", b"Subject: no end\r\n\r\nno end of line"),
        message(7, &["\\Seen"], "2020-01-04T00:00:00+00:00", &kept),
    ]
}

fn folder_fetch(wire_name: &str, status: &FolderStatus, items: &[ItemMeta]) -> FolderFetch {
    FolderFetch {
        wire_name: wire_name.to_owned(),
        uid_validity: status.uid_validity,
        items: items.iter().map(|item| (item.uid, item.size_bytes)).collect(),
    }
}

/// Makes a folder ready for messages.
async fn prepared<D: Destination>(destination: &mut D, path: &FolderPath) -> Prepared {
    let wanted = Wanted { path: path.clone(), wire_name: None, create: true, subscribe: true };
    let mut prepared = destination.prepare(&[wanted]).await.expect("the line holds");
    let prepared = prepared.pop().expect("one folder").expect("it is made");
    assert!(prepared.not_subscribed.is_none());
    prepared
}

/// Stores messages in batches, all on their way at once; the UIDs that are told.
async fn store_all<D: Destination>(destination: &mut D, wire_name: &str, mut sent: Vec<NewItem>) -> Vec<Option<Uid>> {
    let mut batches = 0;
    while !sent.is_empty() {
        let rest = sent.split_off(sent.len().min(destination.limits().max_batch_items.min(4)));
        destination.submit(wire_name, std::mem::replace(&mut sent, rest)).await.expect("the line holds");
        batches += 1;
    }
    let mut uids = Vec::new();
    for _ in 0..batches {
        let answered = destination.answer().await.expect("every batch is answered");
        assert!(answered.lost.is_none() && !answered.flags_reduced);
        assert_eq!(answered.batch.len(), answered.fates.len());
        for fate in answered.fates {
            let Fate::Stored(uid) = fate else { panic!("{fate:?}") };
            uids.push(uid);
        }
    }
    assert!(destination.answer().await.is_none(), "nothing more was sent");
    uids
}

async fn read_all<A: Account>(account: &mut A, wire_name: &str, newest_first: bool) -> Vec<Fetched> {
    let status = account.open(wire_name).await.expect("opens");
    let items = account.list(Uid(1), Uid(status.uid_next.saturating_sub(1))).await.expect("lists");
    assert_eq!(items.len(), status.messages as usize);
    let request = FetchRequest {
        folders: vec![folder_fetch(wire_name, &status, &items)],
        newest_first,
        budget: MemoryBudget::new(64 << 20),
        care: Care::Each,
    };
    let (sink, mut fetched) = mpsc::channel(1000);
    account.fetch(request, sink).await.expect("fetches");
    let mut all = Vec::new();
    while let Some(item) = fetched.recv().await {
        all.push(item);
    }
    all
}

/// What is stored comes back byte for byte, in order, with flags and dates; told UIDs are true.
async fn a_message_comes_back_as_it_was<C: Connector>(connector: &C, folder: &str) {
    let folder = path(folder);
    let mut destination = connector.destination().await.expect("logs in");
    let wire_name = prepared(&mut destination, &folder).await.wire_name;
    assert_eq!(prepared(&mut destination, &folder).await.wire_name, wire_name, "creating again does no harm");
    let sent = messages();
    let told = store_all(&mut destination, &wire_name, messages()).await;
    let folders = destination.folders().await.expect("lists folders");
    let listed = folders.iter().find(|listed| listed.path == folder).expect("the new folder is listed");
    assert!(listed.selectable && listed.subscribed);
    for newest_first in [false, true] {
        let mut read = read_all(&mut destination, &wire_name, newest_first).await;
        if newest_first {
            read.reverse();
        }
        assert_eq!(read.len(), sent.len());
        for ((there, here), told) in read.iter().zip(&sent).zip(&told) {
            assert_eq!(there.body.key(), here.body.key(), "message {}", here.source_uid);
            assert_eq!(there.flags, here.flags);
            assert_eq!(there.internal_date.expect("a date"), here.internal_date.expect("a date"));
            assert_eq!(Some(there.uid), *told);
        }
    }
    let (messages, _) = destination.measure(&wire_name).await.expect("measures");
    assert_eq!(messages, sent.len() as u64);
    let names = [wire_name.clone(), "No such folder".to_owned(), "INBOX".to_owned()];
    let measured = destination.measure_all(&names).await.expect("the line holds");
    let size = sent.iter().map(|item| item.body.len()).sum();
    assert_eq!(measured[0].as_ref().ok(), Some(&(sent.len() as u64, size)));
    assert!(measured[1].is_err() && measured[2].is_ok());
    let items: Vec<_> = told.iter().zip(&sent).map(|(uid, item)| (uid.expect("told"), item.body.len())).collect();
    let keys = destination.identify(&items).await.expect("identifies");
    assert_eq!(
        keys.iter().map(|(_, key)| *key).collect::<Vec<_>>(),
        sent.iter().map(|item| item.body.key()).collect::<Vec<_>>()
    );
    destination.close().await;
}

/// Servers may mix the answers of commands that are on the way at once; messages come in order all the same.
async fn many_messages_come_in_order<C: Connector>(connector: &C) {
    let mut destination = connector.destination().await.expect("logs in");
    let wire_name = prepared(&mut destination, &path("Many")).await.wire_name;
    let sent = || -> Vec<NewItem> {
        let text = |n| format!("Subject: {n}\r\n\r\n{}", "line\r\n".repeat(2500));
        (1..=300).map(|n| message(n, &[], "2020-01-01T00:00:00+00:00", text(n).as_bytes())).collect()
    };
    store_all(&mut destination, &wire_name, sent()).await;
    let sent = sent();
    let read = read_all(&mut destination, &wire_name, false).await;
    let keys = |items: &mut dyn Iterator<Item = &Body>| items.map(Body::key).collect::<Vec<_>>();
    assert_eq!(keys(&mut read.iter().map(|item| &item.body)), keys(&mut sent.iter().map(|item| &item.body)));
    destination.close().await;
}

/// A message that has vanished is left out of a fetch, and a folder that does not exist is an error.
async fn what_is_not_there_is_told<C: Connector>(connector: &C) {
    let mut destination = connector.destination().await.expect("logs in");
    let wire_name = prepared(&mut destination, &path("INBOX")).await.wire_name;
    let status = destination.open(&wire_name).await.expect("opens");
    let folder = FolderFetch {
        wire_name: wire_name.clone(),
        uid_validity: status.uid_validity,
        items: [(5, 10), (6, 3 << 20), (7, 33 << 20)].map(|(n, size)| (Uid(status.uid_next + n), size)).to_vec(),
    };
    let request = FetchRequest {
        folders: vec![folder],
        newest_first: false,
        budget: MemoryBudget::new(1 << 20),
        care: Care::All,
    };
    let (sink, mut fetched) = mpsc::channel(4);
    destination.fetch(request, sink).await.expect("vanished messages are no error");
    assert!(fetched.recv().await.is_none());
    destination.open("No such folder").await.expect_err("there is no such folder");
    destination.open(&wire_name).await.expect("the session can go on");
}

/// Folders are listed and read together; one that is not there does not stop the others.
async fn folders_are_read_together<C: Connector>(connector: &C) {
    let mut destination = connector.destination().await.expect("logs in");
    let mut requests = Vec::new();
    for (n, name) in ["Together/a", "Together/b", "Together/c"].iter().enumerate() {
        let wire_name = prepared(&mut destination, &path(name)).await.wire_name;
        let mut sent = messages();
        sent.truncate(3 * n);
        store_all(&mut destination, &wire_name, sent).await;
        requests.push(ListRequest { wire_name, first: Uid(1), messages: Some(3), soon: false });
    }
    requests.insert(1, ListRequest { wire_name: "No such folder".to_owned(), ..requests[0].clone() });
    requests.push(ListRequest { first: Uid(5), messages: None, ..requests[3].clone() });
    let slowly = read_together(&mut destination, &requests).await;
    // What comes with the listing is what would have been fetched.
    for request in &mut requests {
        request.soon = true;
    }
    assert_eq!(read_together(&mut destination, &requests).await, slowly);
    let names = [requests[3].wire_name.clone(), "No such folder".to_owned(), requests[0].wire_name.clone()];
    let statuses = destination.statuses(&names).await.expect("the line holds");
    let counts: Vec<_> = statuses.iter().map(|status| status.map(|status| status.messages)).collect();
    assert_eq!(counts, [Some(6), None, Some(0)]);
    destination.close().await;
}

/// Each message with its folder's place, in the order they come.
async fn read_together<D: Destination>(
    destination: &mut D,
    requests: &[ListRequest],
) -> Vec<(usize, Uid, Flags, Option<DateTime<FixedOffset>>, ContentKey)> {
    let listings = destination.list_folders(requests).await.expect("the line holds");
    let listed: Vec<_> =
        listings.iter().map(|listing| listing.as_ref().ok().map(|listing| listing.items.len())).collect();
    assert_eq!(listed, [Some(0), None, Some(3), Some(6), Some(2)]);
    let (mut folders, mut expected) = (Vec::new(), Vec::new());
    for (request, listing) in requests.iter().zip(&listings) {
        let Ok(listing) = listing else { continue };
        expected.extend(listing.items.iter().map(|item| (folders.len(), item.uid)));
        folders.push(folder_fetch(&request.wire_name, &listing.status, &listing.items));
    }
    let request = FetchRequest { folders, newest_first: false, budget: MemoryBudget::new(64 << 20), care: Care::All };
    let (sink, mut fetched) = mpsc::channel(100);
    destination.fetch(request, sink).await.expect("fetches");
    let mut read = Vec::new();
    while let Some(item) = fetched.recv().await {
        read.push((item.folder, item.uid, item.flags, item.internal_date, item.body.key()));
    }
    assert_eq!(read.iter().map(|(folder, uid, ..)| (*folder, *uid)).collect::<Vec<_>>(), expected);
    read
}

async fn suite<C: Connector>(connector: C) {
    suite_in(connector, "Projekte/Größe & Maß \"x\"/日本語").await;
}

async fn suite_in<C: Connector>(connector: C, folder: &str) {
    a_message_comes_back_as_it_was(&connector, folder).await;
    many_messages_come_in_order(&connector).await;
    folders_are_read_together(&connector).await;
    what_is_not_there_is_told(&connector).await;
}

fn login(port: u16, user: &str, tls: TlsMode) -> ImapLogin {
    ImapLogin {
        allow_plaintext: tls == TlsMode::Plaintext,
        ..ImapLogin::of_owner(
            "the test's server",
            Endpoint::new("localhost".parse().expect("a host"), port, tls),
            user,
            "secret",
        )
    }
}

fn connector(ca_file: &Path, port: u16, tls: TlsMode) -> ImapConnector {
    let trust = CertificateTrust::with_roots_from(ca_file).expect("the lab's root");
    let network = Network::new(AddressGuard::open(), Resolver::System, &trust).expect("TLS");
    ImapConnector { network, source: login(port, "from", tls), destination: login(port, "to", tls) }
}

fn imap(server: &Dovecot, tls: TlsMode) -> ImapConnector {
    let port = if tls == TlsMode::Implicit { server.imaps_port() } else { server.imap_port() };
    connector(&server.ca_file(), port, tls)
}

/// One that keeps 8-bit letters in headers: as it comes, Cyrus puts an X for each.
fn cyrus(slashes: bool, beside_inbox: bool) -> Cyrus {
    let extra = "munge8bit: no".to_owned();
    Cyrus::start(CyrusOptions { slashes, beside_inbox, extra }).expect("Cyrus starts")
}

#[tokio::test]
async fn the_fake_keeps_to_the_seam() {
    suite(MemoryConnector::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dovecot_with_tls_keeps_to_the_seam() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    suite(imap(&server, TlsMode::Implicit)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dovecot_with_starttls_and_another_separator_keeps_to_the_seam() {
    let server =
        Dovecot::start(DovecotOptions { separator: '.', ..DovecotOptions::default() }).expect("Dovecot starts");
    suite(imap(&server, TlsMode::Starttls)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dovecot_without_multiappend_and_literal_plus_keeps_to_the_seam() {
    let capabilities = "IMAP4rev1 SASL-IR STARTTLS AUTH=PLAIN UIDPLUS NAMESPACE".to_owned();
    let options = DovecotOptions { capabilities: Some(capabilities), ..DovecotOptions::default() };
    let server = Dovecot::start(options).expect("Dovecot starts");
    suite(imap(&server, TlsMode::Plaintext)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cyrus_with_tls_and_dots_keeps_to_the_seam() {
    let server = cyrus(false, false);
    suite_in(connector(&server.ca_file(), server.imaps_port(), TlsMode::Implicit), "Projekte/Größe & Maß/日本語").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cyrus_with_starttls_slashes_and_folders_beside_inbox_keeps_to_the_seam() {
    let server = cyrus(true, true);
    suite_in(connector(&server.ca_file(), server.imap_port(), TlsMode::Starttls), "Projekte/Größe & Maß/日本語").await;
}

/// What Cyrus does not take is refused by name, the others of its batch are stored, and the session goes on.
#[tokio::test(flavor = "multi_thread")]
async fn what_cyrus_refuses_is_told_apart() {
    let server = cyrus(true, true);
    let connector = connector(&server.ca_file(), server.imaps_port(), TlsMode::Implicit);
    let mut destination = connector.destination().await.expect("logs in");
    let wire_name = prepared(&mut destination, &path("INBOX")).await.wire_name;
    let bad: [&[u8]; 4] = [
        b"Subject: NUL\r\n\r\na\0b\r\n",
        b"Subject: bare LF\r\n\r\na\nb\r\n",
        b"Subject: no end of the header",
        b"this is no header\r\nSubject: x\r\n\r\nx\r\n",
    ];
    for bytes in bad {
        let day = "2020-01-01T00:00:00+00:00";
        let good = b"Subject: good\r\n\r\nx\r\n";
        let batch = || vec![message(1, &[], day, good), message(2, &[], day, bytes), message(3, &[], day, good)];
        // What follows is on its way already when the refusal comes.
        destination.submit(&wire_name, batch()).await.expect("the line holds");
        destination.submit(&wire_name, batch().split_off(2)).await.expect("the line holds");
        let answered = destination.answer().await.expect("an answer");
        assert!(answered.lost.is_none());
        match answered.fates.as_slice() {
            [Fate::Stored(_), Fate::Refused(error), Fate::Stored(_)] => {
                assert_eq!((error.code, error.decision), (FindingCode::MessageRefused, Decision::Skip));
            }
            other => panic!("{other:?} for {:?}", String::from_utf8_lossy(bytes)),
        }
        let answered = destination.answer().await.expect("an answer");
        assert!(matches!(answered.fates.as_slice(), [Fate::Stored(_)]), "the session goes on: {:?}", answered.fates);
    }
    destination.close().await;
}
