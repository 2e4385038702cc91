//! Whoever asks: who that is, the end of the session, the password.

use mailferry_shared::member::Principal;

use super::{auth, problem::ApiError};
use crate::app::App;

pub mod password;
pub mod read;
pub mod sign_out;

/// Who asks, as they are told.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn view(app: &App, principal: auth::Principal) -> Result<Principal, ApiError> {
    let tenant = app.store.tenant(principal.tenant_id).await?;
    Ok(Principal {
        tenant_id: tenant.id,
        tenant_name: tenant.name,
        operator: principal.is_operator(),
        role: principal.role(),
        scopes: principal.scopes().iter().copied().collect(),
        sandbox: principal.is_sandbox(),
        expires_at: principal.session_ends,
        member: principal.member.map(|member| member.member),
    })
}
