//! Members of a tenant, and how they sign in.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    address::MailAddress,
    endpoint::HostName,
    ids::{MemberId, TenantId},
    key::Scope,
    order::Language,
    secret::Secret,
};

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything in the tenant.
    Admin,
    /// Orders all of whose account pairs have their old or new mailbox in one of the manager's domains.
    Manager,
    /// Orders of their own.
    #[default]
    Member,
}

/// A member of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Member {
    /// The member's id.
    pub id: MemberId,
    /// What to call the member.
    pub name: String,
    /// The mail address, with which the member signs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailAddress>,
    /// What the member may do.
    pub role: Role,
    /// The domains that a manager is limited to.
    pub domains: Vec<HostName>,
    /// True once there is a password to sign in with.
    pub has_password: bool,
    /// Since when.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// When the member last signed in.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub signed_in_at: Option<DateTime<Utc>>,
}

/// The members of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemberList {
    /// The members, oldest first.
    pub items: Vec<Member>,
    /// The cursor of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A new member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MemberCreate {
    /// What to call the member, 1 to 200 characters.
    pub name: String,
    /// The mail address, with which the member signs in; one address belongs to one member.
    pub mail: MailAddress,
    /// What the member may do.
    #[serde(default)]
    pub role: Role,
    /// The domains that a manager is limited to; others have none.
    #[serde(default)]
    pub domains: Vec<HostName>,
    /// A first password, 12 to 200 characters, to be changed by the member. Absent: the member cannot sign in yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

/// Changes to a member; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MemberChange {
    /// What to call the member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the member may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The domains that a manager is limited to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domains: Option<Vec<HostName>>,
    /// A new password; it ends the member's sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

/// Signs a member in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The member's mail address.
    pub mail: Secret,
    /// The password.
    pub password: Secret,
}

/// Changes the password of whoever is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password so far.
    pub current_password: Secret,
    /// The new one, 12 to 200 characters.
    pub new_password: Secret,
}

/// What a link for a password is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PasswordLinkKind {
    /// A first password.
    Invitation,
    /// Another one.
    Reset,
}

/// Sends a member a link by which they set a password.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct PasswordLinkCreate {
    /// Language of the mail.
    pub language: Language,
}

/// A link that is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordLinkSent {
    /// What it is for.
    pub kind: PasswordLinkKind,
    /// Where it goes.
    pub mail: MailAddress,
    /// When it ends.
    #[serde(deserialize_with = "crate::time::read")]
    pub expires_at: DateTime<Utc>,
}

/// Asks for a link by which a new password can be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordLinkRequest {
    /// The mail address with which one signs in.
    pub mail: Secret,
    /// Language of the mail.
    #[serde(default)]
    pub language: Language,
}

/// Sets a password by a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordSet {
    /// The token in the link's fragment.
    pub token: Secret,
    /// The password, 12 to 200 characters.
    pub new_password: Secret,
}

/// Who asks, and what for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Principal {
    /// Whose data is seen.
    pub tenant_id: TenantId,
    /// The tenant's name.
    pub tenant_name: String,
    /// True for operators, the members of the first tenant.
    pub operator: bool,
    /// The member; absent for an API key that belongs to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Member>,
    /// What may be done.
    pub role: Role,
    /// With which nouns.
    pub scopes: Vec<Scope>,
    /// True for a sandbox key: it sees sandbox orders only.
    pub sandbox: bool,
    /// When the session ends; reading this prolongs it. Absent for an API key.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}
