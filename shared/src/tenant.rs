//! Tenants: the isolation boundary. A reseller is a tenant that sells vouchers.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{address::MailAddress, ids::TenantId, member::Member, order::Language, secret::Secret};

/// How much a tenant may have; what is absent is as the service is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct TenantLimits {
    /// Account pairs in an order and rows in a file, 1 to 5000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 5000))]
    pub max_pairs: Option<u32>,
    /// Orders at work at once for each member or API key, 1 to 10000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 10000))]
    pub max_active_orders: Option<u32>,
    /// The largest message that its orders copy, bytes; an order's own option may be less, not more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, example = 50_000_000))]
    pub max_message_bytes: Option<u64>,
    /// Connections that its runs have to one mail server at once, 1 to 1000, within what the service and the provider
    /// allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1000))]
    pub max_connections_per_host: Option<u32>,
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tenant {
    /// The tenant's id.
    pub id: TenantId,
    /// Its name.
    pub name: String,
    /// How much it may have.
    pub limits: TenantLimits,
    /// Since when.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
}

/// Every tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantList {
    /// The tenants, oldest first.
    pub items: Vec<Tenant>,
    /// The cursor of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A new tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TenantCreate {
    /// Its name, 1 to 200 characters.
    pub name: String,
    /// How much it may have.
    #[serde(default)]
    pub limits: TenantLimits,
    /// Its first admin, who makes the other members.
    pub admin: FirstAdmin,
}

/// The first admin of a new tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FirstAdmin {
    /// What to call the admin, 1 to 200 characters.
    pub name: String,
    /// The mail address, with which the admin signs in.
    pub mail: MailAddress,
    /// A first password, 12 to 200 characters. Absent: the admin is invited by mail to set one, if the service sends
    /// mails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// Language of the invitation.
    #[serde(default)]
    pub language: Language,
}

/// A new tenant with its first admin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantCreated {
    /// The tenant.
    pub tenant: Tenant,
    /// Its first admin.
    pub admin: Member,
}

/// Changes to a tenant; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TenantChange {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// All limits anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<TenantLimits>,
}
