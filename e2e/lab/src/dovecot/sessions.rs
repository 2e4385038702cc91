//! Who is logged in, and what nobody may be logged in for.

use std::{io, process::Command, time::Duration};

use super::Dovecot;
use crate::patience;

impl Dovecot {
    /// Waits until no session of `user` is left. One that its client has just ended may have files in hand still.
    pub fn await_no_session(&self, user: &str) -> io::Result<()> {
        let gone = || Ok((!self.has_session(user)?).then_some(()));
        patience::until(Duration::from_secs(60), &format!("{user} does not log out"), gone)
    }

    fn has_session(&self, user: &str) -> io::Result<bool> {
        // A line for each session: user, protocol, process, address.
        let lines = self.doveadm(&["who", "-1"])?;
        Ok(lines.lines().any(|line| line.split_whitespace().next() == Some(user)))
    }

    /// Gives `to` the same mail as `from` has, UIDs included. Whoever has just left `from` is waited for.
    pub fn clone_mailbox(&self, from: &str, to: &str) -> io::Result<()> {
        self.await_no_session(from)?;
        let mail = self.path("mail");
        let copied = Command::new("cp").arg("-a").arg(mail.join(from)).arg(mail.join(to)).status()?;
        if copied.success() { Ok(()) } else { Err(crate::failed(format!("cp ended with {copied}"))) }
    }
}
