//! Where the ledger lies by default.

use std::{env, fmt::Write, path::PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use mailferry_connectors::imap::ImapLogin;

use super::arguments::WrongUse;

/// One end of a copy, as people read it: mailbox and server.
pub(super) fn end(login: &ImapLogin) -> String {
    let mailbox = login.act_for.as_ref().unwrap_or(&login.user);
    format!("{mailbox} at {}", login.endpoint)
}

/// A file under the user's state directory (XDG base directory specification), named after both ends.
pub(super) fn default_state(ends: &str) -> Result<PathBuf, WrongUse> {
    let from_home =
        || env::var_os("HOME").filter(|home| !home.is_empty()).map(|home| PathBuf::from(home).join(".local/state"));
    let base = env::var_os("XDG_STATE_HOME").filter(|dir| !dir.is_empty()).map(PathBuf::from).or_else(from_home);
    let base =
        base.ok_or_else(|| WrongUse::new("there is no home directory for the ledger", "name a file with --state"))?;
    Ok(base.join("mailferry").join(format!("{}.ledger", file_name(ends))))
}

/// What can be read of the ends, and enough of a hash that two ends never share a file.
fn file_name(ends: &str) -> String {
    let readable: String =
        ends.chars().map(|c| if c.is_ascii_alphanumeric() || "@.-".contains(c) { c } else { '_' }).take(100).collect();
    let digest = digest(&SHA256, ends.as_bytes());
    let mut name = readable + "-";
    for byte in digest.as_ref().iter().take(6) {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_ends_have_different_files() {
        let name = file_name("anna@old.example at imap.old.example:993 → anna at imap.new.example:993");
        assert!(name.starts_with("anna@old.example_at_imap.old.example_993___anna_at_imap.new.example_993-"), "{name}");
        assert_ne!(file_name("a/b"), file_name("a:b"));
    }
}
