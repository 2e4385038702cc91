//! What access tokens are fetched with, checked.

use mailferry_shared::{
    delegation::CredentialKind,
    oauth::{OauthGrant, OauthProvider},
    secret::Secret,
};

use super::key_file::ServiceAccount;

/// The longest secret or refresh token, characters. Microsoft's refresh tokens have about 2,000.
const MAX_SECRET_CHARS: usize = 8192;
/// The longest client id, characters.
const MAX_CLIENT_CHARS: usize = 255;
/// The longest directory name, characters (a domain name's length).
const MAX_TENANT_CHARS: usize = 253;
/// Where somebody of any directory may have signed in.
const ANY_TENANT: &str = "common";

/// Delegated access to IMAP at Microsoft 365, and a refresh token.
const MICROSOFT_DELEGATED: &str = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access";
/// Whatever the application was permitted to do at Microsoft 365.
const MICROSOFT_APP: &str = "https://outlook.office365.com/.default";

/// What access tokens are fetched with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// A refresh token: somebody has signed in once.
    Refresh(RefreshGrant),
    /// A Google service account that acts for the mailboxes of its domain.
    ServiceAccount(ServiceAccount),
    /// A Microsoft application of its own right.
    App(AppGrant),
}

/// A refresh token (RFC 6749 section 6) and the client that it was given to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshGrant {
    /// Who gave it.
    pub provider: OauthProvider,
    /// At Microsoft: in which directory.
    pub tenant: String,
    /// The client.
    pub client_id: String,
    /// Its secret, if it has one.
    pub client_secret: Option<Secret>,
    /// The refresh token.
    pub refresh_token: Secret,
}

/// Client credentials (RFC 6749 section 4.4) of a Microsoft application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppGrant {
    /// The directory whose mailboxes it opens.
    pub tenant: String,
    /// The application.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
}

/// A field that cannot be used, and why; never what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantError {
    /// The field of [`OauthGrant`].
    pub field: &'static str,
    /// What is wrong, and what would be right.
    pub message: &'static str,
}

impl Grant {
    /// Reads what was entered for a credential of this kind. `google_token_url` is a token service that a key file may
    /// name besides Google's own.
    ///
    /// # Errors
    /// Every field that is missing, not valid or of another kind.
    pub fn parse(
        kind: CredentialKind,
        given: &OauthGrant,
        google_token_url: Option<&str>,
    ) -> Result<Self, Vec<GrantError>> {
        let mut reader = Reader { given, errors: Vec::new() };
        let grant = match kind {
            CredentialKind::OauthRefresh => reader.refresh(),
            CredentialKind::GoogleServiceAccount => reader.service_account(google_token_url),
            CredentialKind::MicrosoftApp => reader.app(),
            CredentialKind::Password | CredentialKind::OauthToken => {
                reader.refuse("", "A password or an access token is given as password.");
                None
            }
        };
        match grant {
            Some(grant) if reader.errors.is_empty() => Ok(grant),
            _ => Err(reader.errors),
        }
    }

    /// Whose token service is asked.
    pub fn provider(&self) -> OauthProvider {
        match self {
            Self::Refresh(grant) => grant.provider,
            Self::ServiceAccount(_) => OauthProvider::Google,
            Self::App(_) => OauthProvider::Microsoft,
        }
    }

    /// At Microsoft: which directory is asked.
    pub fn tenant(&self) -> &str {
        match self {
            Self::Refresh(grant) => &grant.tenant,
            Self::App(grant) => &grant.tenant,
            Self::ServiceAccount(_) => ANY_TENANT,
        }
    }

    /// Who fetches: the name under which an admin is shown that gives none of its own.
    pub fn client(&self) -> &str {
        match self {
            Self::Refresh(grant) => &grant.client_id,
            Self::ServiceAccount(account) => &account.client_email,
            Self::App(grant) => &grant.client_id,
        }
    }

    /// What one access token is good for, the secret included: nobody gets a token that was fetched with a secret that
    /// they do not have. To be hashed, never shown.
    pub fn identity(&self, mailbox: &str) -> Vec<u8> {
        let parts: Vec<&[u8]> = match self {
            Self::Refresh(grant) => vec![
                match grant.provider {
                    OauthProvider::Google => b"google",
                    OauthProvider::Microsoft => b"microsoft",
                },
                grant.tenant.as_bytes(),
                grant.client_id.as_bytes(),
                grant.client_secret.as_ref().map_or(b"", |secret| secret.expose().as_bytes()),
                grant.refresh_token.expose().as_bytes(),
            ],
            Self::ServiceAccount(account) => {
                vec![b"account", account.client_email.as_bytes(), account.private_key.expose(), mailbox.as_bytes()]
            }
            Self::App(grant) => vec![
                b"app",
                grant.tenant.as_bytes(),
                grant.client_id.as_bytes(),
                grant.client_secret.expose().as_bytes(),
            ],
        };
        let mut identity = Vec::new();
        for part in parts {
            identity.extend((part.len() as u64).to_be_bytes());
            identity.extend(part);
        }
        identity
    }

    /// The fields of the request for an access token (`application/x-www-form-urlencoded`); a service account's holds
    /// `assertion`.
    pub fn request<'a>(&'a self, assertion: &'a str) -> Vec<(&'static str, &'a str)> {
        match self {
            Self::Refresh(grant) => {
                let mut fields = vec![
                    ("grant_type", "refresh_token"),
                    ("client_id", grant.client_id.as_str()),
                    ("refresh_token", grant.refresh_token.expose()),
                ];
                fields.extend(grant.client_secret.as_ref().map(|secret| ("client_secret", secret.expose())));
                if grant.provider == OauthProvider::Microsoft {
                    fields.push(("scope", MICROSOFT_DELEGATED));
                }
                fields
            }
            // RFC 7523 section 2.1.
            Self::ServiceAccount(_) => {
                vec![("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion)]
            }
            Self::App(grant) => vec![
                ("grant_type", "client_credentials"),
                ("client_id", grant.client_id.as_str()),
                ("client_secret", grant.client_secret.expose()),
                ("scope", MICROSOFT_APP),
            ],
        }
    }

    /// The same with the refresh token that came with an access token; `None` if there is nothing new to keep.
    #[must_use]
    pub fn rotated(&self, refresh_token: &Secret) -> Option<Self> {
        match self {
            Self::Refresh(grant) if grant.refresh_token != *refresh_token && is_secret(refresh_token) => {
                Some(Self::Refresh(RefreshGrant { refresh_token: refresh_token.clone(), ..grant.clone() }))
            }
            Self::Refresh(_) | Self::ServiceAccount(_) | Self::App(_) => None,
        }
    }

    /// The refresh token, if it is one.
    pub fn refresh_token(&self) -> Option<&Secret> {
        match self {
            Self::Refresh(grant) => Some(&grant.refresh_token),
            Self::ServiceAccount(_) | Self::App(_) => None,
        }
    }
}

struct Reader<'a> {
    given: &'a OauthGrant,
    errors: Vec<GrantError>,
}

impl Reader<'_> {
    fn refuse(&mut self, field: &'static str, message: &'static str) {
        self.errors.push(GrantError { field, message });
    }

    fn refresh(&mut self) -> Option<Grant> {
        self.absent("key_file", self.given.key_file.is_some());
        let provider = self.given.provider;
        if provider.is_none() {
            self.refuse("provider", "Say whose refresh token it is: google or microsoft.");
        }
        if provider == Some(OauthProvider::Google) {
            self.absent("tenant", self.given.tenant.is_some());
        }
        let tenant = match &self.given.tenant {
            Some(_) => self.tenant(),
            None => Some(ANY_TENANT.to_owned()),
        };
        let client_id = self.client_id();
        let client_secret = match &self.given.client_secret {
            Some(_) => self.client_secret().map(Some),
            None => Some(None),
        };
        let refresh_token = self.given.refresh_token.clone().filter(is_secret);
        if refresh_token.is_none() {
            self.refuse("refresh_token", "Give the refresh token: one word of visible characters, at most 8192.");
        }
        Some(Grant::Refresh(RefreshGrant {
            provider: provider?,
            tenant: tenant?,
            client_id: client_id?,
            client_secret: client_secret?,
            refresh_token: refresh_token?,
        }))
    }

    fn service_account(&mut self, google_token_url: Option<&str>) -> Option<Grant> {
        let OauthGrant { provider, tenant, client_id, client_secret, refresh_token, key_file } = self.given;
        self.absent("provider", provider.is_some_and(|provider| provider != OauthProvider::Google));
        self.absent("tenant", tenant.is_some());
        self.absent("client_id", client_id.is_some());
        self.absent("client_secret", client_secret.is_some());
        self.absent("refresh_token", refresh_token.is_some());
        let text = key_file.as_ref().map_or("", Secret::expose);
        match ServiceAccount::parse(text, google_token_url) {
            Ok(account) => Some(Grant::ServiceAccount(account)),
            Err(message) => {
                self.refuse("key_file", message);
                None
            }
        }
    }

    fn app(&mut self) -> Option<Grant> {
        let OauthGrant { provider, refresh_token, key_file, .. } = self.given;
        self.absent("provider", provider.is_some_and(|provider| provider != OauthProvider::Microsoft));
        self.absent("refresh_token", refresh_token.is_some());
        self.absent("key_file", key_file.is_some());
        let (tenant, client_id, client_secret) = (self.tenant(), self.client_id(), self.client_secret());
        if tenant.as_deref().is_some_and(|tenant| ["common", "organizations", "consumers"].contains(&tenant)) {
            self.refuse("tenant", "An application needs the directory whose mailboxes it opens.");
        }
        Some(Grant::App(AppGrant { tenant: tenant?, client_id: client_id?, client_secret: client_secret? }))
    }

    fn absent(&mut self, field: &'static str, is_given: bool) {
        if is_given {
            self.refuse(field, "This field belongs to another kind of credential: leave it out.");
        }
    }

    fn tenant(&mut self) -> Option<String> {
        let fits = |text: &&String| {
            (1..=MAX_TENANT_CHARS).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
                && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        };
        let tenant = self.given.tenant.as_ref().filter(fits).map(|text| text.to_lowercase());
        if tenant.is_none() {
            self.refuse("tenant", "Give the directory (tenant) by its id or by a domain of it, as old.example.");
        }
        tenant
    }

    fn client_id(&mut self) -> Option<String> {
        let fits = |text: &&String| is_word(text, MAX_CLIENT_CHARS);
        let client_id = self.given.client_id.as_ref().filter(fits).cloned();
        if client_id.is_none() {
            self.refuse("client_id", "Give the application (client) id: one word, at most 255 characters.");
        }
        client_id
    }

    fn client_secret(&mut self) -> Option<Secret> {
        let client_secret = self.given.client_secret.clone().filter(is_secret);
        if client_secret.is_none() {
            self.refuse("client_secret", "Give the client secret's value: one word of visible characters.");
        }
        client_secret
    }
}

fn is_secret(secret: &Secret) -> bool {
    is_word(secret.expose(), MAX_SECRET_CHARS)
}

fn is_word(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}
