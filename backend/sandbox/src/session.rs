//! One session: what a command is answered.

use chrono::{DateTime, Utc};

use crate::{append, command::Command, fetch, list, mailbox::Mailbox, place::Place};

/// What the server can.
pub(crate) const CAPABILITIES: &str = "IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR LITERAL+ NAMESPACE UIDPLUS MULTIAPPEND \
     LIST-EXTENDED LIST-STATUS SPECIAL-USE STATUS=SIZE QUOTA UNSELECT";

/// An answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Untagged responses, each with its CRLF.
    pub(crate) untagged: Vec<u8>,
    /// What follows the tag.
    pub(crate) status: String,
    /// True if the mailbox is another one now.
    pub(crate) changed: bool,
    /// True for what `slow` takes its time for.
    pub(crate) is_portion: bool,
    /// True if the connection ends with it.
    pub(crate) is_last: bool,
}

impl Answer {
    pub(crate) fn ok(status: &str) -> Self {
        Self { status: format!("OK {status}"), ..Self::default() }
    }

    pub(crate) fn no(reason: &str) -> Self {
        Self { status: format!("NO {reason}"), ..Self::default() }
    }

    pub(crate) fn bad(reason: &str) -> Self {
        Self { status: format!("BAD {reason}"), ..Self::default() }
    }

    pub(crate) fn with(self, untagged: impl Into<Vec<u8>>) -> Self {
        Self { untagged: untagged.into(), ..self }
    }

    pub(crate) fn changing(self) -> Self {
        Self { changed: true, ..self }
    }
}

/// A folder that is open.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) name: String,
    pub(crate) read_only: bool,
}

/// A session of somebody who is logged in.
pub(crate) struct Session {
    pub(crate) place: Place,
    pub(crate) open: Option<Open>,
}

impl Session {
    /// Answers a command; `mailbox` is changed as the answer says.
    pub(crate) fn answer(&mut self, command: &Command, mailbox: &mut Mailbox, now: DateTime<Utc>) -> Answer {
        match command.verb.as_str() {
            "CAPABILITY" => Answer::ok("done").with(format!("* CAPABILITY {CAPABILITIES}\r\n")),
            "NOOP" | "CHECK" => Answer::ok("done"),
            "LOGOUT" => Answer { is_last: true, ..Answer::ok("goodbye").with("* BYE until next time\r\n") },
            "NAMESPACE" => Answer::ok("done").with("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n"),
            "LIST" | "LSUB" => list::list(command, mailbox),
            "STATUS" => list::status(command, mailbox),
            "GETQUOTAROOT" | "GETQUOTA" => self.quota(command, mailbox),
            "CREATE" => list::create(command, mailbox),
            "SUBSCRIBE" | "UNSUBSCRIBE" => list::subscribe(command, mailbox),
            "SELECT" | "EXAMINE" => self.select(command, mailbox),
            "CLOSE" | "UNSELECT" => {
                self.open = None;
                Answer::ok("closed")
            }
            "FETCH" | "UID FETCH" => fetch::fetch(self, command, mailbox, now),
            "STORE" | "UID STORE" => fetch::store(self, command, mailbox),
            "APPEND" => append::append(self.place, command, mailbox, now),
            _ => Answer::bad("this command is not known here"),
        }
    }

    fn select(&mut self, command: &Command, mailbox: &Mailbox) -> Answer {
        // A failed attempt leaves no folder open.
        self.open = None;
        let Some(name) = command.text(0) else { return Answer::bad("which folder?") };
        let Some(folder) = mailbox.folder(&name) else { return Answer::no("[NONEXISTENT] there is no such folder") };
        let read_only = command.verb == "EXAMINE";
        let flags = "\\Answered \\Flagged \\Deleted \\Seen \\Draft";
        let permanent = if read_only { String::new() } else { format!("{flags} \\*") };
        let told = format!(
            "* FLAGS ({flags})\r\n* OK [PERMANENTFLAGS ({permanent})] kept\r\n* {} EXISTS\r\n* 0 RECENT\r\n\
             * OK [UIDVALIDITY {}] valid\r\n* OK [UIDNEXT {}] next\r\n",
            folder.messages.len(),
            folder.uid_validity,
            folder.uid_next
        );
        self.open = Some(Open { name, read_only });
        Answer::ok(if read_only { "[READ-ONLY] opened" } else { "[READ-WRITE] opened" }).with(told)
    }

    /// One root for everything (RFC 9208), in units of 1024 bytes.
    fn quota(&self, command: &Command, mailbox: &Mailbox) -> Answer {
        let (used, room) = (mailbox.size_bytes().div_ceil(1024), self.place.room_bytes() / 1024);
        let quota = format!("* QUOTA \"\" (STORAGE {used} {room})\r\n");
        let root = if command.verb == "GETQUOTAROOT" { "* QUOTAROOT INBOX \"\"\r\n" } else { "" };
        Answer::ok("done").with(format!("{root}{quota}"))
    }
}

/// A text in quotes.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
