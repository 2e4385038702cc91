//! API keys and their scopes.

use std::{collections::BTreeSet, fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{ApiKeyId, MemberId},
    secret::Secret,
};

macro_rules! scopes {
    ($($name:ident, $text:literal, $doc:literal;)*) => {
        /// What an API key may be used for. To write includes to read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Scope {
            $(#[doc = $doc] #[serde(rename = $text)] $name,)*
        }

        impl Scope {
            /// Every scope there is.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The scope as it stands in JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

scopes! {
    OrdersRead, "orders:read", "Read orders, their accounts, runs and protocols.";
    OrdersWrite, "orders:write", "Create, change, start and delete orders.";
    VouchersRead, "vouchers:read", "List vouchers and what they were used for.";
    VouchersWrite, "vouchers:write", "Create and revoke vouchers.";
    PaymentsRead, "payments:read", "See prices.";
    PaymentsWrite, "payments:write", "Set prices, pay back.";
    LinksRead, "links:read", "List pre-configured links.";
    LinksWrite, "links:write", "Create, change and revoke pre-configured links.";
    WebhooksRead, "webhooks:read", "List webhook endpoints and their deliveries.";
    WebhooksWrite, "webhooks:write", "Create, change and delete webhook endpoints, replay deliveries.";
    RequestsRead, "requests:read", "Operators only: see the queue of requested migrations.";
    RequestsWrite, "requests:write", "Operators only: take, start and decline requested migrations.";
    MembersRead, "members:read", "List members.";
    MembersWrite, "members:write", "Create, change and delete members.";
    KeysRead, "keys:read", "List API keys.";
    KeysWrite, "keys:write", "Create and revoke API keys.";
    TenantsRead, "tenants:read", "Operators only: list tenants.";
    TenantsWrite, "tenants:write", "Operators only: create and change tenants.";
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Scope {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some("What an API key may be used for. To write includes to read."))
            .enum_values(Some(Self::ALL.iter().map(|scope| scope.as_str())))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Scope {}

impl Scope {
    /// The scope that includes this one.
    #[must_use]
    pub fn includer(self) -> Self {
        match self {
            Self::OrdersRead => Self::OrdersWrite,
            Self::VouchersRead => Self::VouchersWrite,
            Self::PaymentsRead => Self::PaymentsWrite,
            Self::LinksRead => Self::LinksWrite,
            Self::WebhooksRead => Self::WebhooksWrite,
            Self::RequestsRead => Self::RequestsWrite,
            Self::MembersRead => Self::MembersWrite,
            Self::KeysRead => Self::KeysWrite,
            Self::TenantsRead => Self::TenantsWrite,
            write => write,
        }
    }

    /// True if `held` includes this scope.
    pub fn is_in(self, held: &BTreeSet<Self>) -> bool {
        held.contains(&self) || held.contains(&self.includer())
    }

    /// True for what operators alone may do.
    pub fn is_for_operators(self) -> bool {
        matches!(self, Self::RequestsRead | Self::RequestsWrite | Self::TenantsRead | Self::TenantsWrite)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// There is no such scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no scope “{0}”")]
pub struct ScopeError(String);

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text).ok_or_else(|| ScopeError(text.to_owned()))
    }
}

/// An API key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKey {
    /// The key's id.
    pub id: ApiKeyId,
    /// What its owner calls it.
    pub name: String,
    /// The last 4 characters of its secret, by which it is told apart; absent for keys of older versions, which kept none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "5ze3"))]
    pub hint: Option<String>,
    /// The member it belongs to: it never reaches further than they do. Absent: it reaches the whole tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_id: Option<MemberId>,
    /// That member's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_name: Option<String>,
    /// What it may be used for.
    pub scopes: BTreeSet<Scope>,
    /// True if its orders are apart from all others and never reach the network.
    pub sandbox: bool,
    /// Since when.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it ends by itself.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// The API keys that are not revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKeyList {
    /// The keys, oldest first.
    pub items: Vec<ApiKey>,
    /// The cursor of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A new API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ApiKeyCreate {
    /// What to call it, 1 to 200 characters.
    pub name: String,
    /// What it may be used for, none that its creator may not do.
    pub scopes: BTreeSet<Scope>,
    /// True for a key whose orders are apart from all others, cost nothing and never reach the network. The servers they
    /// may name are test hosts, whatever user names and passwords: `ok.sandbox.mailferry.test` (works),
    /// `bad-password.sandbox.mailferry.test` (refuses every login), `throttled.sandbox.mailferry.test` (asks once for half
    /// a minute's patience, then goes on), `quota-full.sandbox.mailferry.test` (as the new provider it has too little
    /// room) and `slow.sandbox.mailferry.test` (a second for every portion of messages).
    #[serde(default)]
    pub sandbox: bool,
    /// When it ends by itself.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// A new API key with its secret, which is shown this once only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKeyCreated {
    /// The key.
    pub key: ApiKey,
    /// To be sent as `Authorization: Bearer …`; `mf_live_…`, or `mf_test_…` for a sandbox key.
    #[cfg_attr(feature = "openapi", schema(example = "mf_live_7k2qx9d4tmvb81nc6hrapw5ze3"))]
    pub secret: Secret,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_reads_the_same_in_json_and_in_words() {
        for &scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope).expect("json"), scope.as_str());
            assert_eq!(scope.as_str().parse(), Ok(scope));
        }
        assert!("orders".parse::<Scope>().is_err());
    }

    #[test]
    fn to_write_includes_to_read_of_the_same_noun() {
        for &scope in Scope::ALL {
            let noun = |scope: Scope| scope.as_str().split(':').next().unwrap_or_default();
            assert_eq!(noun(scope), noun(scope.includer()));
            assert!(scope.includer().as_str().ends_with(":write"), "{scope}");
        }
        assert!(Scope::OrdersRead.is_in(&[Scope::OrdersWrite].into()));
        assert!(!Scope::OrdersWrite.is_in(&[Scope::OrdersRead].into()));
    }
}
