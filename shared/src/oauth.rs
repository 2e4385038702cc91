//! OAuth 2 (RFC 6749): what access tokens are fetched with. Whom is asked follows from the credential's kind and is fixed
//! by the operator's settings, never by whoever enters an account.

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// Whose token service gives access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OauthProvider {
    /// Google: Gmail and Google Workspace.
    Google,
    /// Microsoft: Microsoft 365 and Outlook.com.
    Microsoft,
}

/// What access tokens are fetched with, by the kind of the credential. It is sealed like a password and never given back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OauthGrant {
    /// Of `oauth_refresh`: who gave the refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<OauthProvider>,
    /// At Microsoft: the directory (tenant), by id or by a domain of it. `microsoft_app` needs it; for `oauth_refresh`
    /// `common` is used if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 253, example = "old.example"))]
    pub tenant: Option<String>,
    /// Of `oauth_refresh` and `microsoft_app`: the application (client) id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 255, example = "11112222-bbbb-3333-cccc-4444dddd5555"))]
    pub client_id: Option<String>,
    /// Its secret; a public client's `oauth_refresh` has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    /// Of `oauth_refresh`: the refresh token. Where the provider gives a new one with an access token, that one is kept
    /// instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// Of `google_service_account`: the text of its JSON key file, at most 16384 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<Secret>,
}
