//! Folders as LIST and NAMESPACE tell them, and how a server spells their names.

use std::collections::HashMap;

use mailferry_domain::{
    folder::{FolderPath, NamingStyle, RemoteFolder},
    special_use::SpecialUse,
    utf7,
};

use super::values::{Value, values};

/// A line of LIST, LSUB or XLIST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::imap) struct Listed {
    pub(in crate::imap) attributes: Vec<String>,
    pub(in crate::imap) separator: Option<char>,
    pub(in crate::imap) name: String,
}

/// Reads `* LIST (attributes) separator name …` (RFC 9051 section 7.3.1) of this keyword.
pub(in crate::imap) fn listed(response: &[u8], keyword: &str) -> Option<Listed> {
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
    pub(in crate::imap) fn folder(&self, style: &NamingStyle, root: Option<&str>) -> Option<RemoteFolder> {
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
pub(in crate::imap) fn each_at_a_place_of_its_own(listed: impl Iterator<Item = RemoteFolder>) -> Vec<RemoteFolder> {
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
pub(in crate::imap) fn wire_name(path: &FolderPath, style: &NamingStyle, root: Option<&str>) -> String {
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
pub(in crate::imap) fn personal_namespace(response: &[u8]) -> Option<NamingStyle> {
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

#[cfg(test)]
mod tests {
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
}
