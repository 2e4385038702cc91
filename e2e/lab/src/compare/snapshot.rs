//! Everything in a mailbox that a copy must keep, as hashes and marks.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
};

use aws_lc_rs::digest::{SHA256, digest};

use crate::{
    failed,
    imap::{Client, Listed, Login, Response, quoted},
    mailbox_name,
};

const SYSTEM_FLAGS: [&str; 5] = ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"];

/// One message, without its bytes.
pub(crate) struct Message {
    pub(crate) hash: [u8; 32],
    pub(crate) flags: BTreeSet<String>,
    pub(crate) keywords: BTreeSet<String>,
    pub(crate) date: String,
    /// The Message-ID.
    pub(crate) id: Option<String>,
    pub(crate) size: u64,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = self.hash.iter().take(6).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        let id = self.id.as_deref().unwrap_or("no id");
        write!(f, "{hash:012x} {} bytes {id} {:?} {:?} {}", self.size, self.flags, self.keywords, self.date)
    }
}

/// A whole mailbox; folder names still encoded, but with `/` between levels and without namespace prefix.
pub(crate) struct Mailbox {
    pub(crate) folders: BTreeMap<String, Vec<Message>>,
    pub(crate) subscriptions: BTreeSet<String>,
}

impl Mailbox {
    pub(crate) fn read(login: &Login) -> io::Result<Self> {
        let mut client = Client::login(login)?;
        let prefix = client.prefix()?;
        let mut folders = BTreeMap::new();
        for listed in client.list()?.iter().filter(|listed| listed.selectable()) {
            folders.insert(plain_name(listed, &prefix), read_folder(&mut client, &listed.name)?);
        }
        let subscriptions = client.subscribed()?.iter().map(|listed| plain_name(listed, &prefix)).collect();
        Ok(Self { folders, subscriptions })
    }

    pub(crate) fn messages(&self) -> u64 {
        self.folders.values().map(|messages| messages.len() as u64).sum()
    }

    /// Without the folders `names` and their children.
    pub(crate) fn left_out(mut self, names: &[String]) -> Self {
        for name in names.iter().map(|name| mailbox_name::encode(name)) {
            self.folders.retain(|folder, _| !below(folder, &name));
            self.subscriptions.retain(|folder| !below(folder, &name));
        }
        self
    }

    /// With other names for some folders and their children.
    pub(crate) fn renamed(self, renames: &BTreeMap<String, String>) -> Self {
        let rename = |folder: String| {
            let encoded = |(from, to): (&String, &String)| (mailbox_name::encode(from), mailbox_name::encode(to));
            let hit = renames.iter().map(encoded).find(|(from, _)| below(&folder, from));
            hit.map_or(folder.clone(), |(from, to)| format!("{to}{}", &folder[from.len()..]))
        };
        let mut folders: BTreeMap<String, Vec<Message>> = BTreeMap::new();
        for (folder, messages) in self.folders {
            folders.entry(rename(folder)).or_default().extend(messages);
        }
        Self { folders, subscriptions: self.subscriptions.into_iter().map(rename).collect() }
    }
}

fn below(folder: &str, parent: &str) -> bool {
    folder.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn plain_name(listed: &Listed, prefix: &str) -> String {
    let name = String::from_utf8_lossy(&listed.name).into_owned();
    let name = name.strip_prefix(prefix).unwrap_or(&name).to_owned();
    match listed.separator {
        Some(separator) if separator != '/' => name.replace(separator, "/"),
        _ => name,
    }
}

fn read_folder(client: &mut Client, name: &[u8]) -> io::Result<Vec<Message>> {
    let mut exists = false;
    client.command_each(format!("EXAMINE {}", quoted(name)).as_bytes(), |response| {
        let text = response.text();
        exists |= text.ends_with(b" EXISTS") && !text.ends_with(b"* 0 EXISTS");
        Ok(())
    })?;
    let mut messages = Vec::new();
    if exists {
        client.command_each(b"UID FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])", |response| {
            messages.extend(message(&response)?);
            Ok(())
        })?;
    }
    Ok(messages)
}

/// The message in a FETCH response; `None` for another response, or one that only tells of changed flags.
fn message(response: &Response) -> io::Result<Option<Message>> {
    let text = String::from_utf8_lossy(&response.text()).into_owned();
    if !text.contains(" FETCH (") || !text.contains("BODY[]") {
        return Ok(None);
    }
    // An empty message comes as `BODY[] ""`, without a literal.
    let empty = Vec::new();
    let body = response.literals.first().unwrap_or(&empty);
    let flags = between(&text, "FLAGS (", ")").ok_or_else(|| failed(format!("FETCH without flags: {text}")))?;
    let date = between(&text, "INTERNALDATE \"", "\"").ok_or_else(|| failed(format!("FETCH without date: {text}")))?;
    let all = flags.split_whitespace().filter(|flag| *flag != "\\Recent").map(str::to_owned);
    let (flags, keywords) = all.partition(|flag| SYSTEM_FLAGS.contains(&flag.as_str()));
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, body).as_ref());
    Ok(Some(Message { hash, flags, keywords, date: padded(date), id: message_id(body), size: body.len() as u64 }))
}

/// A day of one digit stands after a space, or after a zero (Dovecot).
fn padded(date: &str) -> String {
    date.strip_prefix('0').map_or_else(|| date.to_owned(), |rest| format!(" {rest}"))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let rest = &text[text.find(start)? + start.len()..];
    Some(&rest[..rest.find(end)?])
}

fn message_id(body: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&body[..body.len().min(20_000)]).into_owned();
    let mut lines = head.lines().take_while(|line| !line.is_empty());
    let line = lines.find(|line| line.get(..11).is_some_and(|name| name.eq_ignore_ascii_case("message-id:")))?;
    Some(line[11..].trim().to_owned())
}
