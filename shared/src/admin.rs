//! Admin credentials: entered once for a side of an order, used for many of its pairs.

use serde::{Deserialize, Serialize};

use crate::{
    account::SideName,
    delegation::{CredentialKind, Delegation},
    ids::OrderId,
    oauth::OauthGrant,
    secret::Secret,
};

/// Sets the admin credentials of a side. Pairs that say `"by_admin": true` there log in with them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AdminCredentialsSet {
    /// The admin's login name. 1 to 320 characters. A service account and an application name themselves: then it may be
    /// left out.
    #[serde(default)]
    #[cfg_attr(
        feature = "openapi",
        schema(required = false, min_length = 1, max_length = 320, example = "admin@old.example")
    )]
    pub user: String,
    /// The admin's password; it is never given back. It may be left out only while name and kind stay the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// What the admin logs in with: what `password` is, or by what access tokens are fetched (then `oauth` is given
    /// instead).
    #[serde(default, skip_serializing_if = "CredentialKind::is_password")]
    pub credential: CredentialKind,
    /// What access tokens are fetched with, if `credential` says so; it is never given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth: Option<OauthGrant>,
    /// How the server wants to be told for whom the admin logs in; absent: as the provider does, else SASL PLAIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Delegation>,
}

/// The admin credentials of a side, as they can be shown: no password in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminCredentials {
    /// The order.
    pub order_id: OrderId,
    /// Which side of it.
    pub side: SideName,
    /// The admin's login name; the service account's or application's own.
    pub user: String,
    /// What the admin logs in with.
    #[serde(default, skip_serializing_if = "CredentialKind::is_password")]
    pub credential: CredentialKind,
    /// True while the password, or what access tokens are fetched with, is kept.
    pub has_password: bool,
    /// How the server is told for whom the admin logs in; absent: as the provider does, else SASL PLAIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Delegation>,
    /// Pairs of the order that use them.
    pub pairs: u64,
}

/// The admin credentials of an order: at most one for each side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminCredentialsList {
    /// The source's first.
    pub items: Vec<AdminCredentials>,
}
