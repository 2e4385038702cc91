//! The verifier of every handshake: certificates must verify, but for the one that somebody has accepted for this server,
//! and where any is trusted.
//!
//! Whatever the certificate, the server must prove that it has its key: the handshake's signature is always verified.

use std::{fmt, sync::Arc};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use mailferry_shared::certificate::CertificateFingerprint;
use rustls::{
    CertificateError, DigitallySignedStruct, Error as TlsError, OtherError, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::certificate::fingerprint;

/// A certificate did not verify, and is not the one that was accepted.
#[derive(thiserror::Error)]
#[error("the certificate did not verify: {cause}")]
pub(super) struct Unverified {
    /// The server's certificate, DER.
    pub(super) leaf: Vec<u8>,
    /// True if another one was accepted.
    pub(super) pinned: bool,
    /// What is wrong with it.
    pub(super) cause: CertificateError,
}

impl fmt::Debug for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unverified").field("pinned", &self.pinned).field("cause", &self.cause).finish_non_exhaustive()
    }
}

impl Unverified {
    /// What a handshake failed for, if it was the certificate.
    pub(super) fn of(error: &TlsError) -> Option<&Self> {
        let TlsError::InvalidCertificate(CertificateError::Other(OtherError(inner))) = error else { return None };
        inner.downcast_ref()
    }
}

/// Takes certificates that verify, and the one that is pinned.
#[derive(Debug, Clone)]
pub(super) struct CheckedCertificate {
    /// What verifies certificates by the roots; none if any is trusted: neither name nor chain is looked at.
    pub(super) usual: Option<Arc<WebPkiServerVerifier>>,
    /// The one that was accepted.
    pub(super) pinned: Option<CertificateFingerprint>,
    /// What the signatures of handshakes are verified with.
    pub(super) signatures: WebPkiSupportedAlgorithms,
}

impl CheckedCertificate {
    fn is_pinned(&self, leaf: &CertificateDer<'_>) -> bool {
        let same = |pinned: CertificateFingerprint| {
            verify_slices_are_equal(pinned.as_bytes(), fingerprint(leaf).as_bytes()).is_ok()
        };
        self.pinned.is_some_and(same)
    }
}

impl ServerCertVerifier for CheckedCertificate {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let Some(usual) = &self.usual else { return Ok(ServerCertVerified::assertion()) };
        match usual.verify_server_cert(leaf, intermediates, name, ocsp_response, now) {
            Err(_) if self.is_pinned(leaf) => Ok(ServerCertVerified::assertion()),
            Err(TlsError::InvalidCertificate(cause)) => {
                let unverified = Unverified { leaf: leaf.to_vec(), pinned: self.pinned.is_some(), cause };
                Err(CertificateError::Other(OtherError(Arc::new(unverified))).into())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signature, &self.signatures)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signature, &self.signatures)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signatures.supported_schemes()
    }
}
