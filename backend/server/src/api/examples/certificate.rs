//! Examples of certificates that were accepted.

use mailferry_shared::{
    account::SideName,
    certificate::{
        AcceptedBy, AcceptedCertificate, AcceptedCertificates, CertificateAcceptance, CertificateFingerprint,
    },
};

use super::at;

/// A mail server in the cellar, with a certificate that it has signed itself.
pub fn acceptance() -> Option<CertificateAcceptance> {
    Some(CertificateAcceptance { side: SideName::Source, host: "mail.old.example".parse().ok()?, port: 993 })
}

/// The same, once it is accepted.
pub fn accepted() -> Option<AcceptedCertificate> {
    let CertificateAcceptance { side, host, port } = acceptance()?;
    let bytes = std::array::from_fn(|at| u8::try_from(at).unwrap_or_default().wrapping_mul(37));
    Some(AcceptedCertificate {
        fingerprint: CertificateFingerprint::new(bytes),
        side,
        host,
        port,
        accepted_at: at(5),
        accepted_by: AcceptedBy::Owner,
    })
}

/// Those of an order.
pub fn list() -> AcceptedCertificates {
    AcceptedCertificates { items: accepted().into_iter().collect() }
}
