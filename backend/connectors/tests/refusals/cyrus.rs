//! A real Cyrus refuses NUL, bare LF, headers without an end and lines in them that are no fields: everything arrives
//! all the same, and once.

use std::sync::Arc;

use mailferry_connectors::{
    imap::{ImapConnector, ImapDestination, ImapLogin},
    memory::{MemoryAccount, MemoryConnector, MemorySource},
    net::{AddressGuard, CertificateTrust, Network, Resolver},
};
use mailferry_domain::item::Flags;
use mailferry_engine::{
    port::{Connector, ConnectorError, NoFault},
    run::RunEnd,
};
use mailferry_lab::{Client, Cyrus, CyrusOptions, Dovecot, DovecotOptions, Login};
use mailferry_shared::{
    endpoint::{Endpoint, TlsMode},
    finding::FindingCode,
    run::RunState,
};

use crate::world::{StopAt, World, ended, notes, path};

/// From memory, which holds any bytes, to a server.
struct FromMemory {
    source: MemoryConnector,
    destination: ImapConnector,
}

impl Connector for FromMemory {
    type Source = MemorySource;
    type Destination = ImapDestination;

    async fn source(&self) -> Result<MemorySource, ConnectorError> {
        self.source.source().await
    }

    async fn destination(&self) -> Result<ImapDestination, ConnectorError> {
        self.destination.destination().await
    }
}

fn login(port: u16, user: &str) -> ImapLogin {
    ImapLogin::of_owner(
        "the test's server",
        Endpoint::new("localhost".parse().expect("a host"), port, TlsMode::Implicit),
        user,
        "secret",
    )
}

/// One that refuses 8-bit letters in headers too.
fn cyrus() -> Cyrus {
    let options = CyrusOptions { slashes: true, beside_inbox: true, extra: "reject8bit: yes".to_owned() };
    Cyrus::start(options).expect("Cyrus starts")
}

fn to(server: &Cyrus, source: ImapLogin, user: &str) -> ImapConnector {
    let trust = CertificateTrust::with_roots_from(&server.ca_file()).expect("the lab's root");
    let network = Network::new(AddressGuard::open(), Resolver::System, &trust).expect("TLS");
    ImapConnector { network, source, destination: login(server.imaps_port(), user) }
}

/// What an independent client reads in INBOX, sorted.
fn inbox(login: &Login) -> Vec<String> {
    let mut client = Client::login(login).expect("logs in");
    client.command(b"EXAMINE INBOX").expect("opens");
    let responses = client.command(b"UID FETCH 1:* (BODY.PEEK[])").unwrap_or_default();
    let literals = responses.into_iter().flat_map(|response| response.literals);
    let mut texts: Vec<_> = literals.map(|literal| String::from_utf8_lossy(&literal).into_owned()).collect();
    texts.sort();
    texts
}

const LARGE_LINES: usize = 120_000;

/// What Cyrus refuses among what it takes, and what must arrive, sorted by what arrives.
fn messages() -> Vec<(String, String)> {
    let large = |end: &str| format!("Subject: large\r\n\r\n{}", format!("0123456789abcdef{end}").repeat(LARGE_LINES));
    let mut messages: Vec<(String, String)> = [
        ("Subject: good\r\n\r\nx\r\n", "Subject: good\r\n\r\nx\r\n"),
        ("Subject: good\r\n\r\nx\r\n", "Subject: good\r\n\r\nx\r\n"),
        ("Subject: NUL\r\n\r\na\0b\r\n", "Subject: NUL\r\n\r\nab\r\n"),
        ("Subject: bare LF\r\n\r\na\nb\r\n", "Subject: bare LF\r\n\r\na\r\nb\r\n"),
        ("Subject: bare LF\r\n\r\na\nb\r\n", "Subject: bare LF\r\n\r\na\r\nb\r\n"),
        // It takes that: the end of the line is the least change.
        ("Subject: no end of the header", "Subject: no end of the header\r\n"),
        ("no header\r\nSubject: x\r\n\r\nx\r\n", "X-Broken-Line: no header\r\nSubject: x\r\n\r\nx\r\n"),
        ("no header at all\r\n", "\r\nno header at all\r\n"),
        ("Subject: Größe\r\n\r\nGröße\r\n", "Subject: =?UTF-8?Q?Gr=C3=B6=C3=9Fe?=\r\n\r\nGröße\r\n"),
        ("Subject: \0ü\nx: \0\n\n\0y", "Subject: =?UTF-8?Q?=C3=BC?=\r\nx: \r\n\r\ny\r\n"),
    ]
    .map(|(sent, arrives)| (sent.to_owned(), arrives.to_owned()))
    .into();
    messages.push((large("\n"), large("\r\n")));
    messages.sort_by(|(_, a), (_, b)| a.cmp(b));
    messages
}

fn world() -> World {
    let world = World::new();
    for (day, (sent, _)) in (1..).zip(messages()) {
        world.add("INBOX", day, &sent);
    }
    world
}

fn from_memory(world: &World, server: &Cyrus, user: &str) -> Arc<FromMemory> {
    let nowhere = login(1, "nobody");
    let source = MemoryConnector { destination: MemoryAccount::new(), ..world.connector.clone() };
    Arc::new(FromMemory { source, destination: to(server, nowhere, user) })
}

fn all_arrived(login: &Login, context: &str) {
    let (there, expected) = (inbox(login), messages());
    for (there, (_, arrives)) in there.iter().zip(&expected) {
        let shown = |text: &str| text.chars().take(80).collect::<String>();
        assert!(there == arrives, "{context}: {:?} is not {:?}", shown(there), shown(arrives));
    }
    assert_eq!(there.len(), expected.len(), "{context}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cyrus_refuses_arrives_repaired_and_noted() {
    let (world, server) = (world(), cyrus());
    let connector = from_memory(&world, &server, "anna");
    let (report, protocol) = world.run_over(connector.clone(), Arc::new(NoFault)).await;
    ended(&report, RunState::Succeeded);
    all_arrived(&server.login("anna"), "a clean run");
    assert_eq!(notes(&protocol).len(), 9, "{:?}", protocol.notes);
    assert!(notes(&protocol).iter().all(|(code, _)| *code == FindingCode::MessageRepaired), "{:?}", protocol.notes);
    let (again, _) = world.run_over(connector, Arc::new(NoFault)).await;
    assert_eq!((again.counts.stored, again.counts.present), (0, again.counts.listed));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_step_of_repairing_nothing_is_lost_or_doubled_at_cyrus() {
    let server = cyrus();
    let steps = StopAt::new(usize::MAX);
    let counted = world();
    counted.run_over(from_memory(&counted, &server, "clean"), steps.clone()).await;
    for step in 0..steps.reached() {
        let (world, user) = (world(), format!("user{step}"));
        let connector = from_memory(&world, &server, &user);
        let (stopped, _) = world.run_over(connector.clone(), StopAt::new(step)).await;
        assert!(matches!(stopped.end, RunEnd::Interrupted(_)), "{:?}", stopped.end);
        let (report, _) = world.run_over(connector, Arc::new(NoFault)).await;
        ended(&report, RunState::Succeeded);
        all_arrived(&server.login(&user), &format!("stopped at step {step}"));
    }
    println!("{} interruption points, 0 lost, 0 doubled", steps.reached());
}

#[tokio::test(flavor = "multi_thread")]
async fn from_dovecot_to_cyrus_broken_headers_arrive_repaired() {
    let (world, server) = (World::new(), cyrus());
    let dovecot = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    let mut client = Client::login(&dovecot.login("anna")).expect("logs in");
    let day = Some(" 7-Feb-2024 10:00:00 +0000");
    let mut expected = Vec::new();
    for (sent, arrives) in messages().into_iter().filter(|(sent, _)| !sent.contains(['\0']) && sent.len() < 1000) {
        client.append("INBOX", "\\Seen", day, sent.as_bytes()).expect("appends");
        expected.push(arrives);
    }
    let connector = Arc::new(to(&server, login(dovecot.imaps_port(), "anna"), "anna"));
    let (report, protocol) = world.run_over(connector, Arc::new(NoFault)).await;
    ended(&report, RunState::Succeeded);
    assert_eq!(inbox(&server.login("anna")), expected);
    assert!(notes(&protocol).iter().all(|(code, _)| *code == FindingCode::MessageRepaired), "{:?}", protocol.notes);
}

/// One that stores an X for each 8-bit byte of a header. What has no date of its own is sent with the one in its header.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_ledger_undated_messages_that_cyrus_has_rewritten_are_found_by_the_date_in_their_header() {
    let server = Cyrus::start(CyrusOptions { slashes: true, beside_inbox: true, ..CyrusOptions::default() });
    let server = server.expect("Cyrus starts");
    let world = World::new();
    for number in 0..3 {
        let day = format!("Date: Sat, 7 Mar 2015 10:00:0{number} +0100");
        let text = format!("{day}\r\nMessage-ID: <{number}@example.org>\r\nSubject: Grüße\r\n\r\n{number}\r\n");
        world.source().add(&path("INBOX"), Flags::default(), None, text.into_bytes());
    }
    let (report, _) = world.run_over(from_memory(&world, &server, "anna"), Arc::new(NoFault)).await;
    assert_eq!(report.counts.stored, 3, "{report:?}");
    let first = inbox(&server.login("anna"));
    assert!(first.iter().all(|text| !text.contains('ü')), "they were rewritten: {first:?}");
    let mut forgetful = World::new();
    forgetful.connector = world.connector.clone();
    let (report, _) = forgetful.run_over(from_memory(&forgetful, &server, "anna"), Arc::new(NoFault)).await;
    ended(&report, RunState::Succeeded);
    assert_eq!((report.counts.stored, report.counts.present), (0, 3), "{report:?}");
    assert_eq!(inbox(&server.login("anna")), first);
}
