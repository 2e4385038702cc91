//! From a host name to a logged-in session.

use base64::{Engine, engine::general_purpose::STANDARD};
use mailferry_engine::port::{ConnectorError, Decision};
use mailferry_shared::{endpoint::TlsMode, finding::FindingCode};
use secrecy::ExposeSecret;
use tokio::io::AsyncWriteExt;

use super::{
    connector::ImapLogin,
    guard::Guard,
    refusal::{Doing, Refusal},
    session::{Reply, Session},
    wire,
};
use crate::net::{Network, Stream};

/// Connects, protects the connection as asked, and logs in.
pub(super) async fn log_in(network: &Network, login: &ImapLogin) -> Result<Session, ConnectorError> {
    let mut session = connect(network, login).await?;
    let mut reply = authenticate(&mut session, login).await?;
    // What a server can do may change with the login; many tell it with their answer.
    if !session.learn_capabilities(&mut reply) {
        session.ask_capabilities().await?;
    }
    session.squeeze = network.squeeze();
    session.ask_naming().await?;
    Ok(session)
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
    let tcp = network.connect(endpoint).await?;
    let stream = match endpoint.tls {
        TlsMode::Implicit => network.start_tls(tcp, endpoint).await?,
        TlsMode::Starttls | TlsMode::Plaintext => Stream::new(tcp),
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
    if endpoint.tls == TlsMode::Starttls { upgrade(network, login, session).await } else { Ok(session) }
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
    let stream = network.start_tls(guard.into_inner(), &login.endpoint).await?;
    Ok(Session::new(Guard::new(stream), login.name.clone(), network.patience()))
}

async fn authenticate(session: &mut Session, login: &ImapLogin) -> Result<Reply, ConnectorError> {
    if session.knows_no_capabilities() {
        session.ask_capabilities().await?;
    }
    if session.can("AUTH=PLAIN") || login.act_for.is_some() {
        return authenticate_plain(session, login).await;
    }
    if session.can("LOGINDISABLED") {
        return Err(ConnectorError::new(FindingCode::OauthNeeded, Decision::Park, login.name.clone()));
    }
    login_command(session, login).await
}

fn doing(login: &ImapLogin) -> Doing {
    Doing::Login { for_another: login.act_for.is_some() }
}

fn refused(refusal: &Refusal, login: &ImapLogin) -> ConnectorError {
    refusal.error(doing(login), login.name.clone())
}

/// SASL PLAIN (RFC 4616), with an initial response where the server takes one (SASL-IR, RFC 4959).
async fn authenticate_plain(session: &mut Session, login: &ImapLogin) -> Result<Reply, ConnectorError> {
    let authzid = login.act_for.as_deref().unwrap_or_default();
    let message = STANDARD.encode(format!("{authzid}\0{}\0{}", login.user, login.password.expose_secret()));
    let tag = if session.can("SASL-IR") {
        session.send(&format!("AUTHENTICATE PLAIN {message}")).await?
    } else {
        let tag = session.send("AUTHENTICATE PLAIN").await?;
        session.continuation(&tag).await?.map_err(|refusal| refused(&refusal, login))?;
        session.write(message.as_bytes()).await?;
        session.write(b"\r\n").await?;
        session.flush().await?;
        tag
    };
    session.finish(&tag, doing(login), session.patience.append, |_| {}).await
}

/// LOGIN (RFC 9051 section 6.2.3); what a quoted string cannot hold goes as a literal.
async fn login_command(session: &mut Session, login: &ImapLogin) -> Result<Reply, ConnectorError> {
    let tag = session.begin("LOGIN").await?;
    for text in [login.user.as_str(), login.password.expose_secret()] {
        if wire::is_quotable(text) {
            session.write(format!(" {}", wire::quoted(text)).as_bytes()).await?;
        } else {
            session.write(format!(" {{{}}}\r\n", text.len()).as_bytes()).await?;
            session.flush().await?;
            session.continuation(&tag).await?.map_err(|refusal| refused(&refusal, login))?;
            session.write(text.as_bytes()).await?;
        }
    }
    session.write(b"\r\n").await?;
    session.flush().await?;
    session.finish(&tag, doing(login), session.patience.append, |_| {}).await
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
