//! Who is logged in, and mailboxes that nobody may have open.

use std::{
    collections::BTreeSet,
    fs, io,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use super::Dovecot;

impl Dovecot {
    /// Ends the sessions that `user` has, and waits until they are gone: the admin's command only asks for it. A session
    /// that has just begun is waited for first.
    pub fn kick(&self, user: &str) -> io::Result<()> {
        let begun = await_some(|| Ok(Some(self.sessions(user)?).filter(|sessions| !sessions.is_empty())))?;
        // Who ends by itself meanwhile need not be kicked.
        let _ = self.doveadm(&["kick", user]);
        await_some(|| Ok(begun.is_disjoint(&self.sessions(user)?).then_some(())))
    }

    /// Waits until nobody is logged in as `user`: a session goes on for a moment when its client is gone.
    pub fn await_nobody(&self, user: &str) -> io::Result<()> {
        await_some(|| Ok(self.sessions(user)?.is_empty().then_some(())))
    }

    /// The processes of a user's sessions.
    fn sessions(&self, user: &str) -> io::Result<BTreeSet<u32>> {
        let told = self.doveadm(&["-f", "tab", "who", "-1", user])?;
        let lines = told.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        Ok(lines.filter(|columns| columns[0] == user).filter_map(|columns| columns.get(2)?.parse().ok()).collect())
    }

    /// Gives `to` the same mail as `from` has, UIDs included. Sessions of `from` are waited for until they have ended.
    pub fn clone_mailbox(&self, from: &str, to: &str) -> io::Result<()> {
        self.await_nobody(from)?;
        let (old, new) = (self.path("mail").join(from), self.path("mail").join(to));
        await_some(|| {
            let copied = Command::new("cp").arg("-a").arg(&old).arg(&new).status()?;
            if !copied.success() && new.exists() {
                // A file that went meanwhile was a temporary one.
                fs::remove_dir_all(&new)?;
            }
            Ok(copied.success().then_some(()))
        })
    }
}

/// Asks until something comes, for a minute.
fn await_some<T>(ask: impl Fn() -> io::Result<Option<T>>) -> io::Result<T> {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        match ask()? {
            Some(found) => return Ok(found),
            None if Instant::now() > deadline => return Err(crate::failed("waited for a minute in vain")),
            None => thread::sleep(Duration::from_millis(10)),
        }
    }
}
