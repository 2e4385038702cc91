//! From a stored side of an account pair to a login.

use mailferry_connectors::imap::ImapLogin;
use mailferry_shared::{account::SideName, finding::FindingCode};
use mailferry_store::SideAccess;

/// How to log in to one side.
///
/// # Errors
/// The code that says what is missing: a server or a password.
pub(super) fn login(side: SideName, access: &SideAccess, allow_plaintext: bool) -> Result<ImapLogin, FindingCode> {
    let endpoint = access.endpoint.clone().ok_or(FindingCode::ServerMissing)?;
    let password = access.password.clone().ok_or(FindingCode::PasswordMissing)?;
    let side = match side {
        SideName::Source => "source",
        SideName::Destination => "destination",
    };
    Ok(ImapLogin {
        name: format!("the {side} {endpoint}"),
        endpoint,
        user: access.user.clone(),
        password,
        act_for: access.act_for.clone(),
        allow_plaintext,
    })
}

/// True if both sides are one mailbox: it would be copied into itself.
pub(super) fn same_mailbox(source: &SideAccess, destination: &SideAccess) -> bool {
    let mailbox = |side: &SideAccess| side.act_for.clone().unwrap_or_else(|| side.user.clone());
    source.endpoint.is_some() && source.endpoint == destination.endpoint && mailbox(source) == mailbox(destination)
}
