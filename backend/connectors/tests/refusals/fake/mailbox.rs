//! What lies in the small Gmail.

use std::collections::BTreeMap;

/// Where every message lies.
pub(crate) const ALL: &str = "[Gmail]/All Mail";
const STARRED: &str = "[Gmail]/Starred";

#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// X-GM-MSGID.
    pub(crate) number: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) flags: Vec<String>,
    pub(crate) date: String,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Folder {
    pub(crate) attributes: String,
    pub(crate) uid_validity: u32,
    pub(crate) uid_next: u32,
    /// UID and the message's place.
    pub(crate) messages: Vec<(u32, usize)>,
}

/// Messages, and the folders that show them.
#[derive(Debug, Clone)]
pub(crate) struct Mailbox {
    pub(crate) messages: Vec<Message>,
    pub(crate) folders: BTreeMap<String, Folder>,
}

impl Mailbox {
    /// The folders of a new account.
    pub(crate) fn new() -> Self {
        let mut mailbox = Self { messages: Vec::new(), folders: BTreeMap::new() };
        for (name, attributes) in [
            ("INBOX", "\\Inbox"),
            ("[Gmail]", "\\Noselect \\HasChildren"),
            (ALL, "\\All"),
            ("[Gmail]/Chats", ""),
            ("[Gmail]/Drafts", "\\Drafts"),
            ("[Gmail]/Important", "\\Important"),
            ("[Gmail]/Sent Mail", "\\Sent"),
            ("[Gmail]/Spam", "\\Junk"),
            (STARRED, "\\Flagged"),
            ("[Gmail]/Trash", "\\Trash"),
        ] {
            mailbox.create(name);
            let folder = mailbox.folders.get_mut(name).expect("just made");
            attributes.clone_into(&mut folder.attributes);
        }
        mailbox
    }

    /// Makes a label.
    pub(crate) fn create(&mut self, name: &str) {
        let uid_validity = u32::try_from(self.folders.len()).expect("few") + 1;
        let folder = Folder { uid_validity, uid_next: 1, ..Folder::default() };
        self.folders.entry(name.to_owned()).or_insert(folder);
    }

    /// A message with these labels; without one it was archived. Its number.
    pub(crate) fn add(&mut self, labels: &[&str], flags: &str, bytes: &str) -> u64 {
        let flags = flags.split(' ').filter(|flag| !flag.is_empty()).map(str::to_owned).collect();
        let at = self.push(bytes.as_bytes().to_vec(), flags, "05-Mar-2019 10:00:00 +0100".to_owned());
        for label in labels {
            self.create(label);
            self.show(label, at);
        }
        self.messages[at].number
    }

    fn push(&mut self, bytes: Vec<u8>, flags: Vec<String>, date: String) -> usize {
        let at = self.messages.len();
        let starred = flags.iter().any(|flag| flag == "\\Flagged");
        self.messages.push(Message { number: 1_278_455_344_230_334_865 + at as u64, bytes, flags, date });
        self.show(ALL, at);
        if starred {
            self.show(STARRED, at);
        }
        at
    }

    /// Shows a message in a folder; its UID there, which it may have had before.
    fn show(&mut self, folder: &str, at: usize) -> u32 {
        let folder = self.folders.get_mut(folder).expect("a folder");
        if let Some((uid, _)) = folder.messages.iter().find(|(_, other)| *other == at) {
            return *uid;
        }
        let uid = folder.uid_next;
        folder.uid_next += 1;
        folder.messages.push((uid, at));
        uid
    }

    /// Stores a message as APPEND does: what is there already gets one label more. UIDVALIDITY and UID.
    pub(crate) fn append(
        &mut self,
        folder: &str,
        bytes: Vec<u8>,
        flags: Vec<String>,
        date: String,
    ) -> Option<(u32, u32)> {
        if !self.folders.contains_key(folder) {
            return None;
        }
        let same = self.messages.iter().position(|message| message.bytes == bytes);
        let at = same.unwrap_or_else(|| self.push(bytes, flags, date));
        let uid = self.show(folder, at);
        Some((self.folders[folder].uid_validity, uid))
    }

    /// Takes a label from a message; it stays where it has others.
    pub(crate) fn unlabel(&mut self, folder: &str, text: &str) {
        let messages = &self.messages;
        let folder = self.folders.get_mut(folder).expect("a folder");
        folder.messages.retain(|(_, at)| messages[*at].bytes != text.as_bytes());
    }

    /// The texts that a folder shows.
    pub(crate) fn texts(&self, folder: &str) -> Vec<String> {
        let shown = self.folders.get(folder).into_iter().flat_map(|folder| &folder.messages);
        shown.map(|(_, at)| String::from_utf8_lossy(&self.messages[*at].bytes).into_owned()).collect()
    }
}
