//! Which certificates are trusted.

use std::{io, path::Path, sync::Arc};

use mailferry_shared::certificate::CertificateFingerprint;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, Error as TlsError, RootCertStore,
    client::{Resumption, WebPkiServerVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
};
use rustls_pki_types::{CertificateDer, pem::PemObject};

use super::pinned::{CheckedCertificate, Unverified};

/// Which server certificates are trusted.
#[derive(Debug, Clone, Default)]
pub struct CertificateTrust {
    /// Roots besides the public ones: an operator's own, or a test's.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Trust any certificate. Only the command line offers this, for test servers.
    pub any: bool,
}

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// The file of extra roots cannot be read.
    #[error("the certificate file cannot be read: give a file of PEM certificates")]
    Roots(#[source] rustls_pki_types::pem::Error),
    /// A certificate in it is not usable as a root.
    #[error("the certificate file holds a certificate that is not usable as a root")]
    Root(#[source] TlsError),
    /// Certificates cannot be verified with these roots.
    #[error("certificates cannot be verified")]
    Verifier(#[source] rustls::client::VerifierBuilderError),
    /// The cryptography is not usable.
    #[error("TLS is not available")]
    Provider(#[source] TlsError),
}

impl CertificateTrust {
    /// The public roots, and those in a file of PEM certificates.
    ///
    /// # Errors
    /// [`TlsSetupError::Roots`] if the file cannot be read as such.
    pub fn with_roots_from(path: &Path) -> Result<Self, TlsSetupError> {
        let extra_roots = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(TlsSetupError::Roots)?;
        if extra_roots.is_empty() {
            return Err(TlsSetupError::Roots(rustls_pki_types::pem::Error::NoItemsFound));
        }
        Ok(Self { extra_roots, any: false })
    }

    /// TLS 1.2 or newer with these certificates.
    pub(super) fn client_tls(&self) -> Result<ClientTls, TlsSetupError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(TlsSetupError::Provider)?;
        let signatures = provider.signature_verification_algorithms;
        let usual = if self.any { None } else { Some(self.verifier(provider)?) };
        let verifier = CheckedCertificate { usual, pinned: None, signatures };
        let config =
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier.clone())).with_no_client_auth();
        Ok(ClientTls { config: Arc::new(config), verifier })
    }

    /// What verifies certificates by the roots.
    fn verifier(&self, provider: Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, TlsSetupError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in &self.extra_roots {
            roots.add(root.clone()).map_err(TlsSetupError::Root)?;
        }
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().map_err(TlsSetupError::Verifier)
    }
}

/// How handshakes are made.
#[derive(Clone)]
pub(super) struct ClientTls {
    config: Arc<ClientConfig>,
    /// What verifies certificates where none is pinned.
    verifier: CheckedCertificate,
}

impl ClientTls {
    /// With certificates that verify, and with this one.
    pub(super) fn config(&self, pinned: Option<CertificateFingerprint>) -> Arc<ClientConfig> {
        // Where any certificate is trusted, none needs to be.
        if pinned.is_none() || self.verifier.usual.is_none() {
            return self.config.clone();
        }
        let mut config = (*self.config).clone();
        // A session that is resumed shows no certificate: none may begin here and be resumed where it was not accepted.
        config.resumption = Resumption::disabled();
        let verifier = CheckedCertificate { pinned, ..self.verifier.clone() };
        config.dangerous().set_certificate_verifier(Arc::new(verifier));
        Arc::new(config)
    }
}

/// What a failed handshake was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HandshakeFailure {
    WrongName,
    BadCertificate,
    /// Another one was accepted.
    OtherCertificate,
    Other,
    /// The line was closed or reset, or the server said that it was in trouble: no matter of TLS.
    LineLost,
}

/// What the server showed in a handshake that failed for it.
pub(super) fn unverified(error: &io::Error) -> Option<&Unverified> {
    Unverified::of(error.get_ref()?.downcast_ref::<TlsError>()?)
}

pub(super) fn handshake_failure(error: &io::Error) -> HandshakeFailure {
    error.get_ref().and_then(|inner| tls_failure(inner)).unwrap_or(HandshakeFailure::LineLost)
}

/// What a failure of TLS was about; `None` if the error is of another kind.
pub(super) fn tls_failure(error: &(dyn std::error::Error + 'static)) -> Option<HandshakeFailure> {
    let error = error.downcast_ref::<TlsError>()?;
    if let Some(Unverified { cause, pinned, .. }) = Unverified::of(error) {
        return Some(match cause {
            _ if *pinned => HandshakeFailure::OtherCertificate,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                HandshakeFailure::WrongName
            }
            _ => HandshakeFailure::BadCertificate,
        });
    }
    Some(match error {
        TlsError::InvalidCertificate(_) => HandshakeFailure::BadCertificate,
        TlsError::AlertReceived(AlertDescription::InternalError | AlertDescription::UserCanceled) => {
            HandshakeFailure::LineLost
        }
        _ => HandshakeFailure::Other,
    })
}
