//! Admin credentials: entered once for a side of an order, used for many of its pairs.

use serde::{Deserialize, Serialize};

use crate::{account::SideName, delegation::Delegation, ids::OrderId, secret::Secret};

/// Sets the admin credentials of a side. Pairs that say `"by_admin": true` there log in with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AdminCredentialsSet {
    /// The admin's login name. 1 to 320 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 320, example = "admin@old.example"))]
    pub user: String,
    /// The admin's password; it is never given back. It may be left out only while the name stays the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
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
    /// The admin's login name.
    pub user: String,
    /// True while the password is kept.
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
