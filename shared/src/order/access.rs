//! Links that open an order: mailed once more, and exchanged for a session.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{address::MailAddress, ids::OrderId, secret::Secret};

/// A mail with an order's manage link, on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkMail {
    /// Where it goes: the order's address for status mails.
    pub to: MailAddress,
    /// Since when it is on its way.
    #[serde(deserialize_with = "crate::time::read")]
    pub queued_at: DateTime<Utc>,
}

/// Exchanges the token of a manage link for a session cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SessionCreate {
    /// The order the link is for.
    pub order_id: OrderId,
    /// The token in the link's fragment.
    pub token: Secret,
}

/// What a session may do with its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LinkScope {
    /// Read only.
    View,
    /// Read and change.
    Manage,
}

/// An open session; the proof itself is in the cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// The order it opens.
    pub order_id: OrderId,
    /// What it may do.
    pub scope: LinkScope,
    /// When it ends; reading the order prolongs it.
    #[serde(deserialize_with = "crate::time::read")]
    pub expires_at: DateTime<Utc>,
}
