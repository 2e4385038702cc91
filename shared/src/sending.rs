//! Sending: what DNS says about who may send the mail of a domain (SPF, RFC 7208) and what it is signed with (DKIM,
//! RFC 6376), compared with what the new provider asks for.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a provider wants the DNS of its customers' domains to say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DnsSetup {
    /// The mail servers that MX records name; `*.` in front stands for any name below.
    #[cfg_attr(feature = "openapi", schema(example = json!(["smtp.google.com"])))]
    pub mx: Vec<String>,
    /// What the SPF record must contain.
    #[cfg_attr(feature = "openapi", schema(example = "include:_spf.google.com"))]
    pub spf: String,
    /// The selectors of its DKIM keys, the names in front of `._domainkey`; empty if each customer has others.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = json!(["google"])))]
    pub dkim_selectors: Vec<String>,
    /// The provider's own instructions.
    pub source: String,
}

/// Whether a domain lets the new provider send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SpfState {
    /// There is no SPF record: receivers have nothing to go by.
    Missing,
    /// There is more than one, which counts as none (RFC 7208 section 4.5): make one of them.
    TooMany,
    /// The record names the new provider.
    NamesNewProvider,
    /// The record does not name the new provider: what is sent there may be refused or taken for spam.
    LacksNewProvider,
    /// There is a record; what the new provider wants in it is not known here.
    Present,
}

/// Whether what is sent at the new provider can be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DkimState {
    /// A key of the new provider's is there.
    HasNewProvidersKey,
    /// None of the selectors that the new provider uses has a key.
    LacksNewProvidersKey,
    /// There are keys; which selectors the new provider uses is not known here.
    Present,
    /// No key was found under the usual selectors; there may be one under another.
    NotFound,
}

/// What DNS says about who may send the mail of a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sending {
    /// Whether the new provider may send.
    pub spf: SpfState,
    /// The SPF records as they stand there now.
    #[cfg_attr(feature = "openapi", schema(example = json!(["v=spf1 include:_spf.old.example -all"])))]
    pub spf_records: Vec<String>,
    /// What the SPF record must contain, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "include:_spf.google.com"))]
    pub spf_wanted: Option<String>,
    /// Whether what is sent at the new provider can be signed.
    pub dkim: DkimState,
    /// The selectors that have a key now.
    #[cfg_attr(feature = "openapi", schema(example = json!(["default"])))]
    pub dkim_selectors: Vec<String>,
    /// The selectors that the new provider uses, where they are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(example = json!(["google"])))]
    pub dkim_wanted: Vec<String>,
    /// When DNS answered.
    pub looked_up_at: DateTime<Utc>,
}
