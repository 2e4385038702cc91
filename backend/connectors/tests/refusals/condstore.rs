//! What it costs to know that no flag has changed, at servers that keep HIGHESTMODSEQ (CONDSTORE, RFC 7162) and at one
//! that does not.

use std::sync::Arc;

use mailferry_connectors::{
    imap::{ImapConnector, ImapLogin},
    net::{AddressGuard, CertificateTrust, Network, Resolver},
};
use mailferry_engine::port::NoFault;
use mailferry_lab::{
    Client, CompareOptions, Cyrus, CyrusOptions, Dovecot, DovecotOptions, Login, Proxy, ProxyOptions, Sample, compare,
    refill,
};
use mailferry_shared::{
    endpoint::{Endpoint, TlsMode},
    run::RunState,
};

use crate::world::{World, ended};

fn login(port: u16, user: &str) -> ImapLogin {
    ImapLogin {
        allow_plaintext: true,
        ..ImapLogin::of_owner(
            "the test's server",
            Endpoint::new("127.0.0.1".parse().expect("a host"), port, TlsMode::Plaintext),
            user,
            "secret",
        )
    }
}

/// What was said to the source since `connections` were counted.
fn said(proxy: &Proxy, connections: usize) -> String {
    proxy.talk()[connections..].iter().map(|talk| String::from_utf8_lossy(&talk.to_server).into_owned()).collect()
}

/// Copies, then looks twice: when nothing has changed, and when flags of one folder have.
async fn costs(source_port: u16, anna: Login, told: bool) {
    let destination = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    let recording = ProxyOptions { record: true, ..ProxyOptions::default() };
    let proxy = Proxy::start_with(source_port, recording).expect("a proxy");
    let network = Network::new(AddressGuard::open(), Resolver::System, &CertificateTrust::default()).expect("TLS");
    let (source, to) = (login(proxy.port(), "anna"), login(destination.imap_port(), "ben"));
    let connector = Arc::new(ImapConnector { network, source, destination: to });
    let mut world = World::new();
    let first = world.run_over(connector.clone(), Arc::new(NoFault)).await.0;
    ended(&first, RunState::Succeeded);
    world.options.carry_flags = true;
    let run = async || {
        let connections = proxy.talk().len();
        let (report, _) = world.run_over(connector.clone(), Arc::new(NoFault)).await;
        ended(&report, RunState::Succeeded);
        assert_eq!((report.counts.stored, report.counts.present), (0, first.counts.listed));
        said(&proxy, connections)
    };
    // The first time some servers only begin to count.
    run().await;
    let unchanged = run().await;
    assert_eq!(unchanged.contains("EXAMINE"), !told, "a folder where nothing changed is not even opened: {unchanged}");
    let mut client = Client::login(&anna).expect("logs in");
    client.store("INBOX", "2:3", "+FLAGS (\\Flagged $Label2)").expect("flags");
    drop(client);
    let changed = run().await;
    assert_eq!(changed.contains("CHANGEDSINCE"), told, "{changed}");
    if told {
        assert_eq!(changed.matches("EXAMINE").count(), changed.matches("EXAMINE \"INBOX\"").count(), "{changed}");
        assert!(!changed.contains("(UID FLAGS)\r\n"), "nothing is listed that has not changed: {changed}");
    }
    let ben = destination.login("ben");
    let options = CompareOptions { details: 10, ..CompareOptions::default() };
    let differences = compare(&anna, &ben, &options).expect("both can be read");
    assert_eq!((differences.flags_differ, differences.keywords_differ), (0, 0), "{differences:?}");
    assert!(!run().await.contains("CHANGEDSINCE"), "and that is remembered");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_dovecot_a_folder_whose_flags_have_not_changed_costs_nothing() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    Sample::Tiny.write(&server, "anna").expect("a mailbox");
    costs(server.imap_port(), server.login("anna"), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_cyrus_a_folder_whose_flags_have_not_changed_costs_nothing() {
    let from = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    Sample::Tiny.write(&from, "anna").expect("a mailbox");
    let server = Cyrus::start(CyrusOptions { slashes: true, beside_inbox: true, ..CyrusOptions::default() });
    let server = server.expect("Cyrus starts");
    refill(&from.login("anna"), &server.login("anna")).expect("a mailbox");
    costs(server.imap_port(), server.login("anna"), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_condstore_every_flag_is_compared() {
    let capabilities = "IMAP4rev1 SASL-IR AUTH=PLAIN NAMESPACE LIST-EXTENDED LIST-STATUS SPECIAL-USE";
    let options = DovecotOptions { capabilities: Some(capabilities.to_owned()), ..DovecotOptions::default() };
    let server = Dovecot::start(options).expect("Dovecot starts");
    Sample::Tiny.write(&server, "anna").expect("a mailbox");
    costs(server.imap_port(), server.login("anna"), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_without_the_option_does_not_make_the_next_one_forget_changes() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    Sample::Tiny.write(&server, "anna").expect("a mailbox");
    let network = Network::new(AddressGuard::open(), Resolver::System, &CertificateTrust::default()).expect("TLS");
    let (source, destination) = (login(server.imap_port(), "anna"), login(server.imap_port(), "ben"));
    let connector = Arc::new(ImapConnector { network, source, destination });
    let mut world = World::new();
    ended(&world.run_over(connector.clone(), Arc::new(NoFault)).await.0, RunState::Succeeded);
    let mut client = Client::login(&server.login("anna")).expect("logs in");
    client.store("INBOX", "1", "+FLAGS (\\Flagged)").expect("flags");
    client.append("INBOX", "\\Seen", None, b"Subject: new\r\n\r\nnew\r\n").expect("appends");
    drop(client);
    let report = world.run_over(connector.clone(), Arc::new(NoFault)).await.0;
    assert_eq!(report.counts.stored, 1);
    world.options.carry_flags = true;
    ended(&world.run_over(connector, Arc::new(NoFault)).await.0, RunState::Succeeded);
    let options = CompareOptions { details: 10, ..CompareOptions::default() };
    let differences = compare(&server.login("anna"), &server.login("ben"), &options).expect("both can be read");
    assert!(differences.is_perfect(), "{differences:?}");
}
