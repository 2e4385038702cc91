//! The lab's own certificate authority: one a process, so that two servers need one trusted file only.

use std::{io, sync::OnceLock};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// The authority's certificate.
    pub(crate) pem: String,
}

/// A server's certificate and key, PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn of_process() -> io::Result<&'static Self> {
        static AUTHORITY: OnceLock<Authority> = OnceLock::new();
        if let Some(made) = AUTHORITY.get() {
            return Ok(made);
        }
        let made = Self::new().map_err(io::Error::other)?;
        Ok(AUTHORITY.get_or_init(|| made))
    }

    fn new() -> Result<Self, rcgen::Error> {
        let mut parameters = CertificateParams::new(Vec::new())?;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, "Mailferry lab CA");
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let pem = parameters.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(parameters, key), pem })
    }

    /// A certificate for a server with these names and addresses.
    pub(crate) fn identity(&self, names: &[&str]) -> io::Result<Identity> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        self.sign(names).map_err(io::Error::other)
    }

    fn sign(&self, names: Vec<String>) -> Result<Identity, rcgen::Error> {
        let mut parameters = CertificateParams::new(names)?;
        parameters.distinguished_name.push(DnType::CommonName, "Mailferry lab server");
        parameters.use_authority_key_identifier_extension = true;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = parameters.signed_by(&key, &self.issuer)?.pem();
        Ok(Identity { certificate, key: key.serialize_pem() })
    }
}

/// A certificate that nobody but itself has signed, and its key (PKCS #8), DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfSigned {
    /// The certificate.
    pub certificate: Vec<u8>,
    /// Its key.
    pub key: Vec<u8>,
}

impl SelfSigned {
    /// With these names, however odd, and this common name.
    pub fn new(names: &[&str], common_name: &str) -> io::Result<Self> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Self::signed(names, common_name).map_err(io::Error::other)
    }

    fn signed(names: Vec<String>, common_name: &str) -> Result<Self, rcgen::Error> {
        let mut parameters = CertificateParams::new(names)?;
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, common_name);
        let key = KeyPair::generate()?;
        let certificate = parameters.self_signed(&key)?.der().to_vec();
        Ok(Self { certificate, key: key.serialize_der() })
    }
}
