//! API keys: admins see those of the tenant, others their own.

use mailferry_shared::{ids::MemberId, member::Role};

use super::auth::Principal;

pub mod create;
pub mod list;
pub mod revoke;

/// Whose keys are seen; `None`: all of the tenant.
fn whose(principal: &Principal) -> Option<MemberId> {
    match principal.role() {
        Role::Admin => None,
        Role::Manager | Role::Member => principal.member_id(),
    }
}
