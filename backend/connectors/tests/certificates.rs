//! Certificates that do not verify: refused with what the server showed, taken only if exactly that one was accepted.

use std::sync::Arc;

use mailferry_connectors::{
    imap::{ImapLogin, ImapSource},
    net::{AddressGuard, CertificateTrust, Network, Resolver},
};
use mailferry_engine::port::{Account, ConnectorError, Decision};
use mailferry_lab::{Dovecot, DovecotOptions, SelfSigned, dovecot::MISMATCH_HOST};
use mailferry_shared::{
    certificate::{CertificateFingerprint, ServerCertificate},
    endpoint::{Endpoint, TlsMode},
    finding::FindingCode,
};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::{io::AsyncWriteExt, net::TcpListener};
use tokio_rustls::TlsAcceptor;

/// Trusts the public roots alone: none of the lab's servers.
fn untrusting() -> Network {
    Network::new(AddressGuard::open(), Resolver::System, &CertificateTrust::default()).expect("TLS")
}

fn login(host: &str, port: u16, tls: TlsMode) -> ImapLogin {
    ImapLogin::of_owner(
        "the test's server",
        Endpoint::new(host.parse().expect("a host"), port, tls),
        "anna@old.example",
        "secret",
    )
}

fn own(server: &Dovecot) -> CertificateFingerprint {
    server.certificate_fingerprint().expect("a certificate").parse().expect("a fingerprint")
}

async fn refused(network: &Network, login: &ImapLogin) -> ConnectorError {
    ImapSource::open(network, login).await.expect_err("the login must fail")
}

/// What is told of the certificate that was refused.
fn told(error: &ConnectorError) -> ServerCertificate {
    error.finding().detail.and_then(|detail| detail.certificate).expect("what the server showed")
}

async fn logs_in(network: &Network, login: &ImapLogin) {
    ImapSource::open(network, login).await.expect("logs in").close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_certificate_is_told_so_that_it_can_be_compared() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let trust = CertificateTrust::with_roots_from(&server.ca_file()).expect("the lab's root");
    let trusting = Network::new(AddressGuard::open(), Resolver::System, &trust).expect("TLS");
    let of_nobody = refused(&untrusting(), &login("localhost", server.imaps_port(), TlsMode::Implicit)).await;
    let of_another = refused(&trusting, &login(MISMATCH_HOST, server.imap_port(), TlsMode::Starttls)).await;
    assert_eq!(of_nobody.code, FindingCode::CertificateInvalid);
    assert_eq!(of_another.code, FindingCode::CertificateMismatch);
    for error in [of_nobody, of_another] {
        let certificate = told(&error);
        assert_eq!(certificate.fingerprint, own(&server));
        assert_eq!(certificate.names, ["localhost", "127.0.0.1"]);
        assert_eq!(certificate.issuer.as_deref(), Some("Mailferry lab CA"));
        assert!(certificate.not_before < certificate.not_after, "{certificate}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_was_accepted_is_taken_there_and_nowhere_else() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let network = untrusting();
    for (port, tls) in [(server.imaps_port(), TlsMode::Implicit), (server.imap_port(), TlsMode::Starttls)] {
        for host in ["localhost", MISMATCH_HOST] {
            let without = login(host, port, tls);
            let with = ImapLogin { pinned_certificate: Some(own(&server)), ..without.clone() };
            logs_in(&network, &with).await;
            logs_in(&network, &with).await;
            // Not even by resuming the session of one that was let in.
            assert_eq!(refused(&network, &without).await.code, FindingCode::CertificateInvalid, "{host} {tls:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_certificate_changed_where_the_server_shows_another_than_was_accepted() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let network = untrusting();
    let mut way = login("localhost", server.imaps_port(), TlsMode::Implicit);
    way.pinned_certificate = Some(own(&server));
    logs_in(&network, &way).await;
    server.renew_certificate().expect("another certificate");
    let error = refused(&network, &way).await;
    // A retry could let somebody in who stands in between for a moment only.
    assert_eq!((error.code, error.decision), (FindingCode::CertificateChanged, Decision::Park));
    let error = error.hopeful(true);
    assert_eq!(error.decision, Decision::Park, "nor does it help that it has worked before");
    assert_eq!(told(&error).fingerprint, own(&server), "the new one");
    way.pinned_certificate = Some(own(&server));
    logs_in(&network, &way).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_verifies_by_now_needs_no_acceptance() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let trust = CertificateTrust::with_roots_from(&server.ca_file()).expect("the lab's root");
    let trusting = Network::new(AddressGuard::open(), Resolver::System, &trust).expect("TLS");
    let mut way = login("localhost", server.imaps_port(), TlsMode::Implicit);
    way.pinned_certificate = Some(CertificateFingerprint::new([7; 32]));
    logs_in(&trusting, &way).await;
    way.endpoint = login(MISMATCH_HOST, server.imaps_port(), TlsMode::Implicit).endpoint;
    assert_eq!(refused(&trusting, &way).await.code, FindingCode::CertificateChanged);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_certificate_is_never_a_way_to_plain_text() {
    let server = Dovecot::start(DovecotOptions { tls: false, ..DovecotOptions::default() }).expect("Dovecot");
    let mut way = login("localhost", server.imap_port(), TlsMode::Starttls);
    way.pinned_certificate = Some(CertificateFingerprint::new([7; 32]));
    assert_eq!(refused(&untrusting(), &way).await.code, FindingCode::StarttlsMissing);
    way.endpoint.tls = TlsMode::Plaintext;
    assert_eq!(refused(&untrusting(), &way).await.code, FindingCode::PlaintextRefused);
}

/// Shows a certificate, whatever the key behind it.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesServerCert for Shows {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// A server that shows this certificate and proves to have this key; its port.
async fn showing(
    certificate: &[u8],
    key: &[u8],
    versions: &'static [&'static rustls::SupportedProtocolVersion],
) -> u16 {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.to_vec()));
    let key = provider.key_provider.load_private_key(key).expect("a key");
    let shown = CertifiedKey::new(vec![CertificateDer::from(certificate.to_vec())], key);
    let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(versions).expect("TLS");
    let config = config.with_no_client_auth().with_cert_resolver(Arc::new(Shows(Arc::new(shown))));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Whoever is not let in hangs up.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.write_all(b"* BYE not a mail server\r\n").await;
            let _ = stream.shutdown().await;
        }
    });
    port
}

const EACH_VERSION: [&[&rustls::SupportedProtocolVersion]; 2] =
    [&[&rustls::version::TLS12], &[&rustls::version::TLS13]];

#[tokio::test(flavor = "multi_thread")]
async fn whoever_shows_an_accepted_certificate_without_having_its_key_is_refused() {
    let right = SelfSigned::new(&["localhost"], "a server").expect("a certificate");
    let wrong = SelfSigned::new(&["localhost"], "somebody in between").expect("a certificate");
    for versions in EACH_VERSION {
        let mut way = login("127.0.0.1", showing(&right.certificate, &right.key, versions).await, TlsMode::Implicit);
        way.pinned_certificate = Some(told(&refused(&untrusting(), &way).await).fingerprint);
        let code = refused(&untrusting(), &way).await.code;
        assert!(!is_about_tls(code), "{code}: it came as far as to a greeting");
        way.endpoint.port = showing(&right.certificate, &wrong.key, versions).await;
        let code = refused(&untrusting(), &way).await.code;
        assert!(is_about_tls(code), "{code}");
    }
}

fn is_about_tls(code: FindingCode) -> bool {
    matches!(
        code,
        FindingCode::TlsFailed
            | FindingCode::CertificateInvalid
            | FindingCode::CertificateMismatch
            | FindingCode::CertificateChanged
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_hostile_certificate_says_is_shortened_and_hides_nothing() {
    let markup = "<img src=x onerror=alert(1)>";
    let hidden = "right\u{202e}tfel\u{200b}\u{0}\u{1b}[2J\r\nX";
    let long = "x".repeat(10_000);
    let names: Vec<&str> = [markup, "a\r\nb.example", &long].into_iter().chain(["n.example"; 40]).collect();
    let certificate = SelfSigned::new(&names, &format!("{hidden}{long}")).expect("a certificate");
    let port = showing(&certificate.certificate, &certificate.key, EACH_VERSION[1]).await;
    let error = refused(&untrusting(), &login("127.0.0.1", port, TlsMode::Implicit)).await;
    let told = told(&error);
    assert_eq!(told.names.len(), 10, "{told}");
    assert_eq!(told.names[..2], [markup, "a??b.example"], "shown as text, which is the page's part");
    assert!(told.names.iter().all(|name| name.chars().count() <= 100));
    let issuer = told.issuer.as_deref().expect("itself");
    assert!(issuer.starts_with("right?tfel???[2J??X"), "{issuer:?}");
    assert!(issuer.chars().count() <= 100);
    assert!(told.to_string().len() < 2_000 && !told.to_string().contains(char::is_control), "{told}");
}
