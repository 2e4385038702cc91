//! Every login with what somebody has typed asks for permission first: at most so many may fail an hour for a host and
//! user name, over all tenants, whoever tries them and why.

use std::time::Duration;

use mailferry_connectors::imap::{ImapConnector, ImapDestination, ImapLogin, ImapReader, ImapSource};
use mailferry_engine::{
    port::{Connector, ConnectorError, Decision},
    verify::Opens,
};
use mailferry_shared::{finding::FindingCode, sandbox::is_sandbox_name};
use mailferry_store::{LoginPermit, Store, StoreError};

/// So long others are waited for that log in under the same name.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether they are done.
const LOOK: Duration = Duration::from_millis(250);

/// After a server said that there are too many connections, fewer are given out for so long.
const LOWERED: Duration = Duration::from_secs(15 * 60);

/// True if the server refused these very credentials: trying them again could lock the account.
pub(super) fn is_refusal(code: FindingCode) -> bool {
    matches!(
        code,
        FindingCode::WrongPassword
            | FindingCode::AppPasswordNeeded
            | FindingCode::TokenRefused
            | FindingCode::TooManyAttempts
    )
}

/// Logs in by `opening`, if that is permitted.
///
/// # Errors
/// [`StoreError`] if the store is not available; the inner error is the login's.
pub(super) async fn guarded<T>(
    store: &Store,
    login: &ImapLogin,
    opening: impl Future<Output = Result<T, ConnectorError>>,
) -> Result<Result<T, ConnectorError>, StoreError> {
    if is_sandbox_name(&login.endpoint.host) {
        // Nobody's account, that could be guessed at or locked: a test host refuses as often as it is asked.
        return Ok(opening.await);
    }
    let refused = |code, decision| Ok(Err(ConnectorError::new(code, decision, login.name.clone())));
    let host = login.endpoint.host.as_str();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let ticket = loop {
        match store.begin_login(host, &login.user).await? {
            LoginPermit::Granted(ticket) => break ticket,
            LoginPermit::Refused => return refused(FindingCode::TooManyAttempts, Decision::Park),
            LoginPermit::Busy if tokio::time::Instant::now() < deadline => tokio::time::sleep(LOOK).await,
            LoginPermit::Busy => return refused(FindingCode::TooManyConnections, Decision::Wait(PATIENCE)),
        }
    };
    let opened = opening.await;
    if opened.as_ref().is_err_and(|error| error.code == FindingCode::TooManyConnections) {
        tracing::info!(host, "a server allows fewer connections");
        store.lower_connections(&host.to_lowercase(), LOWERED).await?;
    }
    let failed = opened.as_ref().is_err_and(|error| is_refusal(error.code));
    store.end_login(ticket, failed).await?;
    Ok(opened)
}

/// Connects two accounts, asking for permission before each login.
#[derive(Clone)]
pub(super) struct GuardedConnector {
    /// Who connects.
    pub(super) inner: ImapConnector,
    /// Who permits.
    pub(super) store: Store,
}

impl Connector for GuardedConnector {
    type Source = ImapSource;
    type Destination = ImapDestination;

    async fn source(&self) -> Result<ImapSource, ConnectorError> {
        permitted(guarded(&self.store, &self.inner.source, self.inner.source()).await)
    }

    async fn destination(&self) -> Result<ImapDestination, ConnectorError> {
        permitted(guarded(&self.store, &self.inner.destination, self.inner.destination()).await)
    }
}

/// Opens one account for reading, asking for permission before each login.
#[derive(Clone)]
pub(super) struct GuardedReader {
    /// Who opens.
    pub(super) inner: ImapReader,
    /// Who permits.
    pub(super) store: Store,
}

impl Opens for GuardedReader {
    type Account = ImapSource;

    async fn open(&self) -> Result<ImapSource, ConnectorError> {
        permitted(guarded(&self.store, &self.inner.login, self.inner.open()).await)
    }
}

fn permitted<T>(result: Result<Result<T, ConnectorError>, StoreError>) -> Result<T, ConnectorError> {
    result.unwrap_or_else(|error| {
        let context = "asking for permission to log in";
        Err(ConnectorError::new(FindingCode::Internal, Decision::Retry, context).caused_by(error))
    })
}
