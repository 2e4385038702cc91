//! Links by which members set a password of their own: invitations, and answers to a password that was forgotten.

use chrono::Duration;

pub mod request;
pub mod send;
pub mod set;

/// How long an invitation, or a link that an admin sends, works.
pub(super) const BY_ADMIN: Duration = Duration::days(7);
/// How long a link works that anybody may have asked for.
const BY_ANYBODY: Duration = Duration::hours(2);
