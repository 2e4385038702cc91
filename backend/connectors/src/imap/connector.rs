//! IMAP on both sides.

use mailferry_engine::port::{Connector, ConnectorError};
use mailferry_shared::{
    certificate::CertificateFingerprint,
    delegation::{CredentialKind, Delegation},
    endpoint::Endpoint,
};
use secrecy::SecretString;

use super::{
    account::{ImapDestination, ImapSource},
    append::Outbox,
    auth,
};
use crate::net::Network;

/// How to log in to one account.
#[derive(Debug, Clone)]
pub struct ImapLogin {
    /// What to call it in messages, in our words: "the source at imap.example.org:993".
    pub name: String,
    /// The server.
    pub endpoint: Endpoint,
    /// Login name; an admin's if `act_for` is set.
    pub user: String,
    /// The password, or the token, of `user`.
    pub password: SecretString,
    /// What it is: a password, or else an access token, however it was got.
    pub kind: CredentialKind,
    /// The mailbox that `user`, an admin, acts for.
    pub act_for: Option<String>,
    /// How the server is told so.
    pub delegation: Delegation,
    /// Permits a connection without TLS, if the endpoint asks for one.
    pub allow_plaintext: bool,
    /// The certificate that is taken from the server although it does not verify: the one that somebody has accepted.
    pub pinned_certificate: Option<CertificateFingerprint>,
}

impl ImapLogin {
    /// An owner's login by their password: for nobody else, under TLS, and with a certificate that verifies.
    pub fn of_owner(
        name: impl Into<String>,
        endpoint: Endpoint,
        user: impl Into<String>,
        password: impl Into<SecretString>,
    ) -> Self {
        Self {
            name: name.into(),
            endpoint,
            user: user.into(),
            password: password.into(),
            kind: CredentialKind::Password,
            act_for: None,
            delegation: Delegation::default(),
            allow_plaintext: false,
            pinned_certificate: None,
        }
    }
}

/// Connects an IMAP source with an IMAP destination.
#[derive(Clone)]
pub struct ImapConnector {
    /// The way out.
    pub network: Network,
    /// The account to read.
    pub source: ImapLogin,
    /// The account to write.
    pub destination: ImapLogin,
}

impl Connector for ImapConnector {
    type Source = ImapSource;
    type Destination = ImapDestination;

    async fn source(&self) -> Result<ImapSource, ConnectorError> {
        ImapSource::open(&self.network, &self.source).await
    }

    async fn destination(&self) -> Result<ImapDestination, ConnectorError> {
        ImapDestination::open(&self.network, &self.destination).await
    }
}

impl ImapSource {
    /// Logs in to an account for reading.
    ///
    /// # Errors
    /// [`ConnectorError`] with the reason; a refused login has the decision to park, so that it is never tried in a
    /// loop.
    pub async fn open(network: &Network, login: &ImapLogin) -> Result<Self, ConnectorError> {
        Ok(Self(auth::log_in(network, login).await?))
    }
}

impl ImapDestination {
    /// Logs in to an account for writing.
    ///
    /// # Errors
    /// As [`ImapSource::open`].
    pub async fn open(network: &Network, login: &ImapLogin) -> Result<Self, ConnectorError> {
        Ok(Self(auth::log_in(network, login).await?, Outbox::default()))
    }
}
