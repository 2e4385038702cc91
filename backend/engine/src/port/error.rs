//! Errors that carry their decision; only the retry loop interprets it.

use std::{error::Error, fmt, time::Duration};

use mailferry_domain::uid::Uid;
use mailferry_shared::{
    certificate::ServerCertificate,
    finding::{Finding, FindingCode, FindingDetail},
};

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Reconnect and go on; the same again will probably work.
    Retry,
    /// Wait this long, then reconnect and go on.
    Wait(Duration),
    /// Stop the run; it goes on by itself after this long.
    Postpone(Duration),
    /// Stop the run until its owner has mended something: a password, a full mailbox.
    Park,
    /// It concerns one message or folder; the rest goes on.
    Skip,
    /// The same again will fail again.
    Permanent,
}

/// What went wrong at a mail server, or on the way to it.
///
/// `context` is in our words; what the server said is never in it, so that it can be shown.
#[derive(Debug)]
pub struct ConnectorError {
    /// The cause, as page and API show it.
    pub code: FindingCode,
    /// What to do about it.
    pub decision: Decision,
    /// What we were doing.
    pub context: String,
    /// The cause below, for our own log.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl ConnectorError {
    /// An error of `code` while doing `context`.
    pub fn new(code: FindingCode, decision: Decision, context: impl Into<String>) -> Self {
        Self { code, decision, context: context.into(), source: None }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What a failed connection means where it has `worked` before: a name that is gone or a handshake that fails is most
    /// likely a mishap on the way there that somebody is mending.
    #[must_use]
    pub fn hopeful(self, worked: bool) -> Self {
        if worked && self.is_of_the_way() { Self { decision: Decision::Retry, ..self } } else { self }
    }

    /// True if it would be the same for good, and is about the way to the server.
    pub fn is_of_the_way(&self) -> bool {
        let of_the_way = matches!(
            self.code,
            FindingCode::UnknownHost
                | FindingCode::TlsFailed
                | FindingCode::CertificateInvalid
                | FindingCode::CertificateMismatch
                | FindingCode::StarttlsMissing
                | FindingCode::NotImap
        );
        of_the_way && self.decision == Decision::Permanent
    }

    /// What page and API show of it; of a certificate that was refused, with what the server showed.
    pub fn finding(&self) -> Finding {
        let finding = Finding::new(self.code);
        match self.source.as_ref().and_then(|source| source.downcast_ref::<CertificateRefused>()) {
            Some(CertificateRefused { certificate, .. }) => {
                finding.with(FindingDetail { certificate: Some(certificate.clone()), ..FindingDetail::default() })
            }
            None => finding,
        }
    }
}

impl fmt::Display for ConnectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.context, self.code.message())
    }
}

impl Error for ConnectorError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// A source refused one message after the other, each asked for alone, until it was left in peace: the cause of the
/// error that ends the session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} messages were refused, one after the other", .0.len())]
pub struct RefusedInARow(pub Vec<(usize, Uid)>);

/// A server's certificate did not verify: the cause of the error that says so.
#[derive(Debug, thiserror::Error)]
#[error("the certificate was refused")]
pub struct CertificateRefused {
    /// What the server showed.
    pub certificate: ServerCertificate,
    /// What is wrong with it.
    #[source]
    pub cause: Box<dyn Error + Send + Sync>,
}

/// What went wrong at the ledger. Either way nothing more may be sent.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another worker holds the run by now; every write of ours is refused.
    #[error("the run's lease is held by another worker")]
    Fenced,
    /// The database cannot be written or read; whether the last commit took effect is unknown.
    #[error("the ledger is not available")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}
