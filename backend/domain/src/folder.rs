//! Folders: paths, and what a server tells of them.

use std::fmt;

use crate::{special_use::SpecialUse, uid::UidValidity};

/// A folder's place in the tree: decoded names from the top, relative to the personal namespace. Never empty, and
/// no level is empty. INBOX is always spelt `INBOX` (RFC 9051 section 5.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FolderPath {
    levels: Vec<String>,
}

/// The text names no folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a folder's name must not be empty, nor may a part of it between slashes")]
pub struct PathError;

impl FolderPath {
    /// A path from its levels.
    ///
    /// # Errors
    /// [`PathError`] if there is none, or one is empty.
    pub fn new(levels: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, PathError> {
        let mut levels: Vec<String> = levels.into_iter().map(Into::into).collect();
        if levels.is_empty() || levels.iter().any(String::is_empty) {
            return Err(PathError);
        }
        if levels[0].eq_ignore_ascii_case("inbox") {
            "INBOX".clone_into(&mut levels[0]);
        }
        Ok(Self { levels })
    }

    /// The folder where mail arrives.
    pub fn inbox() -> Self {
        Self { levels: vec!["INBOX".to_owned()] }
    }

    /// Reads what [`fmt::Display`] wrote: `/` between the levels; `\/` and `\\` stand for themselves.
    ///
    /// # Errors
    /// [`PathError`] if a level is empty.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let mut levels = vec![String::new()];
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let (c, splits) = match c {
                '/' => (c, true),
                '\\' => (chars.next().unwrap_or('\\'), false),
                other => (other, false),
            };
            if splits {
                levels.push(String::new());
            } else if let Some(level) = levels.last_mut() {
                level.push(c);
            }
        }
        Self::new(levels)
    }

    /// The names from the top.
    pub fn levels(&self) -> &[String] {
        &self.levels
    }

    /// The last name.
    pub fn name(&self) -> &str {
        self.levels.last().map_or("", String::as_str)
    }

    /// True for INBOX itself.
    pub fn is_inbox(&self) -> bool {
        self.levels.len() == 1 && self.levels[0] == "INBOX"
    }

    /// True if this is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.levels.starts_with(&other.levels)
    }

    /// This path with its beginning `from` replaced by `to`; `None` if it does not lie within `from`.
    pub fn moved(&self, from: &Self, to: &Self) -> Option<Self> {
        let rest = self.levels.strip_prefix(from.levels.as_slice())?;
        Some(Self { levels: to.levels.iter().chain(rest).cloned().collect() })
    }

    /// The path of every folder above this one, from the top.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> + '_ {
        (1..self.levels.len()).map(|depth| Self { levels: self.levels[..depth].to_vec() })
    }
}

/// `/` between the levels; a `/` or `\` inside a name is preceded by `\`.
impl fmt::Display for FolderPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, level) in self.levels.iter().enumerate() {
            if n > 0 {
                f.write_str("/")?;
            }
            f.write_str(&level.replace('\\', "\\\\").replace('/', "\\/"))?;
        }
        Ok(())
    }
}

/// A folder as a server lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFolder {
    /// Its place, decoded.
    pub path: FolderPath,
    /// Its name exactly as the server spells it; commands use this one.
    pub wire_name: String,
    /// What it is for, by the server's attributes alone.
    pub special_use: Option<SpecialUse>,
    /// False for `\Noselect` and `\NonExistent`, and outside the personal namespace.
    pub selectable: bool,
    /// False outside the personal namespace (RFC 2342): it belongs to somebody else or is shared.
    pub personal: bool,
    /// False for `\Noinferiors`: nothing can be made below it.
    pub takes_children: bool,
    /// True if it is subscribed.
    pub subscribed: bool,
    /// How it stood when it was listed, where the server tells that with the list (LIST-STATUS, RFC 5819).
    pub status: Option<FolderStatus>,
}

/// How a server builds folder names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamingStyle {
    /// Hierarchy separator; `None` for a flat server.
    pub separator: Option<char>,
    /// Prefix of the personal namespace (RFC 2342), decoded, with its separator: empty or like `INBOX.`.
    pub prefix: String,
}

/// What EXAMINE or STATUS tell of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FolderStatus {
    /// As long as it stays, UIDs keep their meaning.
    pub uid_validity: UidValidity,
    /// The next message gets this UID or a higher one.
    pub uid_next: u32,
    /// Messages in the folder.
    pub messages: u32,
    /// HIGHESTMODSEQ (RFC 7162): it grows with every change of a flag; `None` where the server keeps none or was not
    /// asked.
    pub highest_modseq: Option<u64>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> FolderPath {
        FolderPath::parse(text).expect("valid")
    }

    #[test]
    fn inbox_has_one_spelling() {
        assert_eq!(path("inbox/Sub").to_string(), "INBOX/Sub");
        assert!(path("InBox").is_inbox());
        assert!(!path("INBOX/Sub").is_inbox());
    }

    #[test]
    fn children_move_along() {
        assert_eq!(path("Gesendet/2019").moved(&path("Gesendet"), &path("Sent")), Some(path("Sent/2019")));
        assert_eq!(path("Gesendetes").moved(&path("Gesendet"), &path("Sent")), None);
    }

    #[test]
    fn ancestors_come_from_the_top() {
        assert_eq!(path("a/b/c").ancestors().map(|p| p.to_string()).collect::<Vec<_>>(), ["a", "a/b"]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(levels in prop::collection::vec("[^\u{0}]{1,12}", 1..5)) {
            let path = FolderPath::new(levels).expect("no level is empty");
            prop_assert_eq!(FolderPath::parse(&path.to_string()).expect("valid"), path);
        }
    }
}
