//! Every login with what somebody has typed asks for permission first: at most so many may fail an hour for a host and
//! user name, over all tenants, whoever tries them and why. Access tokens are fetched here, and renewed.

use std::time::Duration;

use mailferry_connectors::{
    imap::{ImapDestination, ImapLogin, ImapSource},
    net::Network,
};
use mailferry_engine::{
    port::{Connector, ConnectorError, Decision},
    verify::Opens,
};
use mailferry_shared::{
    finding::{Finding, FindingCode},
    sandbox::is_sandbox_name,
};
use mailferry_store::{LoginPermit, LoginTicket, PinnedCertificate, Store, StoreError};
use tokio::runtime::Handle;

use super::JobContext;
use crate::oauth::{AccessToken, StoredGrant, Tokens};

/// So long others are waited for that log in under the same name.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether they are done.
const LOOK: Duration = Duration::from_millis(250);

/// Tokens that were kept and are refused, one after the other, before the refusal is believed.
const OLD_TOKENS: u32 = 2;

/// After a server said that there are too many connections, fewer are given out for so long.
const LOWERED: Duration = Duration::from_secs(15 * 60);

/// How a side logs in.
#[derive(Clone)]
pub(super) struct SideLogin {
    /// Where, as whom and with what; of access tokens that are fetched, without one.
    pub(super) login: ImapLogin,
    /// What they are fetched with.
    pub(super) grant: Option<StoredGrant>,
    /// The certificate that its server may show although it does not verify.
    pub(super) pinned: Option<PinnedCertificate>,
}

impl SideLogin {
    /// Whose mail it is about.
    pub(super) fn mailbox(&self) -> &str {
        self.login.act_for.as_deref().unwrap_or(&self.login.user)
    }

    /// What people are told of the certificate that was accepted for it.
    pub(super) fn told_of_certificate(&self) -> Option<Finding> {
        self.pinned.map(|pinned| pinned.finding(&self.login.endpoint))
    }

    /// Under which name failed logins are counted: nobody guesses what tokens are fetched with, and one that is refused
    /// concerns the mailbox alone.
    fn counted_as(&self) -> &str {
        if self.grant.is_some() { self.mailbox() } else { &self.login.user }
    }
}

/// Who permits logins, and fetches what they need.
#[derive(Clone)]
pub(super) struct Gate {
    store: Store,
    tokens: Tokens,
    /// How long a token service is waited for that wants to be left alone.
    patience: Duration,
}

impl Gate {
    /// For whoever waits for an answer.
    pub(super) fn patient(context: &JobContext) -> Self {
        Self { store: context.store.clone(), tokens: context.tokens.clone(), patience: PATIENCE }
    }

    /// For whoever can go on later by itself.
    pub(super) fn of(context: &JobContext) -> Self {
        Self { patience: Duration::ZERO, ..Self::patient(context) }
    }
}

/// True if these very credentials were refused: trying them again could lock the account, or tells the same again.
pub(super) fn is_refusal(code: FindingCode) -> bool {
    matches!(
        code,
        FindingCode::WrongPassword
            | FindingCode::AppPasswordNeeded
            | FindingCode::TokenRefused
            | FindingCode::TooManyAttempts
            | FindingCode::SignInAgain
            | FindingCode::OauthClientRefused
            | FindingCode::DelegationNotSetUp
            | FindingCode::TokenNotPermitted
    )
}

/// Logs in by `open`, if that is permitted, with an access token that is fetched for it where one is needed.
///
/// A certificate that was accepted counts as long as it is: whoever takes that back in the middle of a run parks it.
///
/// A token that was kept and is refused has been withdrawn or has ended: it is fetched anew. One that was fetched just now
/// and is refused all the same is not asked for again.
///
/// # Errors
/// [`StoreError`] if the store is not available; the inner error is the login's.
pub(super) async fn guarded<T, F>(
    gate: &Gate,
    side: &SideLogin,
    open: impl Fn(ImapLogin) -> F,
) -> Result<Result<T, ConnectorError>, StoreError>
where
    F: Future<Output = Result<T, ConnectorError>>,
{
    let (Some(pinned), endpoint) = (&side.pinned, &side.login.endpoint) else {
        return with_token(gate, side, open).await;
    };
    if gate.store.is_accepted(pinned, endpoint).await? {
        return with_token(gate, side, open).await;
    }
    let login = ImapLogin { pinned_certificate: None, ..side.login.clone() };
    let opened = with_token(gate, &SideLogin { login, pinned: None, ..side.clone() }, open).await?;
    Ok(opened.map_err(|error| match error.code {
        FindingCode::CertificateInvalid | FindingCode::CertificateMismatch => {
            ConnectorError { decision: Decision::Park, ..error }
        }
        _ => error,
    }))
}

async fn with_token<T, F>(
    gate: &Gate,
    side: &SideLogin,
    open: impl Fn(ImapLogin) -> F,
) -> Result<Result<T, ConnectorError>, StoreError>
where
    F: Future<Output = Result<T, ConnectorError>>,
{
    let Some(grant) = &side.grant else {
        return counted(&gate.store, side, is_refusal, open(side.login.clone())).await;
    };
    let (mut refused, mut refusals): (Option<AccessToken>, u32) = (None, 0);
    loop {
        let token = match gate.tokens.get_within(grant, side.mailbox(), refused.as_ref(), gate.patience).await {
            Ok(token) => token,
            Err(error) => return Ok(Err(error)),
        };
        let login = ImapLogin { password: token.secret.clone(), ..side.login.clone() };
        // Another session may have fetched the next one meanwhile, and that may have ended too.
        let may_be_old = !token.fresh && refusals < OLD_TOKENS;
        let opened = counted(&gate.store, side, |code| is_refusal(code) && !may_be_old, open(login)).await?;
        match opened {
            Err(error) if error.code == FindingCode::TokenRefused && may_be_old => {
                (refused, refusals) = (Some(token), refusals + 1);
            }
            Err(error) if error.code == FindingCode::TokenRefused => {
                return Ok(Err(ConnectorError { code: FindingCode::TokenNotPermitted, ..error }));
            }
            opened => return Ok(opened),
        }
    }
}

/// Logs in by `opening`, if that is permitted; what `counts` is a failed login.
async fn counted<T>(
    store: &Store,
    side: &SideLogin,
    counts: impl Fn(FindingCode) -> bool,
    opening: impl Future<Output = Result<T, ConnectorError>>,
) -> Result<Result<T, ConnectorError>, StoreError> {
    let host = side.login.endpoint.host.as_str();
    if is_sandbox_name(&side.login.endpoint.host) {
        // Nobody's account, that could be guessed at or locked: a test host refuses as often as it is asked.
        return Ok(opening.await);
    }
    let refused = |code, decision| Ok(Err(ConnectorError::new(code, decision, side.login.name.clone())));
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let ticket = loop {
        match store.begin_login(host, side.counted_as()).await? {
            LoginPermit::Granted(ticket) => break UnderWay { store, ticket: Some(ticket) },
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
    let failed = opened.as_ref().is_err_and(|error| counts(error.code));
    ticket.end(failed).await?;
    Ok(opened)
}

/// A login that is under way. Whoever is told to stop drops it before the server has answered: nobody has learnt anything
/// of the password, and it does not count.
struct UnderWay<'a> {
    store: &'a Store,
    ticket: Option<LoginTicket>,
}

impl UnderWay<'_> {
    async fn end(mut self, failed: bool) -> Result<(), StoreError> {
        match self.ticket.take() {
            Some(ticket) => self.store.end_login(ticket, failed).await,
            None => Ok(()),
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let (Some(ticket), Ok(runtime)) = (self.ticket.take(), Handle::try_current()) else { return };
        let store = self.store.clone();
        runtime.spawn(async move {
            if let Err(error) = store.end_login(ticket, false).await {
                tracing::warn!(%error, "a login that was given up counts for a while");
            }
        });
    }
}

/// Connects two accounts, asking for permission before each login.
#[derive(Clone)]
pub(super) struct GuardedConnector {
    /// The way out.
    pub(super) network: Network,
    /// The account to read.
    pub(super) source: SideLogin,
    /// The account to write.
    pub(super) destination: SideLogin,
    /// Who permits.
    pub(super) gate: Gate,
}

impl GuardedConnector {
    /// What people are told of certificates that were accepted, the source's first.
    pub(super) fn told_of_certificates(&self) -> impl Iterator<Item = Finding> {
        [&self.source, &self.destination].into_iter().filter_map(SideLogin::told_of_certificate)
    }
}

impl Connector for GuardedConnector {
    type Source = ImapSource;
    type Destination = ImapDestination;

    async fn source(&self) -> Result<ImapSource, ConnectorError> {
        let network = &self.network;
        let open = |login: ImapLogin| async move { ImapSource::open(network, &login).await };
        permitted(guarded(&self.gate, &self.source, open).await)
    }

    async fn destination(&self) -> Result<ImapDestination, ConnectorError> {
        let network = &self.network;
        let open = |login: ImapLogin| async move { ImapDestination::open(network, &login).await };
        permitted(guarded(&self.gate, &self.destination, open).await)
    }
}

/// Opens one account for reading, asking for permission before each login.
#[derive(Clone)]
pub(super) struct GuardedReader {
    /// The way out.
    pub(super) network: Network,
    /// The account.
    pub(super) side: SideLogin,
    /// Who permits.
    pub(super) gate: Gate,
}

impl Opens for GuardedReader {
    type Account = ImapSource;

    async fn open(&self) -> Result<ImapSource, ConnectorError> {
        let network = &self.network;
        let open = |login: ImapLogin| async move { ImapSource::open(network, &login).await };
        permitted(guarded(&self.gate, &self.side, open).await)
    }
}

fn permitted<T>(result: Result<Result<T, ConnectorError>, StoreError>) -> Result<T, ConnectorError> {
    result.unwrap_or_else(|error| {
        let context = "asking for permission to log in";
        Err(ConnectorError::new(FindingCode::Internal, Decision::Retry, context).caused_by(error))
    })
}
