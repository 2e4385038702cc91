//! From a stored side of an account pair to a login.

use mailferry_connectors::imap::ImapLogin;
use mailferry_shared::{
    account::SideName,
    delegation::{CredentialKind, Delegation},
    endpoint::TlsMode,
    finding::FindingCode,
};
use mailferry_store::SideAccess;

use super::{JobContext, login::SideLogin};
use crate::{
    oauth::{StoredGrant, read_grant},
    sandbox,
};

/// What test hosts are shown in the place of an access token that would be fetched.
const TEST_TOKEN: &str = "test-token";

/// How to log in to one side.
///
/// # Errors
/// The code that says what is missing (a server or a password), or that the server may not be connected to.
pub(super) fn login(context: &JobContext, side: SideName, access: &SideAccess) -> Result<SideLogin, FindingCode> {
    let providers = &context.providers;
    let named = access.endpoint.clone().ok_or(FindingCode::ServerMissing)?;
    let name = match side {
        SideName::Source => format!("the source {named}"),
        SideName::Destination => format!("the destination {named}"),
    };
    let endpoint = sandbox::reached(access.sandbox, side, named)?;
    let missing = if access.by_admin { FindingCode::AdminMissing } else { FindingCode::PasswordMissing };
    let password = access.password.clone().ok_or(missing)?;
    // What was said counts more than what is known of the provider.
    let known = || providers.of(access).and_then(|provider| provider.delegation).map(Delegation::of);
    let delegation = access.delegation.clone().or_else(known).unwrap_or_default();
    let grant = granted(context, access)?;
    let (password, kind) = match (&grant, access.sandbox) {
        // A sandbox order never reaches the network, and no token service either: a test host takes any token.
        (Some(_), Some(_)) => (TEST_TOKEN.to_owned().into(), CredentialKind::OauthToken),
        (Some(_), None) => (String::new().into(), CredentialKind::OauthToken),
        (None, _) => (password, access.kind),
    };
    let grant = grant.filter(|_| access.sandbox.is_none());
    let pinned = access.pinned_certificate.filter(|_| endpoint.tls != TlsMode::Plaintext && access.sandbox.is_none());
    let login = ImapLogin {
        name,
        endpoint,
        pinned_certificate: pinned.map(|pinned| pinned.fingerprint),
        user: access.user.clone(),
        password,
        kind,
        act_for: access.act_for.clone(),
        delegation,
        allow_plaintext: context.settings.outgoing.plaintext,
    };
    Ok(SideLogin { login, grant, pinned })
}

/// What access tokens are fetched with, if they are.
fn granted(context: &JobContext, access: &SideAccess) -> Result<Option<StoredGrant>, FindingCode> {
    let Some(text) = access.password.as_ref().filter(|_| access.kind.is_fetched()) else { return Ok(None) };
    let grant = read_grant(access.kind, text, &context.tokens.google_token_url()).map_err(|reason| {
        tracing::warn!(%reason, "what access tokens are fetched with cannot be used any more");
        FindingCode::Internal
    })?;
    Ok(Some(StoredGrant { kind: access.kind, grant, at: access.kept_at }))
}

/// True if both sides are one mailbox: it would be copied into itself.
pub(super) fn same_mailbox(source: &SideAccess, destination: &SideAccess) -> bool {
    let mailbox = |side: &SideAccess| side.act_for.clone().unwrap_or_else(|| side.user.clone());
    source.endpoint.is_some() && source.endpoint == destination.endpoint && mailbox(source) == mailbox(destination)
}
