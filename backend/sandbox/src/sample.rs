//! What lies in an old mailbox: the same for everybody, only its dates follow the time it was made at.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use mailferry_domain::utf7;

use crate::mailbox::{Mailbox, spelt};

/// Bytes of the attachment, before Base64.
const ATTACHMENT_BYTES: usize = 12_000;

/// Folders, what they are for, and how many days old their messages are.
const FOLDERS: &[(&str, Option<&str>, &[i64])] = &[
    ("INBOX", None, &[410, 300, 200, 120, 90, 60, 30, 20, 9, 5, 3, 1]),
    ("Sent", Some("\\Sent"), &[299, 89, 29, 4, 2]),
    ("Drafts", Some("\\Drafts"), &[6]),
    ("Archive", Some("\\Archive"), &[]),
    ("Archive/2024", None, &[700, 650, 600, 550]),
    ("Projekte/Größe & Maß", None, &[50, 40, 7]),
    ("Trash", Some("\\Trash"), &[15, 8]),
    ("Junk", Some("\\Junk"), &[25, 2]),
];

/// An old mailbox at this time: 30 messages in 8 folders, two of them the same, with flags, a keyword and an attachment.
pub fn filled(at: DateTime<Utc>) -> Mailbox {
    let mut mailbox = empty_of(at, FOLDERS.iter().map(|(name, special_use, _)| (*name, *special_use)));
    for (name, _, ages) in FOLDERS {
        let Some(folder) = mailbox.folder_mut(&utf7::encode(name)) else { continue };
        for (n, &age) in (1..).zip(*ages) {
            let date = at - TimeDelta::days(age);
            folder.push(flags(name, n), spelt(date.fixed_offset()), message(name, n, date));
        }
        if *name == "INBOX"
            && let Some(twice) = folder.messages.get(4).cloned()
        {
            folder.push(twice.flags, twice.date, twice.body);
        }
    }
    mailbox
}

/// A new mailbox: folders such as every provider makes, and no message.
pub fn empty(at: DateTime<Utc>) -> Mailbox {
    let special = FOLDERS.iter().filter(|(name, special_use, _)| special_use.is_some() || *name == "INBOX");
    empty_of(at, special.map(|(name, special_use, _)| (*name, *special_use)))
}

fn empty_of<'a>(at: DateTime<Utc>, folders: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Mailbox {
    // A mailbox made at another time has other numbers (RFC 3501 section 2.3.1.1).
    let next_validity = u32::try_from(at.timestamp().max(1)).unwrap_or(1);
    let mut mailbox = Mailbox { next_validity, ..Mailbox::default() };
    for (name, special_use) in folders {
        mailbox.create(&utf7::encode(name), special_use).subscribed = true;
    }
    mailbox
}

fn flags(folder: &str, n: usize) -> Vec<String> {
    let flags: &[&str] = match (folder, n) {
        ("INBOX", 3) => &["\\Seen", "\\Flagged"],
        ("INBOX", 4) => &["\\Seen", "\\Answered"],
        ("INBOX", 6) => &["\\Seen", "$Forwarded"],
        ("INBOX", 11 | 12) => &[],
        ("Drafts", _) => &["\\Draft"],
        _ => &["\\Seen"],
    };
    flags.iter().map(|&flag| flag.to_owned()).collect()
}

fn message(folder: &str, n: usize, date: DateTime<Utc>) -> Bytes {
    let place = folder.split('/').next_back().unwrap_or(folder);
    let header = format!(
        "Date: {}\r\nFrom: Olivia Old <olivia@sandbox.mailferry.test>\r\nTo: Noah New <noah@sandbox.mailferry.test>\r\n\
         Subject: =?utf-8?B?{}?=\r\nMessage-ID: <{n}.{}@sandbox.mailferry.test>\r\nMIME-Version: 1.0\r\n",
        date.format("%a, %d %b %Y %H:%M:%S %z"),
        STANDARD.encode(format!("Message {n} of {place}")),
        folder.bytes().map(u32::from).sum::<u32>(),
    );
    let text = format!("This is message {n} of {place}: a sample that anybody may read.\r\n");
    if (folder, n) == ("INBOX", 2) {
        return Bytes::from(format!("{header}{}", with_attachment(&text)));
    }
    let body = text.repeat(1 + n % 5);
    Bytes::from(format!(
        "{header}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}"
    ))
}

fn with_attachment(text: &str) -> String {
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(ATTACHMENT_BYTES).collect();
    let encoded = STANDARD.encode(bytes);
    let mut lines = String::new();
    for (n, letter) in encoded.chars().enumerate() {
        if n > 0 && n % 76 == 0 {
            lines.push_str("\r\n");
        }
        lines.push(letter);
    }
    format!(
        "Content-Type: multipart/mixed; boundary=part\r\n\r\n--part\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\
         --part\r\nContent-Type: application/octet-stream; name=sample.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n\
         {lines}\r\n--part--\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_the_same_for_everybody_and_small() {
        let at = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let mailbox = filled(at);
        assert_eq!(mailbox, filled(at));
        let messages: Vec<_> = mailbox.folders.iter().flat_map(|folder| &folder.messages).collect();
        assert_eq!((mailbox.folders.len(), messages.len()), (8, 30));
        assert!((20_000..60_000).contains(&mailbox.size_bytes()), "{}", mailbox.size_bytes());
        let mut bodies: Vec<_> = messages.iter().map(|message| &message.body).collect();
        bodies.sort();
        bodies.dedup();
        assert_eq!(bodies.len(), 29, "two are the same");
    }

    #[test]
    fn a_new_mailbox_has_folders_and_no_message() {
        let mailbox = empty(DateTime::UNIX_EPOCH);
        assert_eq!((mailbox.folders.len(), mailbox.size_bytes()), (6, 0));
        assert!(mailbox.folder("inbox").is_some_and(|inbox| inbox.special_use.is_none()));
    }
}
