//! Logging in for somebody else, and by what an account proves who it is.

use serde::{Deserialize, Serialize};

/// How a server wants to be told for whom an admin logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DelegationForm {
    /// SASL PLAIN (RFC 4616) with the mailbox as authorization identity: Dovecot, Cyrus, Zimbra, UW.
    #[default]
    Authzid,
    /// The login name is `mailbox*admin`: Dovecot, UW. The separator can be another one.
    MasterUser,
    /// The login name is `admin/mailbox`, where admin is `DOMAIN/admin` (or all with backslashes): Exchange. The admin
    /// needs FullAccess to the mailbox.
    Exchange,
    /// The admin logs in as itself, and the mailbox lies below a folder of its own: Courier, and servers that share
    /// mailboxes so.
    RootFolder,
    /// The login name is `#mailbox#admin#`: Mirapoint.
    Mirapoint,
    /// The admin logs in as itself, then PROXYAUTH names the mailbox: Sun, iPlanet, Oracle.
    Proxyauth,
    /// X-MASTERAUTH with the master password, then X-SETUSER names the mailbox: Kerio. The admin's name does not
    /// matter.
    KerioMaster,
}

impl DelegationForm {
    /// Every form.
    pub const ALL: [Self; 7] = [
        Self::Authzid,
        Self::MasterUser,
        Self::Exchange,
        Self::RootFolder,
        Self::Mirapoint,
        Self::Proxyauth,
        Self::KerioMaster,
    ];
}

/// The form with what belongs to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// The form.
    #[serde(default)]
    pub form: DelegationForm,
    /// For `master_user`: what stands between mailbox and admin; `*` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, max_length = 1, example = "*"))]
    pub separator: Option<char>,
    /// For `root_folder`: the mailbox's inbox as the server spells it for the admin, with `{mailbox}` where the
    /// mailbox's name belongs; `user.{mailbox}` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 320, example = "#shared.{mailbox}"))]
    pub root: Option<String>,
}

impl Delegation {
    /// A form without anything that belongs to it.
    pub fn of(form: DelegationForm) -> Self {
        Self { form, ..Self::default() }
    }

    /// What stands between mailbox and admin in a login name of a master user.
    pub fn separator(&self) -> char {
        self.separator.unwrap_or('*')
    }

    /// The folder that is the mailbox's inbox for the admin.
    pub fn root_of(&self, mailbox: &str) -> String {
        self.root.as_deref().unwrap_or("user.{mailbox}").replace("{mailbox}", mailbox)
    }
}

/// What a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// A password, or an app password.
    #[default]
    Password,
    /// An OAuth 2 access token, sent by XOAUTH2 or OAUTHBEARER. It is valid for an hour or so, and is not renewed.
    OauthToken,
    /// Access tokens are fetched with a refresh token, and renewed.
    OauthRefresh,
    /// Access tokens are fetched for each mailbox by a Google service account with domain-wide delegation.
    GoogleServiceAccount,
    /// Access tokens are fetched by a Microsoft application of its own right (IMAP.AccessAsApp).
    MicrosoftApp,
}

impl CredentialKind {
    /// True for what need not be said.
    pub fn is_password(&self) -> bool {
        *self == Self::Password
    }

    /// True if access tokens are fetched with what was entered, by an [`OauthGrant`](crate::oauth::OauthGrant).
    pub fn is_fetched(self) -> bool {
        matches!(self, Self::OauthRefresh | Self::GoogleServiceAccount | Self::MicrosoftApp)
    }
}
