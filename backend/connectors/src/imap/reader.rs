//! An account that is only read: what *Verify* opens the destination with.

use mailferry_engine::{port::ConnectorError, verify::Opens};

use super::{account::ImapSource, connector::ImapLogin};
use crate::net::Network;

/// Opens one account by the type that has no method that writes.
#[derive(Clone)]
pub struct ImapReader {
    /// The way out.
    pub network: Network,
    /// The account.
    pub login: ImapLogin,
}

impl Opens for ImapReader {
    type Account = ImapSource;

    async fn open(&self) -> Result<ImapSource, ConnectorError> {
        ImapSource::open(&self.network, &self.login).await
    }
}
