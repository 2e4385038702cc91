//! Account pairs: one source and one destination account each.

use serde::{Deserialize, Serialize};

use crate::{
    delegation::{CredentialKind, Delegation},
    endpoint::Endpoint,
    finding::Finding,
    ids::{OrderId, PairId},
    oauth::OauthGrant,
    run::RunSummary,
    secret::Secret,
};

/// Which of the two accounts of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SideName {
    /// The old account; it is only read.
    Source,
    /// The new account.
    Destination,
}

/// One account as entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SideInput {
    /// The login name, or the admin's name if `act_for` is given. 1 to 320 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 320, example = "anna@old.example"))]
    pub user: String,
    /// The password of `user`; it can be given later, and is never given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// What `user` logs in with: what `password` is, or by what access tokens are fetched (then `oauth` is given instead).
    #[serde(default, skip_serializing_if = "CredentialKind::is_password")]
    pub credential: CredentialKind,
    /// What access tokens are fetched with, if `credential` says so; it can be given later, and is never given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth: Option<OauthGrant>,
    /// The mailbox that `user`, an admin, acts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act_for: Option<String>,
    /// How the server is told so; absent: as the provider wants it, else SASL PLAIN with an authorization identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Delegation>,
    /// True if the order's admin credentials of this side log in for `user`: neither password nor `act_for` then.
    #[serde(default, skip_serializing_if = "is_false")]
    pub by_admin: bool,
    /// A server of its own; without it the order's provider is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
}

impl SideInput {
    /// Whose mail it is about: the mailbox that an admin acts for, or the user's own.
    pub fn mailbox(&self) -> &str {
        self.act_for.as_deref().unwrap_or(&self.user)
    }
}

/// A new account pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountCreate {
    /// Only ticked pairs are started.
    #[serde(default = "yes")]
    pub ticked: bool,
    /// The old account.
    pub source: SideInput,
    /// The new account.
    pub destination: SideInput,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}

impl SideInput {
    /// An account without a password, a server or an admin of its own.
    pub fn of(user: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: None,
            credential: CredentialKind::Password,
            oauth: None,
            act_for: None,
            delegation: None,
            by_admin: false,
            endpoint: None,
        }
    }
}

/// Changes to a pair; what is absent stays. A side is replaced whole, but keeps its password if none is given and
/// user and server stay the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountChange {
    /// Tick or untick the pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticked: Option<bool>,
    /// The old account anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SideInput>,
    /// The new account anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<SideInput>,
}

/// Ticks or unticks several pairs at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountTicks {
    /// Whether they are to be started.
    pub ticked: bool,
    /// Only these pairs; empty: every pair of the order.
    #[serde(default)]
    pub pair_ids: Vec<PairId>,
}

/// What is known about logging in to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LoginState {
    /// Not checked since it was entered.
    #[default]
    Unchecked,
    /// A check is waiting or under way.
    Checking,
    /// The login worked.
    Passed,
    /// The login failed; the findings say why.
    Failed,
}

/// Messages and what they weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct MailAmount {
    /// How many.
    pub messages: u64,
    /// Their size, bytes as the server states them (RFC822.SIZE).
    pub size_bytes: u64,
}

impl MailAmount {
    /// What is left without `part`.
    #[must_use]
    pub fn without(self, part: Self) -> Self {
        Self {
            messages: self.messages.saturating_sub(part.messages),
            size_bytes: self.size_bytes.saturating_sub(part.size_bytes),
        }
    }
}

/// What lies in an account, counted without reading a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Survey {
    /// Folders that hold or may hold messages.
    pub folders: u64,
    /// Messages in all of them.
    pub messages: u64,
    /// Their size, bytes as the server states them (RFC822.SIZE).
    pub size_bytes: u64,
    /// Free space by the QUOTA extension (RFC 9208), bytes; absent where the server does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<u64>,
    /// What of it lies in the trash, which stays behind unless the options take it along.
    #[serde(default)]
    pub trash: MailAmount,
    /// What of it lies among the spam, likewise.
    #[serde(default)]
    pub junk: MailAmount,
}

impl Survey {
    /// What of it a run looks at: all but trash and spam, where they are not taken along.
    pub fn wanted(&self, include_trash: bool, include_junk: bool) -> MailAmount {
        let all = MailAmount { messages: self.messages, size_bytes: self.size_bytes };
        let all = if include_trash { all } else { all.without(self.trash) };
        if include_junk { all } else { all.without(self.junk) }
    }
}

/// One account of a pair, as it can be shown: no password in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Side {
    /// The login name.
    pub user: String,
    /// What its credential is.
    #[serde(default, skip_serializing_if = "CredentialKind::is_password")]
    pub credential: CredentialKind,
    /// The mailbox an admin acts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act_for: Option<String>,
    /// How the server is told so, if that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Delegation>,
    /// True if the order's admin credentials of this side log in for it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub by_admin: bool,
    /// The pair's own server, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// True while a password, or what access tokens are fetched with, is kept for it: its own or the admin's.
    pub has_password: bool,
    /// Result of the last check.
    pub login: LoginState,
    /// What the last check found; empty when all is well.
    pub findings: Vec<Finding>,
    /// What lies in it, once counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey: Option<Survey>,
}

impl Side {
    /// Whose mail it is about: the mailbox that an admin acts for, or the user's own.
    pub fn mailbox(&self) -> &str {
        self.act_for.as_deref().unwrap_or(&self.user)
    }
}

/// An account pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountPair {
    /// Its id.
    pub id: PairId,
    /// The order it belongs to.
    pub order_id: OrderId,
    /// Only ticked pairs are started.
    pub ticked: bool,
    /// The old account.
    pub source: Side,
    /// The new account.
    pub destination: Side,
    /// Every run of the pair so far, oldest first.
    pub runs: Vec<RunSummary>,
}

/// The account pairs of an order, in the order they were entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountList {
    /// The pairs; at most the order's limit (500).
    pub items: Vec<AccountPair>,
    /// The cursor of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
