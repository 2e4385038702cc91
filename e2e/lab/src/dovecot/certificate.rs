//! The certificate that a server shows.

use std::{fmt::Write as _, io};

use aws_lc_rs::digest::{SHA256, digest};
use rustls_pki_types::{CertificateDer, pem::PemObject};

use super::Dovecot;
use crate::authority::Authority;

impl Dovecot {
    /// The server's own certificate, DER.
    pub fn certificate(&self) -> io::Result<Vec<u8>> {
        let certificate = CertificateDer::from_pem_file(self.path("cert.pem")).map_err(io::Error::other)?;
        Ok(certificate.to_vec())
    }

    /// Its SHA-256, 64 hexadecimal digits.
    pub fn certificate_fingerprint(&self) -> io::Result<String> {
        let mut text = String::with_capacity(64);
        for byte in digest(&SHA256, &self.certificate()?).as_ref() {
            let _ = write!(text, "{byte:02x}");
        }
        Ok(text)
    }

    /// Stops the server, gives it a certificate with another key for the same names, and starts it again.
    pub fn renew_certificate(&self) -> io::Result<()> {
        self.stop();
        self.write_identity(Authority::of_process()?)?;
        self.start_again()
    }
}
