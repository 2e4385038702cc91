//! Spelling and reading of what IMAP sends over the wire; no IO.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, FixedOffset, Timelike};
use mailferry_domain::{
    folder::{FolderPath, FolderStatus, NamingStyle, RemoteFolder},
    special_use::SpecialUse,
    uid::UidValidity,
    utf7,
};

/// A quoted string (RFC 9051 section 9, `quoted`). The text must hold no CR, LF or NUL: see [`is_quotable`].
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// True if `text` can be sent as a quoted string to any server.
pub(super) fn is_quotable(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// `date-time` (RFC 9051 section 9): ` 5-Mar-2019 10:00:00 +0100`.
pub(super) fn date_time(date: &DateTime<FixedOffset>) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let zone = date.offset().local_minus_utc() / 60;
    let sign = if zone < 0 { '-' } else { '+' };
    let (hours, minutes) = (zone.abs() / 60, zone.abs() % 60);
    let month = MONTHS[date.month0() as usize];
    let time = date.time();
    format!(
        "{:2}-{month}-{:04} {:02}:{:02}:{:02} {sign}{hours:02}{minutes:02}",
        date.day(),
        date.year(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// Reads `date-time`; `None` for anything else, since some servers send nonsense.
pub(super) fn parse_date_time(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_str(text.trim(), "%d-%b-%Y %H:%M:%S %z").ok()
}

/// One value of a response: an atom, a string, or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// An atom, number or `NIL`.
    Atom(String),
    /// A quoted string or a literal.
    Text(String),
    /// A parenthesized list.
    List(Vec<Value>),
}

impl Value {
    /// The text of an atom or string; `None` for `NIL` and lists.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Atom(atom) if atom.eq_ignore_ascii_case("NIL") => None,
            Self::Atom(text) | Self::Text(text) => Some(text),
            Self::List(_) => None,
        }
    }

    pub(super) fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(values) => Some(values),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<u64> {
        self.text()?.parse().ok()
    }
}

/// Nested lists deeper than this are not read.
const DEPTH: usize = 16;

/// Reads the values of one untagged response, `* ` and CRLF included. What cannot be read ends the list.
pub(super) fn values(response: &[u8]) -> Vec<Value> {
    let mut reader = Reader { rest: response.strip_prefix(b"* ").unwrap_or(response) };
    reader.list(0)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn list(&mut self, depth: usize) -> Vec<Value> {
        let mut values = Vec::new();
        loop {
            while let [b' ' | b'\r' | b'\n', rest @ ..] = self.rest {
                self.rest = rest;
            }
            match self.rest {
                [] => return values,
                [b')', rest @ ..] => {
                    self.rest = rest;
                    return values;
                }
                [b'(', rest @ ..] if depth < DEPTH => {
                    self.rest = rest;
                    values.push(Value::List(self.list(depth + 1)));
                }
                [b'(', ..] => {
                    self.rest = &[];
                }
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    values.push(Value::Text(self.quoted()));
                }
                [b'{', ..] => values.push(Value::Text(self.literal())),
                _ => values.push(Value::Atom(self.atom())),
            }
        }
    }

    fn quoted(&mut self) -> String {
        let mut bytes = Vec::new();
        while let [byte, rest @ ..] = self.rest {
            self.rest = rest;
            match byte {
                b'"' => break,
                b'\\' => {
                    if let [escaped, rest @ ..] = self.rest {
                        bytes.push(*escaped);
                        self.rest = rest;
                    }
                }
                other => bytes.push(*other),
            }
        }
        text_of(&bytes)
    }

    fn literal(&mut self) -> String {
        let size = self.rest.iter().position(|&byte| byte == b'\n').and_then(|end| {
            let digits = std::str::from_utf8(&self.rest[1..end]).ok()?;
            let size: usize = digits.trim_end().trim_end_matches('}').trim_end_matches('+').parse().ok()?;
            self.rest = &self.rest[end + 1..];
            Some(size)
        });
        let size = size.unwrap_or(self.rest.len()).min(self.rest.len());
        let (bytes, rest) = self.rest.split_at(size);
        self.rest = rest;
        text_of(bytes)
    }

    fn atom(&mut self) -> String {
        let end = self
            .rest
            .iter()
            .position(|byte| matches!(byte, b' ' | b'(' | b')' | b'\r' | b'\n'))
            .unwrap_or(self.rest.len());
        let (atom, rest) = self.rest.split_at(end);
        self.rest = rest;
        text_of(atom)
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A line of LIST, LSUB or XLIST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) attributes: Vec<String>,
    pub(super) separator: Option<char>,
    pub(super) name: String,
}

/// Reads `* LIST (attributes) separator name …` (RFC 9051 section 7.3.1) of this keyword.
pub(super) fn listed(response: &[u8], keyword: &str) -> Option<Listed> {
    let values = values(response);
    let [word, attributes, separator, name, ..] = values.as_slice() else { return None };
    if !word.text()?.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let attributes = attributes.list()?.iter().filter_map(|value| value.text().map(str::to_owned)).collect();
    let name = match name {
        // A folder may be called NIL.
        Value::Atom(name) | Value::Text(name) => name.clone(),
        Value::List(_) => return None,
    };
    Some(Listed { attributes, separator: separator.text().and_then(|text| text.chars().next()), name })
}

impl Listed {
    fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|other| other.eq_ignore_ascii_case(attribute))
    }

    /// The folder, unless it is a mere level outside the personal namespace, or has no name.
    /// With a `root`, that folder is the inbox, and nothing outside of it is told.
    pub(super) fn folder(&self, style: &NamingStyle, root: Option<&str>) -> Option<RemoteFolder> {
        let special_use = self.attributes.iter().find_map(|attribute| SpecialUse::from_attribute(attribute));
        // XLIST tells the inbox under its name in the owner's language; it is opened as INBOX all the same.
        if special_use == Some(SpecialUse::Inbox) && root.is_none() {
            return Some(RemoteFolder {
                path: FolderPath::inbox(),
                wire_name: "INBOX".to_owned(),
                special_use,
                selectable: true,
                personal: true,
                takes_children: !self.has("\\Noinferiors"),
                subscribed: self.has("\\Subscribed"),
                status: None,
            });
        }
        let separator = self.separator.or(style.separator);
        let place = match root {
            Some(root) if self.name == root => Some(FolderPath::inbox()),
            // The admin's own.
            Some(_) if self.name.eq_ignore_ascii_case("INBOX") => return None,
            _ => path_of(&self.name, separator, &style.prefix),
        };
        let (personal, holds_messages) = (place.is_some(), !self.has("\\Noselect") && !self.has("\\NonExistent"));
        Some(RemoteFolder {
            special_use: special_use.filter(|_| personal),
            selectable: personal && holds_messages,
            personal,
            takes_children: !self.has("\\Noinferiors"),
            subscribed: self.has("\\Subscribed"),
            status: None,
            wire_name: self.name.clone(),
            path: match place {
                Some(path) => path,
                None if root.is_none() && holds_messages => path_outside(&self.name, separator)?,
                None => return None,
            },
        })
    }
}

/// Folders whose names are read alike (`a/b` and `a//b`, `&AOQ-` and a raw `ä`, `INBOX` and `INBOX.INBOX`): none is
/// dropped. A name that only stands for a level (`Foo/`, \Noselect) gives way to the folder, and a second folder gets a
/// number.
pub(super) fn each_at_a_place_of_its_own(listed: impl Iterator<Item = RemoteFolder>) -> Vec<RemoteFolder> {
    let mut listed: Vec<RemoteFolder> = listed.collect();
    let told: HashMap<String, usize> =
        listed.iter().enumerate().map(|(at, folder)| (folder.wire_name.clone(), at)).collect();
    let mut folders: Vec<RemoteFolder> = Vec::with_capacity(listed.len());
    let mut at: HashMap<FolderPath, usize> = HashMap::new();
    // The best right to a place has who keeps it in every listing.
    listed.sort_by_key(|folder| (!folder.personal, folder.path.is_inbox() && !is_called_inbox(folder)));
    for mut folder in listed {
        let before = at.get(&folder.path).map(|at| &mut folders[*at]);
        match before {
            Some(before) if is_same_folder(before, &folder) || folder.personal && !folder.selectable => {
                before.subscribed |= folder.subscribed;
                continue;
            }
            Some(before) if folder.personal && !before.selectable => {
                *before = folder;
                continue;
            }
            Some(_) => {
                let place =
                    (2..=u64::MAX).map(|number| numbered(&folder.path, number)).find(|place| !at.contains_key(place));
                folder.path = place.unwrap_or(folder.path);
            }
            None => {}
        }
        at.insert(folder.path.clone(), folders.len());
        folders.push(folder);
    }
    // In the order in which the server told them.
    folders.sort_by_key(|folder| told.get(&folder.wire_name).copied());
    folders
}

fn is_called_inbox(folder: &RemoteFolder) -> bool {
    folder.wire_name.eq_ignore_ascii_case("INBOX")
}

/// INBOX is one folder, however it is spelt (RFC 9051 section 5.1); and a separator at the end makes no other one.
fn is_same_folder(one: &RemoteFolder, other: &RemoteFolder) -> bool {
    let bare = |folder: &RemoteFolder| folder.wire_name.trim_end_matches(['/', '.', '\\']).to_owned();
    is_called_inbox(one) && is_called_inbox(other) || one.selectable == other.selectable && bare(one) == bare(other)
}

fn numbered(path: &FolderPath, number: u64) -> FolderPath {
    let mut levels = path.levels().to_vec();
    if let Some(name) = levels.last_mut() {
        *name = format!("{name} ({number})");
    }
    FolderPath::new(levels).unwrap_or_else(|_| path.clone())
}

/// The place of a folder of this name; `None` outside the personal namespace.
fn path_of(name: &str, separator: Option<char>, prefix: &str) -> Option<FolderPath> {
    // A name that is not modified UTF-7 is taken as it is: some servers do not keep to it.
    let decoded = utf7::decode(name).unwrap_or_else(|_| name.to_owned());
    let inner = match decoded.strip_prefix(prefix) {
        Some(inner) => inner,
        None if decoded.eq_ignore_ascii_case("INBOX") => &decoded,
        None => return None,
    };
    match separator {
        Some(separator) => FolderPath::new(inner.split(separator).filter(|level| !level.is_empty())).ok(),
        None => FolderPath::new([inner]).ok(),
    }
}

/// What to call a folder outside the personal namespace.
fn path_outside(name: &str, separator: Option<char>) -> Option<FolderPath> {
    let decoded = utf7::decode(name).unwrap_or_else(|_| name.to_owned());
    let levels = decoded.split(|c| Some(c) == separator).filter(|level| !level.is_empty());
    FolderPath::new(levels).or_else(|_| FolderPath::new([&decoded])).ok()
}

/// How a server spells the name of a folder at this place.
pub(super) fn wire_name(path: &FolderPath, style: &NamingStyle, root: Option<&str>) -> String {
    if let Some(root) = root.filter(|_| path.is_inbox()) {
        return root.to_owned();
    }
    let separator = style.separator.map(String::from).unwrap_or_default();
    let name = path.levels().join(&separator);
    // INBOX and what lies below it are outside the prefix.
    if root.is_none() && path.levels().first().is_some_and(|level| level == "INBOX") {
        utf7::encode(&name)
    } else {
        utf7::encode(&format!("{}{name}", style.prefix))
    }
}

/// The personal namespace of `* NAMESPACE …` (RFC 2342): prefix and separator.
pub(super) fn personal_namespace(response: &[u8]) -> Option<NamingStyle> {
    let values = values(response);
    let [word, personal, ..] = values.as_slice() else { return None };
    if !word.text()?.eq_ignore_ascii_case("NAMESPACE") {
        return None;
    }
    let [prefix, separator, ..] = personal.list()?.first()?.list()? else { return None };
    let prefix = prefix.text().unwrap_or_default();
    Some(NamingStyle {
        separator: separator.text().and_then(|text| text.chars().next()),
        prefix: utf7::decode(prefix).unwrap_or_else(|_| prefix.to_owned()),
    })
}

/// Reads `* STATUS name (MESSAGES n UIDNEXT n UIDVALIDITY n …)`: the folder's name, and how it stands if all is told.
pub(super) fn folder_status(response: &[u8]) -> Option<(String, FolderStatus)> {
    let values = values(response);
    let [word, name, pairs, ..] = values.as_slice() else { return None };
    if !word.text()?.eq_ignore_ascii_case("STATUS") {
        return None;
    }
    let (Value::Atom(name) | Value::Text(name)) = name else { return None };
    let pairs = pairs.list()?;
    let number = |key: &str| {
        let pair =
            pairs.chunks_exact(2).find(|pair| pair[0].text().is_some_and(|text| text.eq_ignore_ascii_case(key)))?;
        u32::try_from(pair[1].number()?).ok()
    };
    let status = FolderStatus {
        uid_validity: UidValidity(number("UIDVALIDITY")?),
        uid_next: number("UIDNEXT")?,
        messages: number("MESSAGES")?,
        highest_modseq: status_number(response, "HIGHESTMODSEQ").filter(|&modseq| modseq > 0),
    };
    Some((name.clone(), status))
}

/// The folder of `* STATUS name …`.
pub(super) fn status_name(response: &[u8]) -> Option<String> {
    match values(response).as_slice() {
        [word, Value::Atom(name) | Value::Text(name), ..] if word.text()?.eq_ignore_ascii_case("STATUS") => {
            Some(name.clone())
        }
        _ => None,
    }
}

/// A number of `* STATUS name (key number …)` (RFC 9051 section 7.3.4).
pub(super) fn status_number(response: &[u8], key: &str) -> Option<u64> {
    let values = values(response);
    let [word, _, pairs, ..] = values.as_slice() else { return None };
    if !word.text()?.eq_ignore_ascii_case("STATUS") {
        return None;
    }
    let pairs = pairs.list()?;
    pairs.chunks_exact(2).find(|pair| pair[0].text().is_some_and(|text| text.eq_ignore_ascii_case(key)))?[1].number()
}

/// Used and most kilobytes of `* QUOTA root (STORAGE used most …)` (RFC 9208 section 5.1).
pub(super) fn storage_quota(response: &[u8]) -> Option<(u64, u64)> {
    let values = values(response);
    let [word, _, resources, ..] = values.as_slice() else { return None };
    if !word.text()?.eq_ignore_ascii_case("QUOTA") {
        return None;
    }
    let resources = resources.list()?;
    let storage = resources
        .chunks_exact(3)
        .find(|part| part[0].text().is_some_and(|text| text.eq_ignore_ascii_case("STORAGE")))?;
    Some((storage[1].number()?, storage[2].number()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn style(separator: char, prefix: &str) -> NamingStyle {
        NamingStyle { separator: Some(separator), prefix: prefix.to_owned() }
    }

    #[test]
    fn list_lines_of_real_servers_are_read() {
        for (line, name, separator) in [
            ("* LIST (\\HasNoChildren \\Sent) \".\" Sent\r\n", "Sent", Some('.')),
            ("* LIST () \"/\" \"a \\\"b\\\\\" (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n", "a \"b\\", Some('/')),
            ("* LIST (\\Noselect) NIL {5}\r\na\"(b)\r\n", "a\"(b)", None),
            ("* list () \"\\\\\" NIL\r\n", "NIL", Some('\\')),
        ] {
            let listed = listed(line.as_bytes(), "LIST").expect(line);
            assert_eq!((listed.name.as_str(), listed.separator), (name, separator));
        }
        assert_eq!(listed(b"* LSUB () \"/\" a\r\n", "LIST"), None);
    }

    #[test]
    fn the_personal_prefix_is_no_part_of_a_path() {
        let courier = personal_namespace(b"* NAMESPACE ((\"INBOX.\" \".\")) NIL ((\"#shared.\" \".\"))\r\n")
            .expect("a namespace");
        assert_eq!(courier, style('.', "INBOX."));
        for (name, path) in [("INBOX", "INBOX"), ("INBOX.Gr&APYA3w-e.x", "Größe/x")] {
            let found = path_of(name, Some('.'), "INBOX.").expect(name);
            assert_eq!(found.to_string(), path);
            assert_eq!(wire_name(&found, &courier, None), name);
        }
        assert_eq!(path_of("#shared.x", Some('.'), "INBOX."), None, "shared folders are not moved");
    }

    #[test]
    fn no_folder_is_dropped_since_its_name_is_read_like_another_ones() {
        let told = |lines: &[&str]| {
            let listed = lines.iter().filter_map(|line| listed(line.as_bytes(), "LIST"));
            let folders = listed.filter_map(|listed| listed.folder(&style('/', ""), None)).collect::<Vec<_>>();
            each_at_a_place_of_its_own(folders.into_iter())
                .into_iter()
                .map(|folder| (folder.path.to_string(), folder.wire_name, folder.selectable))
                .collect::<Vec<_>>()
        };
        let folder = |path: &str, name: &str| (path.to_owned(), name.to_owned(), true);
        let level_first = ["* LIST (\\Noselect) \"/\" \"Foo/\"\r\n", "* LIST () \"/\" Foo\r\n"];
        assert_eq!(told(&level_first), [folder("Foo", "Foo")]);
        assert_eq!(told(&[level_first[1], level_first[0]]), [folder("Foo", "Foo")]);
        let alike = ["* LIST () \"/\" \"&AOQ-\"\r\n", "* LIST () \"/\" \"ä\"\r\n", "* LIST () \"/\" \"ä (2)\"\r\n"];
        assert_eq!(told(&alike), [folder("ä", "&AOQ-"), folder("ä (2)", "ä"), folder("ä (2) (2)", "ä (2)")]);
        let inboxes = ["* LIST () \"/\" INBOX\r\n", "* LIST () \"/\" Inbox\r\n"];
        assert_eq!(told(&inboxes), [folder("INBOX", "INBOX")], "there is one inbox");
    }

    #[test]
    fn a_folder_of_the_inboxs_name_is_another_one_and_what_is_shared_is_told_as_such() {
        let lines = [
            "* LIST () \".\" INBOX.INBOX\r\n",
            "* LIST (\\Noinferiors) \".\" INBOX\r\n",
            "* LIST () \".\" user.bob\r\n",
            "* LIST () \".\" INBOX.user.bob\r\n",
            "* LIST (\\Noselect) \".\" user\r\n",
        ];
        let listed = lines.iter().filter_map(|line| listed(line.as_bytes(), "LIST"));
        let folders: Vec<_> = listed.filter_map(|listed| listed.folder(&style('.', "INBOX."), None)).collect();
        let told: Vec<_> = each_at_a_place_of_its_own(folders.into_iter())
            .into_iter()
            .map(|folder| (folder.path.to_string(), folder.wire_name, folder.personal, folder.takes_children))
            .collect();
        let expected = [
            ("INBOX (2)", "INBOX.INBOX", true, true),
            ("INBOX", "INBOX", true, false),
            ("user/bob (2)", "user.bob", false, true),
            ("user/bob", "INBOX.user.bob", true, true),
        ];
        let expected =
            expected.map(|(path, name, personal, takes)| (path.to_owned(), name.to_owned(), personal, takes));
        assert_eq!(told, expected);
    }

    #[test]
    fn status_and_quota_are_read() {
        assert_eq!(status_number(b"* STATUS \"a b\" (MESSAGES 3 SIZE 5000000000)\r\n", "size"), Some(5_000_000_000));
        assert_eq!(storage_quota(b"* QUOTA \"User quota\" (MESSAGE 1 2 STORAGE 10 512)\r\n"), Some((10, 512)));
        assert_eq!(storage_quota(b"* QUOTA \"\" ()\r\n"), None);
    }

    #[test]
    fn dates_keep_their_zone() {
        let date = parse_date_time(" 5-Mar-2019 10:00:00 +0130").expect("a date");
        assert_eq!(date_time(&date), " 5-Mar-2019 10:00:00 +0130");
        assert_eq!(parse_date_time("00-Jan-0000"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (values(&bytes), listed(&bytes, "LIST"), personal_namespace(&bytes), status_number(&bytes, "SIZE"), storage_quota(&bytes));
        }

        #[test]
        fn a_quoted_string_is_read_again(text in "[ -~]{0,40}") {
            prop_assert_eq!(values(quoted(&text).as_bytes()), [Value::Text(text)]);
        }
    }
}
