//! Folder names that hardly any server minds: what is tried once where a destination refuses a name as it is.

use crate::folder::FolderPath;

/// Signs that stay, besides letters, digits and everything beyond ASCII. What is missing here means something to IMAP
/// (`%`, `*`, `"`, `\`), to a namespace (`#`, `~`), to Gmail (`^`), or to the file system below some server.
const HARMLESS: &str = " !$&'()+,-.=@[]_{}";

/// This path with `_` for every sign that a server may refuse, and without spaces where Gmail refuses them.
/// A name that holds nothing of that kind comes back as it is.
pub fn harmless(path: &FolderPath) -> FolderPath {
    FolderPath::new(path.levels().iter().map(|level| harmless_level(level))).unwrap_or_else(|_| path.clone())
}

fn harmless_level(level: &str) -> String {
    let minds = |c: char| c.is_control() || (c.is_ascii() && !c.is_ascii_alphanumeric() && !HARMLESS.contains(c));
    let signs: String = level.chars().map(|c| if minds(c) { '_' } else { c }).collect();
    let words: Vec<&str> = signs.split(' ').filter(|word| !word.is_empty()).collect();
    let name = words.join(" ");
    // A leading dot hides a folder, or ends a level.
    match name.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None if name.is_empty() => "_".to_owned(),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> FolderPath {
        FolderPath::parse(text).expect("valid")
    }

    #[test]
    fn what_servers_refuse_is_substituted_and_the_rest_stays() {
        for (name, substitute) in [
            ("Kunden [a] 100% \"gut\"", "Kunden [a] 100_ _gut_"),
            ("Größe & Maß/日本語 😀", "Größe & Maß/日本語 😀"),
            ("a^b/ two  spaces ", "a_b/two spaces"),
            (".hidden/#shared", "_hidden/_shared"),
            ("*", "_"),
            ("  ", "_"),
        ] {
            assert_eq!(harmless(&path(name)), path(substitute), "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_harmless_name_stays_as_it_is(levels in prop::collection::vec("[^\u{0}]{1,12}", 1..4)) {
            let once = harmless(&FolderPath::new(levels.clone()).expect("no level is empty"));
            prop_assert_eq!(once.levels().len(), levels.len());
            prop_assert_eq!(harmless(&once), once);
        }
    }
}
