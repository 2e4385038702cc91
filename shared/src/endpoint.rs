//! Where a mail service listens.

use std::{fmt, net::IpAddr, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::address::{is_host_name, lower_case};

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TlsMode {
    /// TLS from the first byte (RFC 8314), usually port 993.
    #[default]
    Implicit,
    /// Plain greeting, then STARTTLS, which is required (RFC 9051 section 6.2.1), usually port 143.
    Starttls,
    /// No TLS at all. Refused unless the service's operator permits it.
    Plaintext,
}

/// A host name (RFC 1123, international letters allowed) or an IP address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);

/// The text is neither a host name nor an IP address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a host name; one looks like imap.example.org")]
pub struct HostNameError(String);

impl HostName {
    /// The name, lower case, without a final dot; an IPv6 address without brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address, if the user named one instead of a host.
    pub fn ip(&self) -> Option<IpAddr> {
        self.0.parse().ok()
    }
}

impl FromStr for HostName {
    type Err = HostNameError;

    fn from_str(text: &str) -> Result<Self, HostNameError> {
        let name = lower_case(text.trim().trim_end_matches('.'));
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        if bare.parse::<IpAddr>().is_ok() {
            return Ok(Self(bare.to_owned()));
        }
        // A name of digits and dots only is a mistyped address.
        if is_host_name(&name) && name.chars().any(char::is_alphabetic) {
            Ok(Self(name))
        } else {
            Err(HostNameError(text.chars().take(80).collect()))
        }
    }
}

impl TryFrom<String> for HostName {
    type Error = HostNameError;

    fn try_from(text: String) -> Result<Self, HostNameError> {
        text.parse()
    }
}

impl From<HostName> for String {
    fn from(host: HostName) -> Self {
        host.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A server: host, port and TLS mode. Its kind is IMAP (RFC 9051); others come later.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Host name or IP address.
    pub host: HostName,
    /// TCP port, 1 to 65535.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 65535))]
    pub port: u16,
    /// How the connection is protected.
    #[serde(default)]
    pub tls: TlsMode,
    /// The name that the server's certificate must carry, where it is another one: for a server named by its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_host: Option<HostName>,
}

impl Endpoint {
    /// An endpoint with implicit TLS on port 993.
    pub fn imaps(host: HostName) -> Self {
        Self::new(host, 993, TlsMode::Implicit)
    }

    /// An endpoint whose certificate carries its host's name.
    pub fn new(host: HostName, port: u16, tls: TlsMode) -> Self {
        Self { host, port, tls, certificate_host: None }
    }

    /// The name that the server's certificate must carry.
    pub fn certificate_name(&self) -> &HostName {
        self.certificate_host.as_ref().unwrap_or(&self.host)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.as_str().contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_and_addresses_are_told_from_nonsense() {
        for good in ["imap.example.org", "IMAP.Example.org.", "localhost", "127.0.0.1", "[::1]", "müller.example"] {
            assert!(good.parse::<HostName>().is_ok(), "{good}");
        }
        for bad in ["", "imap example", "127.0.0", "http://x", "a..b", "-x.org"] {
            assert!(bad.parse::<HostName>().is_err(), "{bad}");
        }
    }
}
