//! Known providers.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{
    delegation::{CredentialKind, DelegationForm},
    endpoint::Endpoint,
    finding::FindingCode,
};

/// What a provider wants as the login name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LoginForm {
    /// The whole mail address.
    #[default]
    Address,
    /// The part before the `@`.
    LocalPart,
}

/// A known provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Provider {
    /// Its id, stable.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Mail domains that belong to it.
    pub domains: Vec<String>,
    /// Its server; absent for a product whose host must be named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// Where its users' mail programs hand in what they send (RFC 6409, RFC 8314).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<Endpoint>,
    /// What it wants as the login name.
    #[serde(default)]
    pub login: LoginForm,
    /// What its users must know before they enter a password.
    #[serde(default)]
    pub advice: Vec<FindingCode>,
    /// The address of its own instructions, where there is such advice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// How its server is told for whom an admin logs in, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<DelegationForm>,
    /// Ways to log in by access tokens that are fetched, and what must be set up for each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub oauth: Vec<OauthSetup>,
    /// Another way in that it offers, such as STARTTLS on port 143.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Endpoint>,
    /// What its users should know of its limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<ProviderLimits>,
    /// The day on which it ends its service.
    #[serde(default, deserialize_with = "crate::time::read_day_opt", skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<NaiveDate>,
}

/// What a provider takes and gives; what is absent is not limited, or not known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ProviderLimits {
    /// The largest message that it takes, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_bytes: Option<u64>,
    /// The largest message that it takes unless its administrators have set another limit, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual_message_bytes: Option<u64>,
    /// The largest attachment that it takes, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment_bytes: Option<u64>,
    /// What a mailbox holds, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailbox_bytes: Option<u64>,
    /// What may be read from an account in a day, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily_bytes_down: Option<u64>,
    /// What may be written to an account in a day, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily_bytes_up: Option<u64>,
}

/// What must be set up at a provider before access tokens can be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OauthSetup {
    /// By what they are fetched.
    pub credential: CredentialKind,
    /// What the mailbox's owner or the domain's administrator must do, in plain English.
    pub setup: String,
    /// The provider's own instructions.
    pub source: String,
}

/// Providers that match a search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderList {
    /// Best match first.
    pub items: Vec<Provider>,
}
