//! Members of the tenant of whoever asks.

pub mod change;
pub mod create;
pub mod delete;
pub mod list;

use mailferry_shared::{endpoint::HostName, member::Role};

use super::validate::Check;

/// The longest name of anything, characters.
pub(crate) const MAX_NAME: usize = 200;
/// Most domains of a manager.
const MAX_DOMAINS: usize = 200;

/// Notes what is wrong with a name.
pub(crate) fn check_name(check: &mut Check, name: &str, pointer: &str) {
    let good = !name.trim().is_empty() && name.chars().count() <= MAX_NAME && !name.chars().any(char::is_control);
    check.that(good, pointer, "A name has 1 to 200 characters on one line.");
}

/// Notes what is wrong with a manager's domains.
pub(crate) fn check_domains(check: &mut Check, role: Role, domains: &[HostName], pointer: &str) {
    check.that(domains.len() <= MAX_DOMAINS, pointer, "A manager has at most 200 domains.");
    let good = domains.iter().all(|domain| domain.ip().is_none() && domain.as_str().contains('.'));
    check.that(good, pointer, "A domain looks like example.org.");
    match role {
        Role::Manager => check.that(!domains.is_empty(), pointer, "A manager needs at least one domain."),
        Role::Admin | Role::Member => check.that(domains.is_empty(), pointer, "Only a manager has domains."),
    }
}
