//! From a host name to a logged-in session.

use base64::{Engine, engine::general_purpose::STANDARD};
use mailferry_engine::port::{ConnectorError, Decision};
use mailferry_shared::{
    delegation::DelegationForm,
    endpoint::{Endpoint, TlsMode},
    finding::FindingCode,
};
use md5::{Digest, Md5};
use secrecy::ExposeSecret;
use tokio::{io::AsyncWriteExt, time::timeout};

use super::{
    connector::ImapLogin,
    guard::Guard,
    refusal::{Doing, Refusal},
    session::{Reply, Session, Tag},
    wire,
};
use crate::net::{Network, Stream};

/// Connects, protects the connection as asked, and logs in.
pub(super) async fn log_in(network: &Network, login: &ImapLogin) -> Result<Session, ConnectorError> {
    in_time(network, login, Box::pin(enter(network, login))).await
}

/// Nobody is waited for longer than a login may take in all.
async fn in_time<T>(
    network: &Network,
    login: &ImapLogin,
    entering: impl Future<Output = Result<T, ConnectorError>>,
) -> Result<T, ConnectorError> {
    timeout(network.patience().login, entering).await.unwrap_or_else(|_| {
        let context = format!("logging in at {}", login.name);
        Err(ConnectorError::new(FindingCode::ConnectionTimeout, Decision::Retry, context))
    })
}

async fn enter(network: &Network, login: &ImapLogin) -> Result<Session, ConnectorError> {
    let mut session = connect(network, login).await?;
    let mut reply = authenticate(&mut session, login).await?;
    // What a server can do may change with the login; many tell it with their answer.
    if !session.learn_capabilities(&mut reply) {
        session.ask_capabilities().await?;
    }
    session.squeeze = network.squeeze();
    session.ask_naming().await?;
    if let Some(mailbox) = login.act_for.as_deref().filter(|_| login.delegation.form == DelegationForm::RootFolder) {
        session.look_below(&login.delegation.root_of(mailbox));
    }
    Ok(session)
}

/// Meets the server without logging in: connects, protects the connection as asked, and reads what it can do.
///
/// # Errors
/// [`ConnectorError`] with the reason why there is no IMAP server to log in to.
pub async fn greet(network: &Network, endpoint: &Endpoint, allow_plaintext: bool) -> Result<Greeted, ConnectorError> {
    let login = ImapLogin {
        allow_plaintext,
        ..ImapLogin::of_owner(format!("the server {endpoint}"), endpoint.clone(), "", "")
    };
    in_time(network, &login, Box::pin(meet(network, &login))).await
}

async fn meet(network: &Network, login: &ImapLogin) -> Result<Greeted, ConnectorError> {
    let mut session = connect(network, login).await?;
    if session.knows_no_capabilities() {
        session.ask_capabilities().await?;
    }
    let takes_passwords = session.can("AUTH=PLAIN") || !session.can("LOGINDISABLED");
    log_out(session).await;
    Ok(Greeted { takes_passwords })
}

/// What a server says of itself before anybody has logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Greeted {
    /// False if it takes tokens only.
    pub takes_passwords: bool,
}

async fn connect(network: &Network, login: &ImapLogin) -> Result<Session, ConnectorError> {
    let endpoint = &login.endpoint;
    if endpoint.tls == TlsMode::Plaintext && !login.allow_plaintext {
        return Err(ConnectorError::new(
            FindingCode::PlaintextRefused,
            Decision::Permanent,
            format!("connecting to {endpoint}"),
        ));
    }
    let (stream, upgrades) = match network.connect_inside(endpoint) {
        Some(stream) => (stream, false),
        None => {
            let tcp = network.connect(endpoint).await?;
            match endpoint.tls {
                TlsMode::Implicit => (network.start_tls(tcp, endpoint, login.pinned_certificate).await?, false),
                TlsMode::Starttls => (Stream::new(tcp), true),
                TlsMode::Plaintext => (Stream::new(tcp), false),
            }
        }
    };
    let mut session = Session::new(Guard::new(stream), login.name.clone(), network.patience());
    let logged_in = session.greeting().await?;
    if logged_in {
        // On a STARTTLS port PREAUTH would keep the session in plain text; elsewhere it would be somebody else's.
        return Err(ConnectorError::new(
            FindingCode::ServerError,
            Decision::Permanent,
            "the server logged us in unasked",
        ));
    }
    if upgrades { upgrade(network, login, session).await } else { Ok(session) }
}

/// STARTTLS (RFC 9051 section 6.2.1): required once chosen.
async fn upgrade(network: &Network, login: &ImapLogin, mut session: Session) -> Result<Session, ConnectorError> {
    if session.knows_no_capabilities() {
        session.ask_capabilities().await?;
    }
    if !session.can("STARTTLS") {
        return Err(ConnectorError::new(FindingCode::StarttlsMissing, Decision::Permanent, login.name.clone()));
    }
    session.guard().await_last_word();
    session.command("STARTTLS", Doing::Other).await?;
    let guard = session.into_guard();
    if guard.has_said_more() {
        // Somebody put words into the server's mouth before the handshake.
        return Err(ConnectorError::new(FindingCode::TlsFailed, Decision::Permanent, "plaintext after STARTTLS"));
    }
    let stream = network.start_tls(guard.into_inner(), &login.endpoint, login.pinned_certificate).await?;
    Ok(Session::new(Guard::new(stream), login.name.clone(), network.patience()))
}

/// Proves who asks, and for which mailbox, in the way that the server is said to understand.
pub(super) async fn authenticate(session: &mut Session, login: &ImapLogin) -> Result<Reply, ConnectorError> {
    if session.knows_no_capabilities() {
        session.ask_capabilities().await?;
    }
    let Some(mailbox) = login.act_for.as_deref() else {
        return if login.kind.is_password() {
            as_user(session, login, &login.user).await
        } else {
            by_token(session, login, &login.user).await
        };
    };
    if !login.kind.is_password() {
        // The token says who asks, the name for whom.
        return by_token(session, login, mailbox).await;
    }
    let admin = &login.user;
    match login.delegation.form {
        DelegationForm::Authzid => by_plain(session, login, mailbox, admin).await,
        DelegationForm::MasterUser => {
            as_user(session, login, &format!("{mailbox}{}{admin}", login.delegation.separator())).await
        }
        DelegationForm::Exchange => {
            let between = if admin.contains('\\') { '\\' } else { '/' };
            as_name(session, login, &format!("{admin}{between}{mailbox}")).await
        }
        DelegationForm::Mirapoint => as_name(session, login, &format!("#{mailbox}#{admin}#")).await,
        DelegationForm::RootFolder => as_user(session, login, admin).await,
        DelegationForm::Proxyauth => {
            as_user(session, login, admin).await?;
            let tag = command_with(session, login, "PROXYAUTH", &[mailbox]).await?;
            session.finish(&tag, Doing::ActFor, session.patience.append, |_| {}).await
        }
        DelegationForm::KerioMaster => as_kerio_master(session, login, mailbox).await,
    }
}

fn doing(login: &ImapLogin) -> Doing {
    Doing::Login { for_another: login.act_for.is_some() }
}

fn refused(refusal: &Refusal, login: &ImapLogin) -> ConnectorError {
    refusal.error(doing(login), login.name.clone())
}

/// By SASL PLAIN where the server has it, which takes every character, by LOGIN elsewhere.
async fn as_user(session: &mut Session, login: &ImapLogin, user: &str) -> Result<Reply, ConnectorError> {
    if session.can("AUTH=PLAIN") {
        by_plain(session, login, "", user).await
    } else {
        as_name(session, login, user).await
    }
}

/// By LOGIN: for names that servers take apart there.
async fn as_name(session: &mut Session, login: &ImapLogin, user: &str) -> Result<Reply, ConnectorError> {
    if session.can("LOGINDISABLED") {
        return Err(ConnectorError::new(FindingCode::OauthNeeded, Decision::Park, login.name.clone()));
    }
    login_command(session, login, user).await
}

/// SASL PLAIN (RFC 4616): for whom, who, password.
async fn by_plain(session: &mut Session, login: &ImapLogin, whom: &str, who: &str) -> Result<Reply, ConnectorError> {
    let message = STANDARD.encode(format!("{whom}\0{who}\0{}", login.password.expose_secret()));
    let tag = sasl(session, login, "PLAIN", &message).await?;
    session.finish(&tag, doing(login), session.patience.append, |_| {}).await
}

/// Sends a mechanism's only message, as an initial response where the server takes one (SASL-IR, RFC 4959).
async fn sasl(session: &mut Session, login: &ImapLogin, mechanism: &str, message: &str) -> Result<Tag, ConnectorError> {
    if session.can("SASL-IR") {
        return session.send(&format!("AUTHENTICATE {mechanism} {message}")).await;
    }
    let tag = session.send(&format!("AUTHENTICATE {mechanism}")).await?;
    session.continuation(&tag).await?.map_err(|refusal| refused(&refusal, login))?;
    line(session, message).await?;
    Ok(tag)
}

async fn line(session: &mut Session, text: &str) -> Result<(), ConnectorError> {
    session.write(text.as_bytes()).await?;
    session.write(b"\r\n").await?;
    session.flush().await
}

/// XOAUTH2 (Google, Microsoft), or OAUTHBEARER (RFC 7628) where a server has that alone: the token and the mailbox. A
/// refusal comes as a challenge first, which holds a reason that nobody here needs, and must be answered.
async fn by_token(session: &mut Session, login: &ImapLogin, mailbox: &str) -> Result<Reply, ConnectorError> {
    let token = login.password.expose_secret();
    let (mechanism, message, answer) = if session.can("AUTH=OAUTHBEARER") && !session.can("AUTH=XOAUTH2") {
        let (name, Endpoint { host, port, .. }) = (mailbox.replace('=', "=3D").replace(',', "=2C"), &login.endpoint);
        let message = format!("n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01");
        ("OAUTHBEARER", message, STANDARD.encode("\x01"))
    } else {
        ("XOAUTH2", format!("user={mailbox}\x01auth=Bearer {token}\x01\x01"), String::new())
    };
    let tag = sasl(session, login, mechanism, &STANDARD.encode(message)).await?;
    let mut reply = Reply::default();
    // A server that answers with one challenge after the other is none of those that this is for.
    for _ in 0..2 {
        match session.finish_or_challenge(&tag, &mut reply, session.patience.append).await? {
            Some(Ok(())) => return Ok(reply),
            Some(Err(refusal)) => {
                let error = refused(&refusal, login);
                let code = match error.code {
                    FindingCode::WrongPassword => FindingCode::TokenRefused,
                    other => other,
                };
                return Err(ConnectorError { code, ..error });
            }
            None => line(session, &answer).await?,
        }
    }
    Err(ConnectorError::new(FindingCode::ServerError, Decision::Permanent, login.name.clone()))
}

/// Kerio: the master password is proved by MD5 of challenge and password, then the mailbox is chosen.
async fn as_kerio_master(session: &mut Session, login: &ImapLogin, mailbox: &str) -> Result<Reply, ConnectorError> {
    let command = if session.can("AUTH=X-MASTERAUTH") { "AUTHENTICATE X-MASTERAUTH" } else { "X-MASTERAUTH" };
    let tag = session.send(command).await?;
    let challenge = session.challenge(&tag).await?.map_err(|refusal| refused(&refusal, login))?;
    let digest = Md5::digest(format!("{}{}", challenge.trim(), login.password.expose_secret()).as_bytes());
    let answer = format!("{:032x}", u128::from_be_bytes(digest.into()));
    line(session, &answer).await?;
    session.finish(&tag, doing(login), session.patience.append, |_| {}).await?;
    let tag = command_with(session, login, "X-SETUSER", &[mailbox]).await?;
    session.finish(&tag, Doing::ActFor, session.patience.append, |_| {}).await
}

/// LOGIN (RFC 9051 section 6.2.3).
async fn login_command(session: &mut Session, login: &ImapLogin, user: &str) -> Result<Reply, ConnectorError> {
    let tag = command_with(session, login, "LOGIN", &[user, login.password.expose_secret()]).await?;
    session.finish(&tag, doing(login), session.patience.append, |_| {}).await
}

/// A command with strings; what a quoted string cannot hold goes as a literal.
async fn command_with(
    session: &mut Session,
    login: &ImapLogin,
    command: &str,
    texts: &[&str],
) -> Result<Tag, ConnectorError> {
    let tag = session.begin(command).await?;
    for text in texts {
        if wire::is_quotable(text) {
            session.write(format!(" {}", wire::quoted(text)).as_bytes()).await?;
        } else {
            session.write(format!(" {{{}}}\r\n", text.len()).as_bytes()).await?;
            session.flush().await?;
            session.continuation(&tag).await?.map_err(|refusal| refused(&refusal, login))?;
            session.write(text.as_bytes()).await?;
        }
    }
    session.end().await?;
    session.flush().await?;
    Ok(tag)
}

/// LOGOUT; how the server takes it does not matter any more, so that nobody waits for its goodbye.
pub(super) async fn log_out(mut session: Session) {
    if session.broken {
        return;
    }
    let farewell = async {
        if session.send("LOGOUT").await.is_ok() {
            let _ = session.guard().shutdown().await;
        }
    };
    let _ = tokio::time::timeout(std::time::Duration::from_secs(3), farewell).await;
}
