//! Logging in for somebody else: real servers where Debian has them, scripted ones for the words of the others.

use base64::{Engine, engine::general_purpose::STANDARD};
use mailferry_connectors::{
    imap::{ImapDestination, ImapLogin, ImapSource},
    net::{AddressGuard, CertificateTrust, Network, Resolver},
};
use mailferry_domain::folder::FolderPath;
use mailferry_engine::port::{Account, ConnectorError, Decision, Destination, Wanted};
use mailferry_lab::{Dovecot, DovecotOptions, Sample};
use mailferry_shared::{
    delegation::{CredentialKind, Delegation, DelegationForm},
    endpoint::{Endpoint, TlsMode},
    finding::FindingCode,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

const MAILBOX: &str = "anna@old.example";

fn login(port: u16, user: &str, form: DelegationForm) -> ImapLogin {
    ImapLogin {
        name: "the test's server".to_owned(),
        endpoint: Endpoint::new("127.0.0.1".parse().expect("a host"), port, TlsMode::Plaintext),
        user: user.to_owned(),
        password: "adminpw".to_owned().into(),
        kind: CredentialKind::Password,
        act_for: Some(MAILBOX.to_owned()),
        delegation: Delegation::of(form),
        allow_plaintext: true,
        pinned_certificate: None,
    }
}

fn network() -> Network {
    Network::new(AddressGuard::open(), Resolver::System, &CertificateTrust::default()).expect("TLS")
}

/// A server that greets with these capabilities, and for each line that comes answers the next lines of its script; then
/// it answers CAPABILITY, NAMESPACE and LIST like any other. Gives back what it was told.
async fn scripted(
    capabilities: &'static str,
    script: &'static [&'static str],
) -> (u16, tokio::task::JoinHandle<Vec<String>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        let known = format!("IMAP4rev1 {capabilities}");
        let greeting = format!("* OK [CAPABILITY {}] hello\r\n", known.trim_end());
        writer.write_all(greeting.as_bytes()).await.expect("written");
        let (mut told, mut script) = (Vec::new(), script.iter());
        while let Ok(Some(line)) = lines.next_line().await {
            let tag = line.split(' ').next().unwrap_or_default().to_owned();
            let answer = match script.next() {
                Some(answer) => {
                    told.push(line);
                    answer.to_string()
                }
                None if line.contains("CAPABILITY") => format!("* CAPABILITY IMAP4rev1\r\n{tag} OK"),
                None if line.contains(" LIST \"\" \"\"") => format!("* LIST (\\Noselect) \".\" \"\"\r\n{tag} OK"),
                None if line.contains(" LIST ") => {
                    told.push(line);
                    let names = ["INBOX", "user.anna", "user.anna.Sent", "user.annabel", "user.bert"];
                    let listed = names.iter().fold(String::new(), |all, name| all + "* LIST () \".\" " + name + "\r\n");
                    format!("{listed}{tag} OK")
                }
                None => format!("{tag} OK"),
            };
            writer.write_all(format!("{answer}\r\n").as_bytes()).await.expect("written");
        }
        told
    });
    (port, serving)
}

async fn logged_in(login: &ImapLogin, serving: tokio::task::JoinHandle<Vec<String>>) -> Vec<String> {
    ImapSource::open(&network(), login).await.expect("logs in").close().await;
    serving.await.expect("a script")
}

async fn refused(login: &ImapLogin) -> ConnectorError {
    ImapSource::open(&network(), login).await.expect_err("refused")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_admin_is_named_before_the_mailbox() {
    let (port, serving) = scripted("AUTH=PLAIN", &["M1 OK"]).await;
    let told = logged_in(&login(port, "OLD/admin", DelegationForm::Exchange), serving).await;
    assert_eq!(told, [r#"M1 LOGIN "OLD/admin/anna@old.example" "adminpw""#]);
    let (port, serving) = scripted("AUTH=PLAIN", &["M1 OK"]).await;
    let told = logged_in(&login(port, r"old\admin", DelegationForm::Exchange), serving).await;
    assert_eq!(told, [r#"M1 LOGIN "old\\admin\\anna@old.example" "adminpw""#]);
    let (port, _) = scripted("", &["M1 NO AuthenticateFailed: User is authenticated but not connected."]).await;
    assert_eq!(
        refused(&login(port, "OLD/admin", DelegationForm::Exchange)).await.code,
        FindingCode::AccountUnavailable
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirapoint_admin_stands_between_number_signs() {
    let (port, serving) = scripted("", &["M1 OK"]).await;
    let told = logged_in(&login(port, "admin", DelegationForm::Mirapoint), serving).await;
    assert_eq!(told, [r##"M1 LOGIN "#anna@old.example#admin#" "adminpw""##]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sun_admin_logs_in_and_turns_to_the_mailbox_by_proxyauth() {
    let (port, serving) = scripted("", &["M1 OK", "M2 OK"]).await;
    let told = logged_in(&login(port, "admin", DelegationForm::Proxyauth), serving).await;
    assert_eq!(told, [r#"M1 LOGIN "admin" "adminpw""#, r#"M2 PROXYAUTH "anna@old.example""#]);
    let (port, _) = scripted("", &["M1 OK", "M2 NO no such user"]).await;
    let error = refused(&login(port, "admin", DelegationForm::Proxyauth)).await;
    assert_eq!((error.code, error.decision), (FindingCode::ActForRefused, Decision::Park));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kerio_master_proves_the_password_without_sending_it() {
    // MD5 of "<17@kerio>adminpw".
    const PROOF: &str = "ab981d80e0f065b4b2021a5eb4ae8751";
    for (capabilities, first) in [("", "M1 X-MASTERAUTH"), ("AUTH=X-MASTERAUTH", "M1 AUTHENTICATE X-MASTERAUTH")] {
        let (port, serving) = scripted(capabilities, &["+ <17@kerio>", "M1 OK", "M2 OK"]).await;
        let told = logged_in(&login(port, "", DelegationForm::KerioMaster), serving).await;
        assert_eq!(told, [first, PROOF, r#"M2 X-SETUSER "anna@old.example""#]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_sent_by_xoauth2_and_a_refused_one_is_told_apart_from_a_wrong_password() {
    let mut own = login(0, MAILBOX, DelegationForm::Authzid);
    (own.kind, own.act_for, own.password) = (CredentialKind::OauthToken, None, "ya29.token".to_owned().into());
    let message = STANDARD.encode("user=anna@old.example\x01auth=Bearer ya29.token\x01\x01");
    let (port, serving) = scripted("AUTH=XOAUTH2 SASL-IR", &["M1 OK"]).await;
    own.endpoint.port = port;
    assert_eq!(logged_in(&own, serving).await, [format!("M1 AUTHENTICATE XOAUTH2 {message}")]);
    let (port, serving) = scripted("AUTH=XOAUTH2", &["+ ", "M1 OK"]).await;
    own.endpoint.port = port;
    assert_eq!(logged_in(&own, serving).await, ["M1 AUTHENTICATE XOAUTH2".to_owned(), message]);
    let (port, serving) =
        scripted("AUTH=XOAUTH2 SASL-IR", &["+ eyJzdGF0dXMiOiI0MDAifQ==", "M1 NO [AUTHENTICATIONFAILED] x"]).await;
    own.endpoint.port = port;
    let error = refused(&own).await;
    assert_eq!((error.code, error.decision), (FindingCode::TokenRefused, Decision::Park));
    assert!(!format!("{error} {:?}", error.source).contains("ya29"));
    assert_eq!(serving.await.expect("a script")[1], "", "the challenge is answered by an empty line");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_oauthbearer_alone_gets_the_token_so() {
    let mut own = login(0, "a,b=c@old.example", DelegationForm::Authzid);
    (own.kind, own.act_for, own.password) = (CredentialKind::OauthToken, None, "ya29.token".to_owned().into());
    let (port, serving) =
        scripted("AUTH=OAUTHBEARER SASL-IR", &["+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=", "M1 NO no"]).await;
    own.endpoint.port = port;
    assert_eq!(refused(&own).await.code, FindingCode::TokenRefused);
    let message =
        format!("n,a=a=2Cb=3Dc@old.example,\x01host=127.0.0.1\x01port={port}\x01auth=Bearer ya29.token\x01\x01");
    let told = serving.await.expect("a script");
    assert_eq!(told, [format!("M1 AUTHENTICATE OAUTHBEARER {}", STANDARD.encode(message)), "AQ==".to_owned()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_below_a_folder_of_the_admin_is_seen_as_if_it_were_the_admins_own() {
    let (port, serving) = scripted("", &["M1 OK"]).await;
    let mut way = login(port, "admin", DelegationForm::RootFolder);
    way.act_for = Some("anna".to_owned());
    let mut source = ImapSource::open(&network(), &way).await.expect("logs in");
    let folders = source.folders().await.expect("folders");
    let seen: Vec<_> = folders.iter().map(|folder| (folder.path.to_string(), folder.wire_name.as_str())).collect();
    assert_eq!(seen, [("INBOX".to_owned(), "user.anna"), ("Sent".to_owned(), "user.anna.Sent")]);
    source.close().await;
    let told = serving.await.expect("a script");
    assert_eq!(told[0], r#"M1 LOGIN "admin" "adminpw""#);
    assert!(told.iter().any(|line| line.ends_with(r#"LIST "" "user.anna*""#)), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_dovecot_takes_a_master_user_with_any_separator() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let other = DovecotOptions { extra: "auth_master_user_separator = %\n".to_owned(), ..DovecotOptions::default() };
    let percent = Dovecot::start(other).expect("Dovecot");
    for (server, separator) in [(&server, None), (&percent, Some('%'))] {
        let written = Sample::Small.write(server, MAILBOX).expect("a mailbox");
        let trust = CertificateTrust::with_roots_from(&server.ca_file()).expect("the lab's root");
        let network = Network::new(AddressGuard::open(), Resolver::System, &trust).expect("TLS");
        let mut way = login(server.imaps_port(), "master", DelegationForm::MasterUser);
        way.endpoint.tls = TlsMode::Implicit;
        way.password = "mastersecret".to_owned().into();
        way.delegation.separator = separator;
        let mut source = ImapSource::open(&network, &way).await.expect("logs in");
        let survey = mailferry_engine::survey::survey(&mut source).await.expect("counts").survey;
        assert_eq!((survey.messages, survey.folders), (written.messages, written.folders));
        source.close().await;
        way.password = "wrong".to_owned().into();
        let error = ImapSource::open(&network, &way).await.expect_err("refused");
        assert_eq!((error.code, error.decision), (FindingCode::WrongPassword, Decision::Park));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn below_a_root_folder_a_real_dovecot_shows_and_makes_folders_as_if_it_were_a_mailbox() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
    let trust = CertificateTrust::with_roots_from(&server.ca_file()).expect("the lab's root");
    let network = Network::new(AddressGuard::open(), Resolver::System, &trust).expect("TLS");
    // The admin's own folders stand in for the mailbox: "Projects" is its inbox.
    let mut way = login(server.imaps_port(), "admin", DelegationForm::RootFolder);
    way.endpoint.tls = TlsMode::Implicit;
    way.password = "secret".to_owned().into();
    way.act_for = Some("Projects".to_owned());
    way.delegation.root = Some("{mailbox}".to_owned());
    let mut own = way.clone();
    own.act_for = None;
    let wanted = |path: &str| Wanted {
        path: FolderPath::parse(path).expect("a path"),
        wire_name: None,
        create: true,
        subscribe: false,
    };
    let mut admin = ImapDestination::open(&network, &own).await.expect("logs in");
    admin.prepare(&[wanted("Projects")]).await.expect("prepared").pop().expect("one").expect("made");
    admin.close().await;
    let mut below = ImapDestination::open(&network, &way).await.expect("logs in");
    let made = below.prepare(&[wanted("INBOX"), wanted("Sent/2024")]).await.expect("prepared");
    let names: Vec<_> = made.into_iter().map(|one| one.expect("made").wire_name).collect();
    assert_eq!(names, ["Projects", "Projects/Sent/2024"]);
    let mut paths: Vec<String> =
        below.folders().await.expect("folders").iter().map(|folder| folder.path.to_string()).collect();
    paths.sort();
    assert_eq!(paths, ["INBOX", "Sent", "Sent/2024"]);
    below.close().await;
}
