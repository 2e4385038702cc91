//! Certificates of mail servers that could not be verified, and which of them somebody has accepted all the same.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{account::SideName, endpoint::HostName};

/// The SHA-256 of a certificate as the server sends it (DER), 64 hexadecimal digits.
///
/// Read with or without colons and blanks, as `openssl x509 -fingerprint -sha256` and browsers write it; written in lower
/// case without either.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = String, pattern = "^[0-9a-fA-F: ]{64,95}$", example = "8d1f3a5c7e9b0d2f4a6c8e0b1d3f5a7c9e1b3d5f7a9c0e2b4d6f8a0c1e3b5d7f")
)]
#[serde(try_from = "String", into = "String")]
pub struct CertificateFingerprint([u8; 32]);

/// The text is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a certificate's SHA-256 fingerprint has 64 hexadecimal digits")]
pub struct FingerprintError;

impl CertificateFingerprint {
    /// The fingerprint with this SHA-256.
    pub const fn new(sha256: [u8; 32]) -> Self {
        Self(sha256)
    }

    /// The SHA-256.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Four groups of eight bytes, for people who compare: `8d:1f:3a:5c:7e:9b:0d:2f 4a:6c:…`.
    pub fn grouped(&self) -> String {
        let mut text = String::with_capacity(95);
        for (at, byte) in self.0.iter().enumerate() {
            match at {
                0 => {}
                _ if at % 8 == 0 => text.push(' '),
                _ => text.push(':'),
            }
            for digit in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(digit.into(), 16));
            }
        }
        text
    }
}

impl FromStr for CertificateFingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let mut sha256 = [0; 32];
        let mut digits = text.chars().filter(|c| !matches!(c, ':' | ' '));
        for byte in &mut sha256 {
            for _ in 0..2 {
                let digit = digits.next().and_then(|digit| digit.to_digit(16)).ok_or(FingerprintError)?;
                *byte = *byte << 4 | u8::try_from(digit).map_err(|_| FingerprintError)?;
            }
        }
        if digits.next().is_none() { Ok(Self(sha256)) } else { Err(FingerprintError) }
    }
}

impl TryFrom<String> for CertificateFingerprint {
    type Error = FingerprintError;

    fn try_from(text: String) -> Result<Self, FingerprintError> {
        text.parse()
    }
}

impl From<CertificateFingerprint> for String {
    fn from(fingerprint: CertificateFingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl fmt::Display for CertificateFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CertificateFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a server showed to prove who it is. All but the fingerprint is what the certificate says of itself, which nobody
/// has verified: whoever made it could write anything. It is shortened, and nothing in it is invisible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerCertificate {
    /// Its SHA-256.
    pub fingerprint: CertificateFingerprint,
    /// The hosts that it names (RFC 5280 section 4.2.1.6), or else its subject's common name; at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Who has issued it: common name and organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Valid from this time on.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub not_before: Option<DateTime<Utc>>,
    /// Valid until this time.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub not_after: Option<DateTime<Utc>>,
    /// When somebody accepted it (`certificate_pinned`).
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<DateTime<Utc>>,
}

impl ServerCertificate {
    /// A certificate of which nothing is known but its fingerprint.
    pub fn of(fingerprint: CertificateFingerprint) -> Self {
        Self { fingerprint, names: Vec::new(), issuer: None, not_before: None, not_after: None, accepted_at: None }
    }
}

/// In English, for the command line and for files.
impl fmt::Display for ServerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA-256 {}", self.fingerprint)?;
        if !self.names.is_empty() {
            write!(f, ", for {}", self.names.join(" "))?;
        }
        if let Some(issuer) = &self.issuer {
            write!(f, ", issued by {issuer}")?;
        }
        let times = [("valid from", self.not_before), ("until", self.not_after), ("accepted", self.accepted_at)];
        for (word, at) in times.into_iter().filter_map(|(word, at)| Some((word, at?))) {
            write!(f, ", {word} {}", at.format("%Y-%m-%d %H:%M UTC"))?;
        }
        Ok(())
    }
}

/// Accepts a certificate that does not verify, for one server on one side of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CertificateAcceptance {
    /// On which side of the order.
    pub side: SideName,
    /// The server, as the order's provider or the account names it.
    pub host: HostName,
    /// Its port, 1 to 65535.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 65535))]
    pub port: u16,
}

/// Who accepted a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AcceptedBy {
    /// Whoever has the order's manage link.
    Owner,
    /// A member of the order's tenant, or an operator.
    Member,
    /// An API key.
    ApiKey,
}

/// A certificate that was accepted although it does not verify: exactly this one, for this server, on this side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcceptedCertificate {
    /// Its SHA-256.
    pub fingerprint: CertificateFingerprint,
    /// On which side of the order.
    pub side: SideName,
    /// The server.
    pub host: HostName,
    /// Its port.
    pub port: u16,
    /// When it was accepted.
    #[serde(deserialize_with = "crate::time::read")]
    pub accepted_at: DateTime<Utc>,
    /// By whom.
    pub accepted_by: AcceptedBy,
}

/// The certificates that were accepted for an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcceptedCertificates {
    /// At most one for each server of a side; the oldest first.
    pub items: Vec<AcceptedCertificate>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_as_people_and_tools_write_them() {
        let hex = "8d1f3a5c7e9b0d2f4a6c8e0b1d3f5a7c9e1b3d5f7a9c0e2b4d6f8a0c1e3b5d7f";
        let read: CertificateFingerprint = hex.parse().expect("valid");
        assert_eq!(read.to_string(), hex);
        assert!(read.grouped().starts_with("8d:1f:3a:5c:7e:9b:0d:2f 4a:6c:"), "{}", read.grouped());
        for other in [hex.to_uppercase(), read.grouped(), read.grouped().replace(' ', ":")] {
            assert_eq!(other.parse(), Ok(read), "{other}");
        }
        let long = format!("{hex}0");
        for bad in ["", &hex[1..], &long, &hex.replace('8', "g"), &hex.replace('8', "８"), "SHA-256"] {
            assert_eq!(bad.parse::<CertificateFingerprint>(), Err(FingerprintError), "{bad}");
        }
        assert!(serde_json::from_str::<CertificateFingerprint>("\"00\"").is_err());
    }

    #[test]
    fn a_certificate_is_told_in_one_line() {
        let told = ServerCertificate {
            names: vec!["imap.old.example".to_owned(), "10.0.0.1".to_owned()],
            issuer: Some("Old, Inc".to_owned()),
            not_after: Some(DateTime::UNIX_EPOCH),
            ..ServerCertificate::of(CertificateFingerprint::new([0xab; 32]))
        };
        let words = format!(
            "SHA-256 {}, for imap.old.example 10.0.0.1, issued by Old, Inc, until 1970-01-01 00:00 UTC",
            "ab".repeat(32)
        );
        assert_eq!(told.to_string(), words);
    }
}
