//! What a folder is for: RFC 6154 attributes, then XLIST attributes, then well-known names.

use serde::{Deserialize, Serialize};

/// A special use of a folder (RFC 6154 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpecialUse {
    /// Where new mail arrives.
    Inbox,
    /// Sent mail.
    Sent,
    /// Drafts.
    Drafts,
    /// Deleted mail.
    Trash,
    /// Spam.
    Junk,
    /// Archive.
    Archive,
    /// A view of all mail (Gmail).
    All,
    /// A view of flagged mail.
    Flagged,
    /// A view of important mail (RFC 8457).
    Important,
}

impl SpecialUse {
    /// The use that an attribute of LIST or XLIST names, if any.
    pub fn from_attribute(attribute: &str) -> Option<Self> {
        Some(match attribute.trim_start_matches('\\').to_ascii_lowercase().as_str() {
            "inbox" => Self::Inbox,
            "sent" => Self::Sent,
            "drafts" => Self::Drafts,
            "trash" => Self::Trash,
            "junk" | "spam" => Self::Junk,
            "archive" => Self::Archive,
            "all" | "allmail" => Self::All,
            "flagged" | "starred" => Self::Flagged,
            "important" => Self::Important,
            _ => return None,
        })
    }

    /// The use that a well-known name of a top-level folder suggests, in any language we know.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        NAMES.iter().find(|(_, names)| names.contains(&name.as_str())).map(|&(special_use, _)| special_use)
    }

    /// True for folders that only show messages which lie in other folders.
    pub fn is_view(self) -> bool {
        matches!(self, Self::All | Self::Flagged | Self::Important)
    }
}

/// Lower case. Collected from what providers and mail programs create.
const NAMES: &[(SpecialUse, &[&str])] = &[
    (SpecialUse::Inbox, &["inbox"]),
    (
        SpecialUse::Sent,
        &[
            "sent",
            "sent messages",
            "sent items",
            "sent mail",
            "gesendet",
            "gesendete elemente",
            "gesendete objekte",
            "éléments envoyés",
            "messages envoyés",
            "elementos enviados",
            "enviados",
            "posta inviata",
            "inviata",
            "elementy wysłane",
            "wysłane",
            "отправленные",
            "sendte elementer",
            "itens enviados",
        ],
    ),
    (SpecialUse::Junk, &["junk", "junk e-mail", "junk email", "spam", "спам", "bulk mail", "spamverdacht"]),
    (
        SpecialUse::Trash,
        &[
            "trash",
            "deleted items",
            "deleted messages",
            "papierkorb",
            "gelöschte elemente",
            "gelöschte objekte",
            "corbeille",
            "cestino",
            "kosz",
            "корзина",
            "papelera",
            "lixeira",
            "slettede elementer",
        ],
    ),
    (
        SpecialUse::Drafts,
        &[
            "drafts",
            "draft",
            "entwürfe",
            "brouillons",
            "bozze",
            "szkice",
            "черновики",
            "borradores",
            "rascunhos",
            "kladder",
            "utkast",
        ],
    ),
    (SpecialUse::Archive, &["archive", "archives", "archiv"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_and_names_of_many_languages_are_known() {
        assert_eq!(SpecialUse::from_attribute("\\Sent"), Some(SpecialUse::Sent));
        assert_eq!(SpecialUse::from_attribute("\\AllMail"), Some(SpecialUse::All));
        assert_eq!(SpecialUse::from_attribute("\\HasNoChildren"), None);
        for (name, special_use) in [
            ("Gesendete Objekte", SpecialUse::Sent),
            ("ÉLÉMENTS ENVOYÉS", SpecialUse::Sent),
            ("Спам", SpecialUse::Junk),
            ("Papierkorb", SpecialUse::Trash),
            ("Bozze", SpecialUse::Drafts),
        ] {
            assert_eq!(SpecialUse::from_name(name), Some(special_use), "{name}");
        }
        assert_eq!(SpecialUse::from_name("Projekte"), None);
    }
}
