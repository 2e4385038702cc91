//! Certificates that do not verify, on the command line: how one is accepted, and that it was.

use mailferry_connectors::imap::ImapLogin;
use mailferry_shared::{
    certificate::ServerCertificate,
    endpoint::{Endpoint, TlsMode},
    finding::{Finding, FindingCode, FindingDetail},
};

/// What is noted of a login under a certificate that was accepted; nothing where no server shows one.
pub(crate) fn accepted(login: &ImapLogin) -> Option<Finding> {
    let pinned = login.pinned_certificate.filter(|_| login.endpoint.tls != TlsMode::Plaintext)?;
    let certificate = Some(ServerCertificate::of(pinned));
    let detail = FindingDetail { certificate, ..FindingDetail::default() };
    Some(Finding::new(FindingCode::CertificatePinned).about(login.endpoint.to_string()).with(detail))
}

/// Adds to a finding about a certificate how exactly that one is accepted; `ends` are the servers by the options that name
/// them.
pub(crate) fn advise(finding: &mut Finding, ends: &[(&str, &Endpoint)]) {
    let Some(certificate) = finding.detail.as_ref().and_then(|detail| detail.certificate.as_ref()) else { return };
    let subject = finding.subject.as_deref().unwrap_or_default();
    let is_its = |endpoint: &Endpoint| subject.ends_with(&format!(" {endpoint}"));
    let options: Vec<String> = ends
        .iter()
        .filter(|(_, endpoint)| is_its(endpoint))
        .map(|(option, _)| format!("--{option}-certificate {}", certificate.fingerprint))
        .collect();
    if options.is_empty() {
        return;
    }
    finding.next_step = format!(
        "{} To accept exactly this certificate, once its fingerprint is known to be the operator's, add {}.",
        finding.next_step,
        options.join(" ")
    );
}

#[cfg(test)]
mod tests {
    use mailferry_shared::certificate::CertificateFingerprint;

    use super::*;

    fn told(subject: &str, ends: &[(&str, &Endpoint)]) -> String {
        let certificate = ServerCertificate::of(CertificateFingerprint::new([0xab; 32]));
        let detail = FindingDetail { certificate: Some(certificate), ..FindingDetail::default() };
        let mut finding = Finding::new(FindingCode::CertificateInvalid).about(subject).with(detail);
        advise(&mut finding, ends);
        finding.next_step
    }

    #[test]
    fn an_accepted_certificate_is_noted_unless_the_line_is_plain() {
        let mut login = ImapLogin::of_owner(
            "the source",
            Endpoint::imaps("imap.old.example".parse().expect("a host")),
            "anna",
            "secret",
        );
        assert_eq!(accepted(&login), None);
        login.pinned_certificate = Some(CertificateFingerprint::new([0xab; 32]));
        let code = |login: &ImapLogin| accepted(login).map(|finding| finding.code);
        assert_eq!(code(&login), Some(FindingCode::CertificatePinned));
        login.endpoint.tls = TlsMode::Plaintext;
        assert_eq!(code(&login), None, "no certificate is shown there");
    }

    #[test]
    fn the_option_of_the_server_that_showed_it_is_named() {
        let [old, new] =
            ["imap.old.example", "map.old.example"].map(|host| Endpoint::imaps(host.parse().expect("a host")));
        let hex = "ab".repeat(32);
        let both = [("source", &old), ("destination", &new)];
        let words = told("starting TLS with imap.old.example:993", &both);
        assert!(words.ends_with(&format!("add --source-certificate {hex}.")), "{words}");
        let words = told("starting TLS with map.old.example:993", &both);
        assert!(words.ends_with(&format!("add --destination-certificate {hex}.")), "{words}");
        let words = told("starting TLS with imap.old.example:993", &[("source", &old), ("destination", &old)]);
        assert!(words.contains("--source-certificate") && words.contains("--destination-certificate"), "{words}");
        assert_eq!(told("elsewhere", &both), FindingCode::CertificateInvalid.next_step());
    }
}
