//! Who is logged in, and what nobody may be logged in for.

use std::{collections::BTreeSet, fs, io, process::Command, time::Duration};

use super::Dovecot;
use crate::patience;

const PATIENCE: Duration = Duration::from_secs(60);

impl Dovecot {
    /// Waits until no session of `user` is left. One that its client has just ended may have files in hand still.
    pub fn await_no_session(&self, user: &str) -> io::Result<()> {
        let gone = || Ok(self.sessions(user)?.is_empty().then_some(()));
        patience::until(PATIENCE, &format!("{user} does not log out"), gone)
    }

    /// Ends the sessions that `user` has, and waits until they are gone: the admin's command only asks for it. A session
    /// that has just begun is waited for first.
    pub fn kick(&self, user: &str) -> io::Result<()> {
        let some = || Ok(Some(self.sessions(user)?).filter(|sessions| !sessions.is_empty()));
        let begun = patience::until(PATIENCE, &format!("{user} is not logged in"), some)?;
        // Who ends by itself meanwhile need not be kicked.
        let _ = self.doveadm(&["kick", user]);
        let gone = || Ok(begun.is_disjoint(&self.sessions(user)?).then_some(()));
        patience::until(PATIENCE, &format!("{user} is kicked and stays"), gone)
    }

    /// The processes of a user's sessions.
    fn sessions(&self, user: &str) -> io::Result<BTreeSet<u32>> {
        // A line for each session: user, protocol, process, address.
        let told = self.doveadm(&["-f", "tab", "who", "-1", user])?;
        let lines = told.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        Ok(lines.filter(|columns| columns[0] == user).filter_map(|columns| columns.get(2)?.parse().ok()).collect())
    }

    /// Gives `to` the same mail as `from` has, UIDs included. Whoever has just left `from` is waited for.
    pub fn clone_mailbox(&self, from: &str, to: &str) -> io::Result<()> {
        self.await_no_session(from)?;
        let (old, new) = (self.path("mail").join(from), self.path("mail").join(to));
        patience::until(PATIENCE, &format!("{from} cannot be copied"), || {
            let copied = Command::new("cp").arg("-a").arg(&old).arg(&new).status()?;
            if !copied.success() && new.exists() {
                // A file that went meanwhile was a temporary one.
                fs::remove_dir_all(&new)?;
            }
            Ok(copied.success().then_some(()))
        })
    }
}
