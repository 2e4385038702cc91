//! Finding a mail service's settings from an address, its domain or a host name.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    endpoint::{Endpoint, HostName, TlsMode},
    finding::{Finding, FindingCode},
    ids::DiscoveryId,
    provider::LoginForm,
};

/// Starts a search: by `address`, or by `host` for a server named by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct DiscoveryCreate {
    /// A mail address or its domain. Only the domain is kept and asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 320, example = "anna@old.example"))]
    pub address: Option<String>,
    /// A server to be tried instead: which port and TLS mode does it take?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<HostName>,
    /// With `host`: this port only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 65535))]
    pub port: Option<u16>,
    /// With `host`: this TLS mode only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsMode>,
}

/// Where settings were found, the most trusted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// `https://autoconfig.DOMAIN/mail/config-v1.1.xml`
    Autoconfig,
    /// `https://DOMAIN/.well-known/autoconfig/mail/config-v1.1.xml`
    WellKnown,
    /// The list of known providers, by the domain.
    ProviderList,
    /// The list of known providers, by the domain of the host that takes the domain's mail (MX).
    MailExchanger,
    /// The DNS records `_imaps._tcp` and `_imap._tcp` (RFC 6186).
    ServiceRecord,
    /// Host names that many use: `imap.DOMAIN`, `mail.DOMAIN`.
    Guess,
    /// The host that was named.
    Named,
}

impl Origin {
    /// Every one, in the order in which they are asked.
    pub const ALL: [Self; 7] = [
        Self::Autoconfig,
        Self::WellKnown,
        Self::ProviderList,
        Self::MailExchanger,
        Self::ServiceRecord,
        Self::Guess,
        Self::Named,
    ];
}

/// Whether a server was really met at that place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Not tried yet.
    #[default]
    Open,
    /// An IMAP server answered there, over TLS with a certificate that names the host.
    Passed,
    /// It did not; the finding says why.
    Failed,
}

/// Settings that were found. Show host and origin before a password is sent there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Proposal {
    /// Where they were found.
    pub origin: Origin,
    /// The server.
    pub endpoint: Endpoint,
    /// What it wants as the login name.
    pub login: LoginForm,
    /// The provider's id in the list, if it is a known one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The provider's name, if it has told one or is a known one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What users of the provider must know before they enter a password.
    #[serde(default)]
    pub advice: Vec<FindingCode>,
    /// Whether a server was really met there.
    #[serde(default)]
    pub proof: Proof,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
}

/// What became of one place where settings may be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// It told settings.
    Found,
    /// It told none.
    Nothing,
    /// It could not be asked; the finding says why.
    Failed,
}

/// One place that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DiscoveryStep {
    /// Which one.
    pub origin: Origin,
    /// What became of it.
    pub state: StepState,
    /// Why it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
}

/// A search with what was found so far; it is forgotten after an hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Discovery {
    /// Its id; whoever knows it may read it.
    pub id: DiscoveryId,
    /// The domain that was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The host that was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostName>,
    /// When it was asked for.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// True once nothing more will come.
    pub finished: bool,
    /// What was found: proved ones first, then in the order of their origin.
    pub proposals: Vec<Proposal>,
    /// The places that were asked so far, in their order.
    pub steps: Vec<DiscoveryStep>,
}
