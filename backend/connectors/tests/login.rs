//! Every way in, and every way to be refused: each has its own code.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    time::{Duration, Instant},
};

use mailferry_connectors::{
    imap::{ImapDestination, ImapLogin, ImapSource},
    net::{AddressGuard, CertificateTrust, Network, Resolver},
};
use mailferry_engine::port::{Account, Decision};
use mailferry_lab::{
    Client, DnsServer, Dovecot, DovecotOptions, Fault, Plan, Proxy, Record, Sample, dovecot::MISMATCH_HOST,
};
use mailferry_shared::{
    endpoint::{Endpoint, TlsMode},
    finding::FindingCode,
};
use socket2::{Domain, Socket, Type};
use tokio::io::AsyncWriteExt;

fn network(server: &Dovecot, guard: AddressGuard) -> Network {
    let trust = CertificateTrust::with_roots_from(&server.ca_file()).expect("the lab's root");
    Network::new(guard, Resolver::System, &trust).expect("TLS")
}

fn login(host: &str, port: u16, tls: TlsMode) -> ImapLogin {
    ImapLogin::of_owner(
        "the test's server",
        Endpoint::new(host.parse().expect("a host"), port, tls),
        "anna@old.example",
        "secret",
    )
}

/// The code and decision with which a login is refused.
async fn refusal(network: &Network, login: &ImapLogin) -> (FindingCode, Decision) {
    let error = ImapSource::open(network, login).await.expect_err("the login must fail");
    assert!(!format!("{error} {:?}", error.source).contains("secret"), "no password in an error");
    (error.code, error.decision)
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_of_any_characters_work_by_plain_and_by_login() {
    for capabilities in [None, Some("IMAP4rev1 STARTTLS".to_owned())] {
        let password = "pä$$ \"w\\ord%*{3}".to_owned();
        let accounts = vec![("müller@old.example".to_owned(), password.clone())];
        let server =
            Dovecot::start(DovecotOptions { accounts, capabilities, ..DovecotOptions::default() }).expect("Dovecot");
        let network = network(&server, AddressGuard::open());
        let mut way = login("localhost", server.imaps_port(), TlsMode::Implicit);
        way.user = "müller@old.example".to_owned();
        way.password = password.into();
        ImapSource::open(&network, &way).await.expect("logs in").close().await;
        way.password = "wrong".to_owned().into();
        assert_eq!(refusal(&network, &way).await, (FindingCode::WrongPassword, Decision::Park));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_acts_for_a_mailbox_and_only_with_the_admins_password() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let written = Sample::Small.write(&server, "anna@old.example").expect("a mailbox");
    let network = network(&server, AddressGuard::open());
    let mut by_authzid = login("localhost", server.imaps_port(), TlsMode::Implicit);
    by_authzid.user = "master".to_owned();
    by_authzid.password = "mastersecret".to_owned().into();
    by_authzid.act_for = Some("anna@old.example".to_owned());
    let mut by_name = by_authzid.clone();
    by_name.user = "anna@old.example*master".to_owned();
    by_name.act_for = None;
    for way in [by_authzid.clone(), by_name] {
        let mut source = ImapSource::open(&network, &way).await.expect("logs in");
        let survey = mailferry_engine::survey::survey(&mut source).await.expect("counts").survey;
        assert_eq!((survey.messages, survey.folders), (written.messages, written.folders));
        source.close().await;
    }
    by_authzid.password = "wrong".to_owned().into();
    let (code, decision) = refusal(&network, &by_authzid).await;
    assert!(matches!(code, FindingCode::WrongPassword | FindingCode::ActForRefused), "{code}");
    assert_eq!(decision, Decision::Park);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_survey_counts_trash_and_spam_as_a_run_leaves_them_out_by_name_and_with_what_is_below() {
    let options = DovecotOptions { special_use: Vec::new(), ..DovecotOptions::default() };
    let server = Dovecot::start(options).expect("Dovecot");
    let mut anna = Client::login(&server.login("anna@old.example")).expect("logs in");
    for (folder, messages) in [("INBOX", 1), ("Papierkorb", 2), ("Papierkorb/2019", 3), ("Spam", 4), ("Work/Spam", 5)] {
        if folder != "INBOX" {
            anna.command(format!("CREATE \"{folder}\"").as_bytes()).expect("created");
        }
        for _ in 0..messages {
            anna.append(folder, "", None, b"Subject: x\r\n\r\nx\r\n").expect("appended");
        }
    }
    drop(anna);
    let way = login("localhost", server.imaps_port(), TlsMode::Implicit);
    let mut source = ImapSource::open(&network(&server, AddressGuard::open()), &way).await.expect("logs in");
    let survey = mailferry_engine::survey::survey(&mut source).await.expect("counts").survey;
    source.close().await;
    assert_eq!((survey.messages, survey.trash.messages, survey.junk.messages), (15, 5, 4), "{survey:?}");
    assert_eq!(survey.wanted(false, false).messages, 6, "what a run looks at");
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_unknown_host_and_finding_connection_refused_where_no_server_is() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let open = network(&server, AddressGuard::open());
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    for (way, code) in [
        (login("no-such-host.invalid", server.imaps_port(), TlsMode::Implicit), FindingCode::UnknownHost),
        (login("localhost", closed, TlsMode::Implicit), FindingCode::ConnectionRefused),
    ] {
        assert_eq!(refusal(&open, &way).await.0, code, "{:?}", way.endpoint);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_certificate_mismatch_where_the_certificate_names_another_host() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let open = network(&server, AddressGuard::open());
    for (port, tls) in [(server.imaps_port(), TlsMode::Implicit), (server.imap_port(), TlsMode::Starttls)] {
        let way = login(MISMATCH_HOST, port, tls);
        assert_eq!(refusal(&open, &way).await.0, FindingCode::CertificateMismatch, "{:?}", way.endpoint);
    }
    let any = CertificateTrust { any: true, ..CertificateTrust::default() };
    let trusting = Network::new(AddressGuard::open(), Resolver::System, &any).expect("TLS");
    ImapSource::open(&trusting, &login(MISMATCH_HOST, server.imaps_port(), TlsMode::Implicit))
        .await
        .expect("any certificate")
        .close()
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_certificate_invalid_where_nobody_who_is_trusted_has_signed_it() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let untrusting = Network::new(AddressGuard::open(), Resolver::System, &CertificateTrust::default()).expect("TLS");
    let way = login("localhost", server.imaps_port(), TlsMode::Implicit);
    assert_eq!(refusal(&untrusting, &way).await.0, FindingCode::CertificateInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_plaintext_refused_without_tls_and_finding_tls_failed_at_a_port_without_it() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let open = network(&server, AddressGuard::open());
    for (tls, code) in
        [(TlsMode::Plaintext, FindingCode::PlaintextRefused), (TlsMode::Implicit, FindingCode::TlsFailed)]
    {
        assert_eq!(refusal(&open, &login("localhost", server.imap_port(), tls)).await.0, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_starttls_missing_where_the_server_does_not_offer_it() {
    let plain = Dovecot::start(DovecotOptions { tls: false, ..DovecotOptions::default() }).expect("Dovecot");
    let open = network(&plain, AddressGuard::open());
    let way = login("localhost", plain.imap_port(), TlsMode::Starttls);
    assert_eq!(refusal(&open, &way).await.0, FindingCode::StarttlsMissing);
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_connection_lost_where_the_server_hangs_up() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let hangs_up = std::thread::spawn(move || drop(listener.accept().expect("somebody")));
    let network = Network::new(AddressGuard::open(), Resolver::System, &CertificateTrust::default()).expect("TLS");
    let way = ImapLogin { allow_plaintext: true, ..login("127.0.0.1", port, TlsMode::Plaintext) };
    assert_eq!(refusal(&network, &way).await, (FindingCode::ConnectionLost, Decision::Retry));
    hangs_up.join().expect("no panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_port_refused_and_finding_address_refused_where_the_guard_says_no() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let way = login("localhost", server.imaps_port(), TlsMode::Implicit);
    let strict = network(&server, AddressGuard::new(Vec::new(), []));
    assert_eq!(refusal(&strict, &way).await.0, FindingCode::PortRefused);
    let port_only = network(&server, AddressGuard::new(Vec::new(), [server.imaps_port()]));
    assert_eq!(refusal(&port_only, &way).await.0, FindingCode::AddressRefused);
    let networks = ["127.0.0.0/8", "::1/128"].map(|network| network.parse().expect("a network")).to_vec();
    let opened = network(&server, AddressGuard::new(networks, [server.imaps_port()]));
    ImapSource::open(&opened, &way).await.expect("logs in").close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_imap_server_is_told_apart() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let network = network(&server, AddressGuard::open());
    for greeting in [
        "220 mail.example.org ESMTP\r\n",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "\u{0}\u{1}\u{2}\r\n",
        "* PREAUTH hello\r\n",
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let mut way = login("127.0.0.1", listener.local_addr().expect("an address").port(), TlsMode::Plaintext);
        way.allow_plaintext = true;
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            stream.write_all(greeting.as_bytes()).await.expect("written");
            // The client decides.
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        });
        let expected = if greeting.contains("PREAUTH") { FindingCode::ServerError } else { FindingCode::NotImap };
        assert_eq!(refusal(&network, &way).await.0, expected, "{greeting:?}");
        served.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_put_into_the_servers_mouth_before_the_handshake_are_not_believed() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let network = network(&server, AddressGuard::open());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let way = login("127.0.0.1", listener.local_addr().expect("an address").port(), TlsMode::Starttls);
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        let (mut reader, mut writer) = stream.into_split();
        writer.write_all(b"* OK hello\r\n").await.expect("written");
        let answers: [&[u8]; 2] = [
            b"* CAPABILITY IMAP4rev1 STARTTLS\r\nM1 OK\r\n",
            b"M2 OK go ahead\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nM3 OK\r\n",
        ];
        let mut buffer = [0; 100];
        for answer in answers {
            tokio::io::AsyncReadExt::read(&mut reader, &mut buffer).await.expect("a command");
            writer.write_all(answer).await.expect("written");
        }
        let _ = tokio::io::copy(&mut reader, &mut tokio::io::sink()).await;
    });
    assert_eq!(refusal(&network, &way).await.0, FindingCode::TlsFailed);
}

#[tokio::test(flavor = "multi_thread")]
async fn free_space_is_asked_for_and_a_full_mailbox_says_so() {
    let server =
        Dovecot::start(DovecotOptions { quota_bytes: Some(1_000_000), ..DovecotOptions::default() }).expect("Dovecot");
    let network = network(&server, AddressGuard::open());
    let way = login("localhost", server.imaps_port(), TlsMode::Implicit);
    let mut destination = ImapDestination::open(&network, &way).await.expect("logs in");
    let quota = destination.quota().await.expect("asks").expect("Dovecot tells");
    assert_eq!(quota.used_bytes, 0);
    assert!((999_000..=1_000_448).contains(&quota.limit_bytes), "{quota:?}");
    destination.close().await;
}

/// A place where connections are neither taken nor refused: what they ask for stays unanswered.
struct Silent {
    _listening: Socket,
    /// These fill the queue of whoever never accepts.
    _waiting: Vec<TcpStream>,
}

impl Silent {
    /// At `[::1]`, or at `127.0.0.2` where there is no IPv6.
    fn at(port: u16) -> (Self, IpAddr) {
        let places = [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2))];
        let listen = |ip: &IpAddr| {
            let address = SocketAddr::new(*ip, port);
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).ok()?;
            socket.bind(&address.into()).ok()?;
            socket.listen(0).ok()?;
            Some((socket, *ip))
        };
        let (listening, ip) = places.iter().find_map(listen).expect("a free place");
        let mut waiting = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&SocketAddr::new(ip, port), Duration::from_millis(300)) {
            waiting.push(stream);
            assert!(waiting.len() < 100, "nobody stops taking connections");
        }
        (Self { _listening: listening, _waiting: waiting }, ip)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_does_not_answer_costs_a_moment_and_no_time_out() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let dns = DnsServer::start().expect("a name server");
    let (_silent, ip) = Silent::at(server.imap_port());
    dns.set("mail.example", 60, &[Record::Address(ip), Record::Address(Ipv4Addr::LOCALHOST.into())]);
    let resolver = Resolver::dns(dns.address()).expect("a resolver");
    let network = Network::new(AddressGuard::open(), resolver, &CertificateTrust::default()).expect("TLS");
    let mut way = login("mail.example", server.imap_port(), TlsMode::Plaintext);
    way.allow_plaintext = true;
    let began = Instant::now();
    for _ in 0..12 {
        ImapSource::open(&network, &way).await.expect("logs in").close().await;
    }
    // Each would wait for ten seconds until the first address is given up.
    assert!(began.elapsed() < Duration::from_secs(100), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_server_in_trouble_says_nothing_of_the_host() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let dns = DnsServer::start().expect("a name server");
    dns.set("mail.example", 0, &[Record::Address(Ipv4Addr::LOCALHOST.into())]);
    let resolver = Resolver::dns(dns.address()).expect("a resolver");
    let network = Network::new(AddressGuard::open(), resolver, &CertificateTrust::default()).expect("TLS");
    let mut way = login("mail.example", server.imap_port(), TlsMode::Plaintext);
    way.allow_plaintext = true;
    dns.set_in_trouble(true);
    assert_eq!(refusal(&network, &way).await, (FindingCode::NameServerSilent, Decision::Retry));
    dns.set_in_trouble(false);
    ImapSource::open(&network, &way).await.expect("logs in").close().await;
    way.endpoint = Endpoint::new("nobody.example".parse().expect("a host"), server.imap_port(), TlsMode::Plaintext);
    assert_eq!(refusal(&network, &way).await, (FindingCode::UnknownHost, Decision::Permanent));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_breaks_during_the_handshake_is_no_matter_of_tls() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let network = network(&server, AddressGuard::open());
    let proxy = Proxy::start(server.imaps_port()).expect("a proxy");
    let way = login("localhost", proxy.port(), TlsMode::Implicit);
    // A reset before the first byte may come while the connection is still being made.
    let cuts = [0, 7, 600].map(|bytes| (bytes, Fault::Cut));
    for (bytes, fault) in cuts.into_iter().chain([7, 600].map(|bytes| (bytes, Fault::Reset))) {
        proxy.plan(Plan { to_client: Some((bytes, fault)), ..Plan::default() });
        let expected = (FindingCode::ConnectionLost, Decision::Retry);
        assert_eq!(refusal(&network, &way).await, expected, "{fault:?} after {bytes} bytes");
    }
    ImapSource::open(&network, &way).await.expect("logs in").close().await;
}
