//! What lies in a mailbox.

use bytes::Bytes;
use chrono::{DateTime, FixedOffset, Utc};
use serde::{Deserialize, Serialize};

/// A mailbox: a value that can be kept as bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mailbox {
    /// Its folders, in the order they were made.
    pub folders: Vec<Folder>,
    /// The UIDVALIDITY of the next folder that is made.
    pub next_validity: u32,
    /// Set once it has asked for patience: until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled_until: Option<DateTime<Utc>>,
}

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folder {
    /// Its name as it goes over the wire, in modified UTF-7, levels parted by `/`.
    pub name: String,
    /// What it is for, such as `\Sent` (RFC 6154).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub special_use: Option<String>,
    /// As in RFC 3501.
    pub uid_validity: u32,
    /// As in RFC 3501.
    pub uid_next: u32,
    /// True if mail programs show it.
    pub subscribed: bool,
    /// Ascending by UID.
    pub messages: Vec<Message>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// As in RFC 3501.
    pub uid: u32,
    /// Flags and keywords.
    pub flags: Vec<String>,
    /// The internal date, as IMAP spells it: `05-Mar-2019 10:00:00 +0100`.
    pub date: String,
    /// Every byte of it.
    #[serde(with = "base64_bytes")]
    pub body: Bytes,
}

/// How IMAP spells a date and time.
const DATE_TIME: &str = "%d-%b-%Y %H:%M:%S %z";

pub(crate) fn spelt(date: DateTime<FixedOffset>) -> String {
    date.format(DATE_TIME).to_string()
}

/// True for what IMAP calls `date-time`; the day may have a space for its first digit.
pub(crate) fn is_date_time(text: &str) -> bool {
    DateTime::parse_from_str(text.trim_start(), DATE_TIME).is_ok()
}

impl Mailbox {
    /// As bytes to be kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Text, numbers and lists of them: nothing that JSON does not know.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// A mailbox that was kept; `None` if these bytes are none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// What all messages take.
    pub fn size_bytes(&self) -> u64 {
        self.folders.iter().map(Folder::size_bytes).sum()
    }

    /// A folder by its name; the inbox in any spelling (RFC 3501 section 5.1).
    pub fn folder(&self, name: &str) -> Option<&Folder> {
        self.folders.iter().find(|folder| folder.is_called(name))
    }

    pub(crate) fn folder_mut(&mut self, name: &str) -> Option<&mut Folder> {
        self.folders.iter_mut().find(|folder| folder.is_called(name))
    }

    /// Makes a folder.
    pub(crate) fn create(&mut self, name: &str, special_use: Option<&str>) -> &mut Folder {
        let uid_validity = self.next_validity;
        self.next_validity += 1;
        self.folders.push(Folder {
            name: name.to_owned(),
            special_use: special_use.map(ToOwned::to_owned),
            uid_validity,
            uid_next: 1,
            subscribed: false,
            messages: Vec::new(),
        });
        let last = self.folders.len() - 1;
        &mut self.folders[last]
    }
}

impl Folder {
    fn is_called(&self, name: &str) -> bool {
        self.name == name || (self.name == "INBOX" && name.eq_ignore_ascii_case("INBOX"))
    }

    /// What its messages take.
    pub fn size_bytes(&self) -> u64 {
        self.messages.iter().map(|message| message.body.len() as u64).sum()
    }

    /// Puts a message behind the others; its UID.
    pub(crate) fn push(&mut self, flags: Vec<String>, date: String, body: Bytes) -> u32 {
        let uid = self.uid_next;
        self.uid_next += 1;
        self.messages.push(Message { uid, flags, date, body });
        uid
    }
}

mod base64_bytes {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Bytes::from).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_mailbox_is_read_again_as_it_was() {
        let mut mailbox = crate::filled(DateTime::UNIX_EPOCH);
        mailbox.throttled_until = Some(DateTime::UNIX_EPOCH);
        assert_eq!(Mailbox::from_bytes(&mailbox.to_bytes()), Some(mailbox));
        assert_eq!(Mailbox::from_bytes(b"{"), None);
    }

    #[test]
    fn dates_are_spelt_as_imap_wants_them() {
        let date = DateTime::parse_from_rfc3339("2019-03-05T10:00:00+01:00").expect("a date");
        assert_eq!(spelt(date), "05-Mar-2019 10:00:00 +0100");
        assert!(is_date_time(" 5-Mar-2019 10:00:00 +0100") && is_date_time(&spelt(date)));
        assert!(!is_date_time("2019-03-05"));
    }
}
